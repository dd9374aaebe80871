"""The kind of error that is the rig's and not the test's: a cable, a supply, a board that no longer answers."""

from __future__ import annotations

from umail_host.errors import UserError


class RigFault(UserError):
    """The rig cannot run the test; it says nothing about what is tested.

    ``str(fault)`` is one sentence: what does not work, where, and what to look at.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, 3)
