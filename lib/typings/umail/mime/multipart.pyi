from collections.abc import Iterator
from typing import Any

from umail.message import Message

class Body:
    size: int | None
    body: str
    dots: bool
    def __init__(self, pieces: list[Any], need: int, buffer: bytearray | None) -> None: ...
    def chunks(self) -> Iterator[memoryview]: ...

def parameter(name: bytes, value: str) -> list[bytes]: ...
def encode(message: Message, eightbit: bool, raw: bool, buffer: bytearray | None) -> Body: ...
