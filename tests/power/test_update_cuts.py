"""Power cuts while an update is taken and taken back: afterwards the board has the old program, or the new one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from umail_host.update import bundle

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEY = bytes(range(32))


def cuts(interpreter: str, folder: Path, every: int, fault: str = "") -> dict[str, int]:
    """Run update_cuts.py; the counts, without what it printed of a fault that was built in."""
    space: dict[str, object] = {}
    # What the bundle holds is written once, in the program that runs on MicroPython.
    source = (HERE / "update_cuts.py").read_text(encoding="utf-8")
    begin, end = source.index("NEW = {"), source.index("OLD_SECRETS")
    exec(source[begin:end], space)
    files = space["NEW"]
    assert isinstance(files, dict)
    secrets = {"mail_password": "after", "oauth_secret": "first"}
    sealed = bundle.seal(KEY, "240ac4c0ffee", 1790000000, files, secrets)
    (folder / "bundle").write_bytes(sealed)
    done = subprocess.run(
        [interpreter, "-X", "heapsize=16m", HERE / "update_cuts.py", folder / "bundle", KEY.hex(), str(every), fault],
        env={**os.environ, "MICROPYPATH": f"{ROOT / 'firmware'}:{ROOT / 'lib'}:{HERE}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    if not fault:
        print("\n".join(lines[:-1]))
    assert lines[-1].startswith("{"), done.stdout[-2000:] + done.stderr
    counts: dict[str, int] = json.loads(lines[-1])
    return counts


def test_whatever_step_is_cut_the_board_has_the_old_program_whole_or_the_new_one(
    micropython: str, tmp_path: Path
) -> None:
    counts = cuts(micropython, tmp_path, 1)
    assert counts["tried"] > 300
    assert not counts["wrong"]


@pytest.mark.parametrize("fault", ["done_before_it_is", "nothing_is_written_first"])
def test_a_fault_that_somebody_might_write_is_found(micropython: str, tmp_path: Path, fault: str) -> None:
    assert cuts(micropython, tmp_path, 3, fault)["wrong"]
