"""The readings of a summary, and the log beside them, wear the flash by less than 1% a year on LittleFS."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Erasures that a block of NOR flash bears; so many days are run, more than the month after which files are as large as
# they get. Lines of log an hour: two alerts with their recoveries and Message-IDs in each two hours.
CYCLES, DAYS, LINES = 100_000, 40, 4


@pytest.mark.parametrize(
    ("values", "blocks", "free"),
    [(1, 512, 300), (3, 512, 300), (12, 512, 300), (3, 212, 120)],
    ids=["one", "three", "twelve", "three on a Pico W"],
)
def test_less_than_a_hundredth_of_the_flash_wears_in_a_year(
    micropython: str, values: int, blocks: int, free: int
) -> None:
    path = os.pathsep.join(str(ROOT / folder) for folder in ("firmware", "lib")) + os.pathsep + ".frozen"
    script = ROOT / "tests" / "support" / "history_wear.py"
    command = [micropython, "-X", "heapsize=16m", str(script), *map(str, (values, LINES, blocks, free, DAYS))]
    done = subprocess.run(command, env={**os.environ, "MICROPYPATH": path}, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    a_year = found["block"] * 365 / DAYS
    assert a_year < CYCLES / 100, found
    assert found["size"] <= 32768 * values
