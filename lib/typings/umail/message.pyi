from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol

from umail.attachment import Attachment

_Address = str | tuple[str, str] | list[str]
_Addresses = str | Iterable[_Address]
_Importance = Literal["high", "normal", "low"]
_Notify = Literal["never", "success", "failure", "delay"]
_Ret = Literal["full", "hdrs"]

def plain(value: object, limit: int = 64) -> bool: ...
def address(name: str, value: _Address) -> tuple[str, str]: ...

class _Encoded(Protocol):
    size: int | None
    body: Literal["7bit", "8bit", "binary"]
    dots: bool
    def chunks(self) -> Iterator[bytes | memoryview]: ...

class Message:
    sender: str
    recipients: list[str]
    author: tuple[str, str]
    to: list[tuple[str, str]]
    cc: Sequence[tuple[str, str]]
    bcc: Sequence[tuple[str, str]]
    reply_to: Sequence[tuple[str, str]]
    subject: str
    text: str | None
    html: str | None
    headers: list[tuple[str, str]]
    attachments: Sequence[Attachment]
    date: int | None
    message_id: str
    importance: _Importance | None
    notify: Sequence[_Notify]
    ret: _Ret | None
    smtputf8: bool
    def __init__(
        self,
        sender: _Address,
        to: _Addresses,
        subject: str,
        text: str | None = None,
        html: str | None = None,
        cc: _Addresses = (),
        bcc: _Addresses = (),
        reply_to: _Addresses | None = None,
        headers: Iterable[tuple[str, str]] = (),
        attachments: Sequence[Attachment] = (),
        date: int | None = None,
        message_id: str | None = None,
        importance: _Importance | None = None,
        notify: _Notify | Sequence[_Notify] = (),
        ret: _Ret | None = None,
    ) -> None: ...
    def stamp(self) -> None: ...
    def head(self) -> bytes: ...
    def encode(self, eightbit: bool = False, binary: bool = False, buffer: bytearray | None = None) -> _Encoded: ...
