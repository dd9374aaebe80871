from collections.abc import Callable
from typing import Any

MINUTE: int
HOUR: int
DAY: int

class Storm:
    start: int
    window: int
    had: int
    held: int
    first: str
    def __init__(self, start: int, window: int, had: int, held: int, first: str) -> None: ...
    def dump(self) -> list[Any]: ...

class Policy:
    random: Callable[[], float]
    first: int
    ceiling: int
    life: int
    rest: int
    doubt: int
    doubts: int
    limits: tuple[tuple[int, int], tuple[int, int]]
    window: int
    widest: int
    per_hour: int
    until: int
    fails: int
    why: str
    began: int
    told: bool
    refused: tuple[str, int]
    paid: list[int]
    hour: tuple[int, int]
    keys: dict[str, Storm]
    def __init__(
        self,
        random: Callable[[], float],
        first: int = 20,
        ceiling: int = 900,
        life: int = 432000,
        rest: int = 21600,
        doubt: int = 600,
        doubts: int = 3,
        per_minute: int = 10,
        per_day: int = 300,
        window: int = 900,
        widest: int = 14400,
        per_hour: int = 20,
    ) -> None: ...
    def load(self, state: dict[str, Any]) -> None: ...
    def dump(self) -> dict[str, Any]: ...
    def bound(self, now: int) -> None: ...
    def spread(self, seconds: int) -> int: ...
    def pause(self, fails: int, ceiling: int = 0) -> int: ...
    def failed(
        self,
        now: int,
        error: Any,
        attempts: int,
        doubts: int,
        age: int,
        least: int = 0,
        mail: int = 0,
        known: bool = False,
    ) -> tuple[str, int]: ...
    def longer(self, fails: int, rest: int = 0) -> int: ...
    def lasting(self, now: int, stage: str) -> int: ...
    def worked(self) -> None: ...
    def wait(self, now: int) -> int: ...
    def spend(self, now: int, recipients: int) -> None: ...
    def begin(self, key: str, message_id: str) -> None: ...
    def admit(self, now: int, key: str | None, recovery: bool, urgent: bool) -> tuple[int, str | None]: ...
