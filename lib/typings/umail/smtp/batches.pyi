from collections.abc import Generator
from typing import Any

from umail.errors import MailError
from umail.message import Message
from umail.smtp.transaction import Receipt

class Part:
    sender: str
    recipients: list[str]
    smtputf8: bool
    message_id: str
    notify: Any
    ret: str | None
    encode: Any
    def __init__(self, message: Message, recipients: list[str]) -> None: ...

def rest(
    delivery: Any, message: Message, final: bool, outcome: Receipt | MailError
) -> Generator[Any, Any, Receipt]: ...
