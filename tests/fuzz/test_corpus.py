"""Saved entries, and some made of them from a fixed seed, break no promise of the core on either interpreter."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fuzz import entries, one, targets
from fuzz.mutate import mutations
from fuzz.traces import trace
from fuzz.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
# How many are made for each target: together a few seconds.
FRESH = {"replies": 500, "dialogue": 1500, "names": 4000, "tokens": 3000, "files": 5000, "messages": 800}
COMPARED = {"replies": 100, "dialogue": 300, "names": 500, "tokens": 300, "files": 300}


class Json:
    """What ``umail.net.http`` reads answers with, which keeps how far a trace had come when one was not JSON."""

    def __init__(self, so_far: list[bytes]) -> None:
        self.so_far = so_far
        self.broken: list[int] = []

    def loads(self, data: bytes) -> object:
        try:
            return json.loads(data)
        except ValueError:
            self.broken.append(len(self.so_far))
            raise


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as entered:
        yield entered


def some(target: str, fresh: int, seed: int = 1) -> list[bytes]:
    saved = entries.load(target)
    return saved + list(itertools.islice(mutations(saved, seed), fresh))


@pytest.mark.parametrize("target", one.TARGETS)
def test_saved_entries_and_fresh_ones_break_no_promise(world: World, target: str) -> None:
    for entry in some(target, FRESH[target]):
        try:
            one.run(world, target, entry)
        except Exception as error:
            error.add_note(f"{target}: {entries.written(entry)}")
            raise


def test_micropython_and_cpython_do_the_same_octet_for_octet(
    world: World, micropython: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [(target, entry) for target in targets.TARGETS for entry in some(target, COMPARED[target], 2)]
    listed = tmp_path / "entries"
    listed.write_text("".join([f"{target} {entry.hex()}\n" for target, entry in cases]), encoding="ascii")
    path = ":".join([str(ROOT / "lib"), str(ROOT / "tests"), ".frozen"])
    done = subprocess.run(
        [micropython, "-X", "heapsize=4m", str(ROOT / "tests" / "fuzz" / "traces.py"), str(listed)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "MICROPYPATH": path},
        check=False,
    )
    assert not done.stderr, done.stderr
    theirs = [found.split() for found in done.stdout.split(".\n")[:-1]]
    assert len(theirs) == len(cases), done.stdout[-500:]
    for (target, entry), lines in zip(cases, theirs, strict=True):
        ours: list[bytes] = []
        read = Json(ours)
        monkeypatch.setattr(sys.modules["umail.net.http"], "json", read)
        trace(world, target, entry, ours.append)
        wanted = [b"" if line == "-" else bytes.fromhex(line) for line in lines]
        if read.broken:
            # MicroPython reads some bytes as JSON that are none, as `1null`: up to there they are to be alike.
            ours = ours[: read.broken[0]]
            wanted = wanted[: len(ours)]
        assert ours == wanted, f"{target}: {entries.written(entry)}"


@pytest.mark.parametrize("target", one.TARGETS)
def test_a_saved_entry_is_written_as_it_is_read(target: str) -> None:
    saved = entries.load(target)
    assert saved
    assert [entries.read(entries.written(entry)) for entry in saved] == saved
    assert len(set(saved)) == len(saved)
