"""A command is refused: the reply to it, raised from wherever the check fails."""

from __future__ import annotations


class Refused(Exception):
    """``reply`` is a key of the profile's replies, or a template; ``values`` fill its places."""

    def __init__(self, reply: str, **values: str) -> None:
        super().__init__(reply)
        self.reply = reply
        self.values = values
