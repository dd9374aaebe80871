"""A wake of a board on battery that has nothing to do stays cheap, counted in instructions."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def wake(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import wake

    yield wake
    sys.modules.pop("wake")


def test_a_quiet_wake_reads_and_sleeps_without_the_library(wake, micropython: str, tmp_path: Path) -> None:
    board = wake.flash(wake.ROOT, tmp_path / "flash")
    first = wake.run(micropython, board, "power-on").stdout
    assert "started by power-on" in first
    assert "asleep 599000" in first
    (board / "lib" / "umail").rename(tmp_path / "gone")
    again = wake.run(micropython, board, "deep-sleep").stdout
    assert "0.5 V" in again
    assert "asleep 599000" in again


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="apt install valgrind")
def test_a_quiet_wake_takes_no_more_instructions_than_it_did(wake, micropython: str, tmp_path: Path) -> None:
    count, console = wake.instructions(micropython, wake.flash(wake.ROOT, tmp_path / "flash"))
    assert "started by deep sleep" in console
    # 34.7 million at 62eb206.
    assert count <= wake.GOAL, f"{count:,}"
