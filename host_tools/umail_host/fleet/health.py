"""Judges how boards are by what they said last: who is silent, whose battery ends, what expires, who differs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from umail_host.errors import UserError
from umail_host.fleet.keys import plain
from umail_host.fleet.status import Odd, Status
from umail_host.fleet.store import Store
from umail_host.provision.fleet import Fleet

DAY = 86400
# A board may find its network or its provider down when a heartbeat is due; it tries again within hours.
GRACE = 6 * 3600
# Of one lithium cell; a configuration may say otherwise.
EMPTY_MV = 3300
SOON = 14 * DAY
_EXPIRES = 30 * DAY
# A battery's trend is that of this many seconds, with at least this many days in it, of one level a day.
_TREND = 45 * DAY
_TREND_DAYS = 5
OK, SILENT, NEVER = "ok", "silent", "never seen"


@dataclass(frozen=True)
class Row:
    """One board: its name in the file or by itself, its state, and what it said last (None: nothing)."""

    board: str
    name: str
    state: str
    said: Status | None = None
    empty: int | None = None  # seconds until its battery is, by its trend
    differs: bool = False  # from the version that most have

    def expiring(self, now: int) -> list[tuple[str, int]]:
        """Return what ends within 30 days, and when."""
        return [(name, end) for name, end in (self.said.expires if self.said else ()) if end - now < _EXPIRES]


def rows(store: Store, fleet: Fleet | None, now: int, grace: int = GRACE, empty: int = EMPTY_MV) -> list[Row]:
    """Return a row for each board of the file, or without one for each that was ever seen.

    Args:
        now: Unix seconds.
        grace: seconds after a heartbeat was due at which a board is silent.
        empty: mV at which a battery is.
    """
    said = {status.board: status for status in store.boards()}
    named = names(fleet) if fleet else {board: status.name for board, status in said.items()}
    common = usual(said[board].version for board in named if board in said)
    found = []
    for board, name in named.items():
        status = said.get(board)
        state = NEVER if status is None else OK
        if status is not None and status.due is not None and now > status.due + grace:
            state = SILENT
        battery = left(store.batteries(board, now - _TREND), empty, now) if status and status.battery else None
        differs = status is not None and status.version != common
        found.append(Row(board, name or (status.name if status else ""), state, status, battery, differs))
    return sorted(found, key=lambda row: (row.state == OK, row.name, row.board))


def names(fleet: Fleet) -> dict[str, str]:
    """Return the names of the boards of a file by their ids.

    Raises:
        UserError: one has no id.
    """
    found = {}
    for board in fleet.boards:
        if "id" not in board:
            raise UserError(f"{fleet.path}: {fleet.name(board) or 'a [[board]]'} has no id: see umail boards --probe")
        found[plain(board["id"])] = fleet.name(board)
    return found


def usual(values: Iterable[str]) -> str:
    """Return what most have; of as many the highest."""
    counted = Counter(values)
    return max(counted, key=lambda value: (counted[value], value), default="")


def left(levels: list[tuple[int, int]], empty: int, now: int) -> int | None:
    """Return the seconds until a battery is empty by its trend; 0: it is; None: it is not falling, or not known long.

    The trend is the median of the slopes between any two days (Theil and Sen): a cold night or a wrong reading does not
    move it. What was before the battery was last charged or changed does not count.

    Args:
        levels: (Unix seconds, mV), oldest first.
    """
    days: dict[int, list[int]] = {}
    for at, level in levels:
        days.setdefault(at // DAY, []).append(level)
    points = [(day, statistics.median(found)) for day, found in days.items()]
    for at in range(len(points) - 1, 0, -1):
        if points[at][1] - points[at - 1][1] > 150:
            points = points[at:]
            break
    if not points:
        return None
    # The level of the middle one of the last three days.
    latest = statistics.median(level for _, level in points[-3:])
    if latest <= empty:
        return 0
    if len(points) < _TREND_DAYS:
        return None
    slope = statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2))
    if slope >= 0:
        return None
    end = points[-2][0] * DAY + DAY // 2 + int((latest - empty) / -slope * DAY)
    return max(0, end - now)


def report(found: Sequence[Row], odd: Sequence[tuple[Odd, int, int]], now: int) -> dict[str, Any]:
    """Return all of it as ``--json`` and the page's API have it; ``odd`` are the headers that did not count."""
    ignored = [{"kind": what.kind, "id": what.board, "count": count, "last": last} for what, count, last in odd]
    return {"now": now, "boards": [as_json(row) for row in found], "not_counted": ignored}


def as_json(row: Row) -> Mapping[str, Any]:
    """Return a row as ``--json`` has it."""
    said = row.said
    told: dict[str, Any] = {"id": row.board, "name": row.name, "state": row.state, "differs": row.differs}
    if said is None:
        return told
    return told | {
        "calls_itself": said.name,
        "last_seen": said.at,
        "due": said.due,
        "version": said.version,
        "config": said.config,
        "update": said.update,
        "uptime": said.uptime,
        "cause": said.cause,
        "battery_mv": said.battery,
        "battery_empty_in": row.empty,
        "rssi": said.signal,
        "heap": said.heap,
        "flash": said.flash,
        "waiting": said.waiting,
        "given_up": said.dead,
        "alerts": list(said.alerts),
        "expires": [{"name": name, "at": end} for name, end in said.expires],
        "refusal": said.refusal,
    }
