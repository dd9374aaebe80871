"""Says which board has which update: what was published for it, and what it says of itself in its signed mails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from umail_host.fleet import health
from umail_host.fleet.status import Status
from umail_host.provision.fleet import Fleet
from umail_host.update import record

# Nothing was published; it has what was; it has not been heard of since; it was, and has another.
NONE, RUNS, WAITS, OTHER = "nothing published", "runs", "waits", "has another"


@dataclass(frozen=True)
class Row:
    """One board: its state, the numbers that were published and that it has (0: none), when it was heard of last."""

    board: str
    name: str
    state: str
    published: int = 0
    has: int = 0
    seen: int = 0

    def cells(self, moment: Callable[[int], str]) -> tuple[str, ...]:
        """Return the cells of the table."""
        numbers = (str(self.published or ""), str(self.has or ""))
        return (self.name or self.board, self.state, *numbers, moment(self.seen) if self.seen else "never")

    def as_json(self) -> Mapping[str, Any]:
        """Return it for JSON; times are Unix seconds."""
        return {
            "board": self.board,
            "name": self.name,
            "state": self.state,
            "published": self.published,
            "has": self.has,
            "seen": self.seen,
        }


def rows(fleet: Fleet, said: Iterable[Status]) -> list[Row]:
    """Return a row for each board of the file, those first that do not run what was published.

    Raises:
        UserError: a board has no id, or the record of what was published is damaged.
    """
    published, latest = record.load(fleet.path), {status.board: status for status in said}
    found = []
    for board, name in health.names(fleet).items():
        was, status = published.get(board), latest.get(board)
        has, seen = (status.update, status.at) if status else (0, 0)
        if was is None:
            state = NONE
        elif has == was.version:
            state = RUNS
        else:
            state = OTHER if seen > was.at else WAITS
        found.append(Row(board, name, state, was.version if was else 0, has, seen))
    return sorted(found, key=lambda row: ((OTHER, WAITS, NONE, RUNS).index(row.state), row.name, row.board))
