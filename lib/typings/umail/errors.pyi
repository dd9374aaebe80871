from collections.abc import Sequence
from typing import Literal

from umail.smtp.session import Reply

_Kind = Literal["temporary", "permanent", "configuration", "security", "uncertain"]
_Stage = Literal["resolve", "connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "quit"]

class MailError(Exception):
    stage: _Stage
    kind: _Kind
    text: str
    code: int
    enhanced: str
    key: str
    refused: Sequence[tuple[str, Reply]]
    retry_after: int
    known: bool
    def __init__(
        self, stage: _Stage, kind: _Kind, text: str = "", code: int = 0, enhanced: str = "", key: str = ""
    ) -> None: ...
    def advice_in(self, language: str) -> str: ...
    @property
    def advice(self) -> str: ...
