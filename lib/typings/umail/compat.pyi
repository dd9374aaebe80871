from collections.abc import Callable, Sequence
from typing import Any

from umail.smtp.session import Receipt

class SMTP:
    username: str | None
    receipt: Receipt | None
    def __init__(
        self,
        host: str,
        port: int,
        ssl: bool = False,
        username: str | None = None,
        password: str | None = None,
        trust: str | bytes | Sequence[str | bytes] | None = None,
        timeout: float = 30,
        deadline: float = 120,
        tick: Callable[[], Any] | None = None,
    ) -> None: ...
    def login(self, username: str, password: str) -> tuple[int, list[str]]: ...
    def to(self, addrs: str | Sequence[str], mail_from: str | None = None) -> tuple[int, list[str]]: ...
    def write(self, content: str | bytes) -> None: ...
    def send(self, content: str | bytes = "") -> tuple[int, str]: ...
    def quit(self) -> None: ...
