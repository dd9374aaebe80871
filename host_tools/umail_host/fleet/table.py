"""Shows boards as a table on a terminal; every text in it comes from outside."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len

from umail_host import terminal
from umail_host.fleet.health import OK, SOON, Row
from umail_host.fleet.status import Odd

_HEAD = ("board", "state", "last seen", "due", "version", "battery", "Wi-Fi", "waits", "to know")
_ODD = {
    "damaged": "with a status that is damaged",
    "newer": "with a status of a newer umail, which this one does not count: install that",
    "foreign": "of a board whose key is not here",
    "unsigned": "with a status that is not signed",
    "forged": "with a status signed by another key",
    "replayed": "with a status that another mail had before",
}


def lines(rows: Sequence[Row], now: int) -> list[str]:
    """Return the lines of the table."""
    return columns([_HEAD, *(_cells(row, now) for row in rows)])


def view(rows: Sequence[Row], found: Sequence[tuple[Odd, int, int]], now: int) -> dict[str, Any]:
    """Return the table and what stands below it for a page: the same texts, without what steers whoever shows them."""
    return {
        "head": list(_HEAD),
        "rows": [{"state": row.state, "cells": [_clean(cell) for cell in _cells(row, now)]} for row in rows],
        "odd": [_clean(line) for line in odd(found)],
        "summary": summary(rows),
    }


def summary(rows: Sequence[Row]) -> str:
    """Return how many boards there are, and how many are not."""
    return f"{terminal.count(len(rows), 'board')}, {missing(rows)} silent or never seen"


def missing(rows: Sequence[Row]) -> int:
    """Return how many boards are silent or were never seen."""
    return sum(row.state != OK for row in rows)


def columns(table: Sequence[Sequence[str]]) -> list[str]:
    """Return a table of texts as lines, each column as wide as its longest; nothing in it steers a terminal."""
    clean = [[_clean(cell) for cell in row] for row in table]
    widths = [max(cell_len(row[at]) for row in clean) for at in range(len(clean[0]))]
    return [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in clean
    ]


def _clean(text: str) -> str:
    return terminal.printable(text).replace("\t", " ")


def odd(found: Sequence[tuple[Odd, int, int]]) -> list[str]:
    """Return a line for each kind of header that does not count, and whose it claims to be."""
    told = []
    for what, count, last in found:
        whose = f", id {what.board}" if what.board else ""
        mails = terminal.count(count, "mail")
        told.append(f"does not count: {mails} {_ODD.get(what.kind, what.kind)}{whose}; the last {moment(last)}")
    return told


def _cells(row: Row, now: int) -> tuple[str, ...]:
    said = row.said
    name = row.name or row.board
    if said is None:
        return (name, row.state, "", "", "", "", "", "", "")
    battery = f"{said.battery / 1000:.2f} V" if said.battery is not None else ""
    if row.empty is not None and row.empty < SOON:
        battery += " (empty)" if not row.empty else f" ({terminal.days(row.empty)} left)"
    signal = f"{said.signal} dBm" if said.signal is not None else ""
    waits = str(said.waiting) + (f", {said.dead} given up" if said.dead else "")
    due = moment(said.due) if said.due is not None else "no heartbeat"
    version = said.version + (" (differs)" if row.differs else "")
    return (name, row.state, moment(said.at), due, version, battery, signal, waits, "; ".join(_to_know(row, now)))


def _to_know(row: Row, now: int) -> list[str]:
    said = row.said
    assert said is not None
    told = [f"alert: {name}" for name in said.alerts]
    for name, end in row.expiring(now):
        told.append(f"{name} has expired" if end <= now else f"{name} expires in {terminal.days(end - now)}")
    if said.refusal:
        told.append(f"refused: {said.refusal}")
    if said.name != row.name and row.name:
        told.append(f"calls itself {said.name}")
    return told


def moment(unix: int) -> str:
    """Return a time as ``2026-11-28 14:05``, in this computer's zone."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix))
    except (OverflowError, ValueError, OSError):
        return "?"
