"""Power cuts while an update changes MicroPython and the ROMFS: afterwards all of it is old, or all of it is new."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def cuts(interpreter: str, every: int, fault: str = "") -> dict[str, int]:
    """Run flash_cuts.py; the counts."""
    done = subprocess.run(
        [interpreter, "-X", "heapsize=16m", HERE / "flash_cuts.py", str(every), fault],
        env={**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:{ROOT / 'lib'}:{HERE}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    assert lines[-1].startswith("{"), done.stdout[-2000:] + done.stderr
    if not fault:
        print("\n".join(lines[:-1]))
    counts: dict[str, int] = json.loads(lines[-1])
    return counts


def test_whatever_step_is_cut_files_romfs_and_micropython_are_all_old_or_all_new(micropython: str) -> None:
    counts = cuts(micropython, 1)
    assert counts["tried"] > 150
    assert not counts["wrong"]


@pytest.mark.parametrize("fault", ["back_without_the_romfs", "never_marked"])
def test_a_fault_that_somebody_might_write_is_found(micropython: str, fault: str) -> None:
    assert cuts(micropython, 1, fault)["wrong"]
