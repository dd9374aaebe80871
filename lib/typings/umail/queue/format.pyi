from collections.abc import Iterable
from typing import Any, Literal

MOST_LINES: int

class Entry:
    number: int
    length: int
    size: int
    ending: str
    state: Literal["pending", "deferred", "sending", "uncertain", "dead"]
    until: int
    since: int
    tried: int
    attempts: int
    doubts: int
    turn: int
    slot: int
    date: int | None
    left: list[str] | None
    gone: list[list[str]]
    people: list[str] | None
    why: str
    priority: int
    group: str | None
    more: int
    asked: bool
    def __init__(self, number: int, length: int) -> None: ...
    @property
    def name(self) -> str: ...
    def describe(self, head: list[Any]) -> bytes: ...
    def reserve(self, people: int) -> None: ...
    def line(self, now: int, date: int | None, turn: int) -> bytes: ...
    def take(self, octets: bytes) -> tuple[list[Any], tuple[int, int | None]] | tuple[()] | None: ...
    def check(self, now: int, date: int | None) -> None: ...
    def know(self, people: Iterable[str]) -> None: ...

def recipients(people: list[list[list[str]]]) -> list[str]: ...
