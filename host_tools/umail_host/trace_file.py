"""Reads a recording with the board's own reader, and says before a board is started what the board could not read."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from itertools import pairwise

from umail_host import files, firmware_rules
from umail_host.errors import UserError

Row = tuple[int, float | None, str]


def rows(octets: bytes, name: str, column: str = "", zone: str = "UTC0") -> list[Row]:
    """All rows of a CSV file: Unix seconds, the value, or why there is none.

    Args:
        name: what a sentence calls the file; column: that of the values, if there are more than two; zone: of its
            times.

    Raises:
        UserError: it is not text, has no row, not one column of values, no number there, or a time that is not one.
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
        hint = "" if "columns" in str(error) or column else ", such as 2026-11-24 12:00:00,21.5"
        more = f"; its last line is {text[-1][:30]!r}" if hint and text else ""
        raise UserError(f"{error}{hint}{more}") from None
    table: list[Row] = list(iter(found.next, None))
    if all(value is None for _, value, _ in table):
        raise UserError(f"the trace {name} has no numeric value; in its first row, {table[0][2]}")
    if found.comma and found.point:
        raise UserError(
            f"the trace {name} has numbers with a decimal comma and others with a point before three digits: write all "
            "without a point between thousands"
        )
    for (before, *_), (after, *_) in pairwise(table):
        # An hour that comes twice in autumn is not a mistake.
        if after < before - 7200:
            first, second = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC" for at in (before, after))
            raise UserError(f"the trace {name} goes back from {first} to {second}: sort its rows, the oldest first")
    return table
