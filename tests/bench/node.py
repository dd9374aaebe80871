"""What the alert node costs as a whole: a wake with nothing due, the heap while it waits, round trips after a sleep."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import measure
import smallest
import trips
import waiting
import wake
from measure import Bench, Row


def rows(bench: Bench) -> Iterator[Row]:
    """Each figure of the node, beside what it was at ``measure.BEFORE``."""
    before = wake.before(measure.BEFORE, bench.folder / "node before")
    yield _quiet(bench, before)
    yield from _waiting(bench, before)
    for mechanism, goal in trips.GOALS.items():
        _, warm, _ = trips.count(bench.micropython, wake.ROOT, bench.folder / f"trips {mechanism}", mechanism)
        name = f"alert node, from a wake to the final 250, {mechanism}"
        yield Row(name, "round trips", goal, {"umail": sum(warm.values())})
    yield _smallest(bench, before)


def _quiet(bench: Bench, before: Path | None) -> Row:
    row = Row("alert node on battery, a wake with nothing due", "M instructions", wake.GOAL / 1e6)
    if shutil.which("valgrind") is None:
        row.values["umail"] = "apt install valgrind"
        return row
    for name, source in (("umail", wake.ROOT), (measure.BEFORE, before)):
        if source:
            board = wake.flash(source, bench.folder / f"quiet {name}")
            row.values[name] = wake.instructions(bench.micropython, board)[0] / 1e6
    return row


def _smallest(bench: Bench, before: Path | None) -> Row:
    row = Row("smallest heap (64-bit), alert node that reads and mails its first alert", "kB")
    for name, source in (("umail", wake.ROOT), (measure.BEFORE, before)):
        if source:
            row.values[name] = smallest.smallest(bench.micropython, source, bench.folder / f"smallest {name}")
    found = row.values.get(measure.BEFORE)
    row.goal = 0.7 * found if isinstance(found, int | float) else 0
    return row


def _waiting(bench: Bench, before: Path | None) -> Iterator[Row]:
    for words, micropython in bench.interpreters.items():
        for state, when in (("new", ""), ("mailed", ", after a mail")):
            row = Row(f"alert node with three sensors ({words}), heap in use while it waits{when}", "kB")
            for name, source, config in (
                ("umail", wake.ROOT, waiting.THREE),
                (measure.BEFORE, before, waiting.ONE),
            ):
                if source:
                    folder = bench.folder / f"waiting {words} {state} {name}"
                    row.values[name] = waiting.in_use(micropython, source, folder, config, state)[0] / 1000
            # No more than one with one sensor took.
            found = row.values.get(measure.BEFORE)
            row.goal = found if isinstance(found, int | float) else 0
            yield row
