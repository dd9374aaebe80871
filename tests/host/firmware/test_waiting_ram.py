"""What an alert node with three sensors takes of the heap while it waits stays near what it took with one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
# Bytes with 64-bit words; at 62eb206, with one sensor: 117,984, after a mail 117,920.
MOST = {"new": 100_500, "mailed": 117_900}

ONCE = ("assemble", "ntp", "config", "config_parts", "mailer", "mail_setup", "routes", "secrets", "sntp")


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import waiting

    yield waiting
    for name in ("waiting", "wake"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("state", MOST)
def test_a_node_that_waits_takes_no_more_heap_than_it_did(
    waiting, micropython: str, tmp_path: Path, state: str
) -> None:
    used, modules = waiting.in_use(micropython, waiting.wake.ROOT, tmp_path / "flash", waiting.THREE, state)
    assert used <= MOST[state], f"{used:,}"
    # Neither the library nor what was needed once.
    assert not {name for name in modules if name.split(".")[0] == "umail"}
    assert not modules & {f"alertnode.{name}" for name in ONCE}
