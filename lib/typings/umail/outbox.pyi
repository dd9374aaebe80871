from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from umail.errors import MailError
from umail.message import Message
from umail.policy import Policy
from umail.queue.format import Entry
from umail.queue.notes import Notes
from umail.queue.spool import Spool
from umail.route import Route
from umail.smtp.session import Receipt

_Routes = Route | Sequence[Route] | None

class Outbox:
    policy: Policy
    route: _Routes
    most_bytes: int
    most: int
    timeout: float
    deadline: float
    tick: Callable[[], object] | None
    report: Callable[[Message, Receipt | MailError], object] | None
    heartbeat: Callable[[], Message] | None
    every: int
    expires: Iterable[tuple[str, int]]
    config: str | None
    uptime: Callable[[], float]
    date: Callable[[], int | None]
    current: Entry | None
    busy: bool
    entries: list[Entry]
    spool: Spool
    notes: Notes
    beat: int
    hosts: list[str]
    keep: Callable[..., Any] | None
    before_send: Callable[[Message], object] | None
    stuck: list[str]
    late: int
    unwritten: bool
    unread: Entry | None
    def __init__(
        self,
        path: str,
        route: _Routes,
        policy: Policy | None = None,
        most_bytes: int = 131072,
        most: int = 50,
        timeout: float = 30,
        deadline: float = 120,
        tick: Callable[[], object] | None = None,
        report: Callable[[Message, Receipt | MailError], object] | None = None,
        heartbeat: Callable[[], Message] | None = None,
        every: int = 604800,
        expires: Iterable[tuple[str, int]] = (),
        config: str | None = "",
        slept: int = 0,
        uptime: Callable[[], float] | None = None,
        date: Callable[[], int | None] | None = None,
        keep: Callable[..., Any] | None = None,
    ) -> None: ...
    def close(self) -> None: ...
    def begin(self, time: int, behind: tuple[int, int] | None) -> None: ...
    def remember(self) -> None: ...
    def look_again(self) -> None: ...
    def settle(self) -> bool: ...
    def now(self) -> int: ...
    def save(self) -> bool: ...
    def tell(self) -> bool: ...
    def store(self, entry: Entry) -> None: ...
    def remove(self, entry: Entry) -> None: ...
    def doubt(self, entry: Entry) -> None: ...
    def bury(self, entry: Entry) -> None: ...
    def put(
        self, message: Message, key: str | None = None, priority: int = 1, recovery: bool = False, copy: bool = True
    ) -> Entry | None: ...
    def write(
        self,
        message: Message,
        group: str | None,
        priority: int,
        until: int,
        more: int,
        since: int,
        copy: bool = True,
    ) -> Entry: ...
    def flush(self, budget: float | None = None) -> int: ...
    def flushing(self, budget: float | None = None) -> Generator[Any, Any, int]: ...
    def wait(self) -> int | None: ...
    def pending(self) -> list[Entry]: ...
    def dead(self) -> list[Entry]: ...
    def read(self, entry: Entry) -> Message | None: ...
    def retry(self, entry: Entry | None = None) -> None: ...
    def purge(self, entry: Entry | None = None) -> None: ...
