from collections.abc import Callable
from typing import Any

MINUTE: int
HOUR: int
DAY: int

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
    paid: list[int]
    hour: list[int]
    keys: dict[str, list[Any]]
    def __init__(
        self,
        random: Callable[[], float],
        first: int = 20,
        ceiling: int = 1800,
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
    def load(self, state: list[Any]) -> None: ...
    def dump(self) -> list[Any]: ...
    def spread(self, seconds: int) -> int: ...
    def pause(self, fails: int) -> int: ...
    def failed(self, now: int, error: Any, attempts: int, doubts: int, age: int, least: int = 0) -> tuple[str, int]: ...
    def worked(self) -> None: ...
    def wait(self, now: int) -> int: ...
    def spend(self, now: int, recipients: int) -> None: ...
    def admit(self, now: int, key: str | None, recovery: bool, urgent: bool) -> tuple[int, str | None]: ...
