"""Boards in the field: their keys, how they say they are, where their mails arrive, and who is silent."""
