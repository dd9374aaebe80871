from typing import Protocol

class _Reader(Protocol):
    def readinto(self, buffer: memoryview, /) -> int | None: ...

class Attachment:
    source: str | bytes | bytearray | memoryview | _Reader
    name: str
    type: str
    cid: str | None
    def __init__(
        self,
        source: str | bytes | bytearray | memoryview | _Reader,
        name: str | None = None,
        type: str | None = None,
        cid: str | None = None,
    ) -> None: ...
    def size(self) -> int | None: ...
    def open(self) -> _Reader: ...
