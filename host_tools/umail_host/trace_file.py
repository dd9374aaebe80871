"""Reads a recording with the board's own reader, and says before a board is started what the board could not read."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from umail_host import files, firmware_rules
from umail_host.errors import UserError

Row = tuple[int, float | None, str]
# Columns that say whose a row is, in exports of Home Assistant, InfluxDB, Grafana and loggers with several probes.
_WHOSE = frozenset(
    ("channel", "device", "device_id", "entity", "entity_id", "field", "host", "location", "measurement", "metric")
    + ("name", "place", "probe", "room", "sensor", "sensor_id", "series", "table", "topic")
)
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}|\d\.? ?[A-Za-z]{3,9}\.? ?\d{2}")
_COMMA = ": if a comma is the decimal one, put semicolons between the cells"
_READ = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")


def rows(octets: bytes, name: str, column: str = "", zone: str = "UTC0", by: str = "sensor.column") -> list[Row]:
    """Return all rows of a CSV file: Unix seconds, the value, or why there is none.

    Args:
        name: what a sentence calls the file; column: that of the values, if there are more than two; zone: of its
            times; by: what a person gives the column's name by.

    Raises:
        UserError: it is not text, has no row, not one column of values, no number there, a time that is not one, rows
            of several sensors, or rows that are not in the order of time.
    """
    text = files.text(octets, f"the trace {name}").splitlines()
    reader = firmware_rules.module("sensors.rows")

    def refuse(line: int) -> None:
        raise UserError(
            f"the trace {name}, line {line}, begins with {text[line - 1][:30]!r}, which is not a time: "
            "write it as 2026-11-24 12:03:10 or in Unix seconds, or remove the line"
        )

    try:
        found = reader.Rows(io.BytesIO(octets), name, firmware_rules.module("zone").Zone(zone), refuse, column)
    except ValueError as error:
        raise UserError(f"{error}{_remedy(str(error), text, by)}") from None
    _check_whose(name, text, found.separator, column)
    table: list[Row] = list(iter(found.next, None))
    if all(value is None for _, value, _ in table):
        raise UserError(f"the trace {name} has no numeric value; in its first row, {table[0][2]}{_number(table[0][2])}")
    if found.comma and found.point:
        raise UserError(
            f"the trace {name} has numbers with a decimal comma and others with a point before three digits: write all "
            "without a point between thousands"
        )
    _check_order(name, [at for at, *_ in table])
    return table


def _remedy(error: str, text: list[str], by: str) -> str:
    """Return what to do about the reader's refusal of a whole file."""
    if "say which" in error:
        return f"; give it by {by}" + (_COMMA.replace(":", ";", 1) if "must hold" in error else "")
    if "column" in error:
        return ""
    shown = text[-1][:30] if text else ""
    last = f"; its last line is {shown!r}" if text else ""
    if _DATE.search(shown) and not _READ.match(shown):
        last += ", whose time is not written as 2026-11-24 12:00:00 or 24.11.2026 12:00:00"
    return f", such as 2026-11-24 12:00:00,21.5{last}"


def _number(why: str) -> str:
    """Return what to do about a cell that is not a number."""
    if "cells" in why:
        return _COMMA
    return ": write numbers alone, as -4.1, without a unit or a mark between thousands" if "says" in why else ""


def _check_whose(name: str, text: list[str], separator: str, column: str) -> None:
    split = firmware_rules.module("sensors.rows").split
    table = [split(line, separator) for line in text] if column else []
    head: list[str] = next((row for row in table if column in row), [])
    below = [row for row in table[table.index(head) + 1 :] if len(row) == len(head) and row != head] if head else []
    for i, title in enumerate(head):
        if title != column and title.lower().lstrip("_") in _WHOSE:
            whose = dict.fromkeys(row[i] for row in below if row[0][:1] != "#")
            if len(whose) > 1:
                several = ", ".join(list(whose)[:3])
                raise UserError(
                    f'the trace {name} has rows of several sensors ({several}) in its column "{title}": keep those of '
                    "one, and give each sensor a file of its own"
                )


def _check_order(name: str, times: Sequence[int]) -> None:
    steps = [after - before for before, after in pairwise(times)]
    if len(times) > 1 and len(set(times)) == 1:
        raise UserError(
            f"the trace {name} has all rows at one time, {_shown(times[0])}: remove its columns of times that are not "
            "those of the readings"
        )
    for latest, at in zip(accumulate(times, max), times, strict=True):
        # An hour that comes twice in autumn is not a mistake.
        if at < latest - 7200:
            raise UserError(
                f"the trace {name} goes back from {_shown(latest)} to {_shown(at)}: sort its rows, the oldest first"
            )
    if sum(step < 0 for step in steps) > sum(step > 0 for step in steps):
        raise UserError(
            f"the trace {name} goes back from {_shown(times[0])}, its newest row: sort its rows, the oldest first"
        )


def _shown(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
