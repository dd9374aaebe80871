"""The bench's page: ratios, promises kept and missed, and how to get what is not here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import measure
    import run

    yield SimpleNamespace(run=run, Row=measure.Row)
    for name in ("run", "measure", "clients"):
        sys.modules.pop(name)


def test_a_row_has_its_ratio_to_the_best_of_the_others_and_says_whether_the_promise_is_kept(bench):
    met = bench.Row("trips", "round trips", 5, {"umail": 5, "smtplib": 9, "curl": 10, "swaks": "no XOAUTH2"})
    missed = bench.Row("flash", "octets", 12_000, {"umail": 13_100, "uMail": 1868})
    alone = bench.Row("heap", "kB", 0, {"umail": 30})
    nobody = SimpleNamespace(missing=[SimpleNamespace(name="msmtp", get="apt install msmtp")], peer=None)
    text = bench.run.page([met, missed, alone], nobody)
    lines = text.splitlines()
    assert "| figure | goal | umail | uMail | smtplib | curl | swaks | ratio | |" in lines
    assert "| trips (round trips) | 5 | 5 | – | 9 | 10 | – | 1.80 | met |" in lines
    assert "| flash (octets) | 12,000 | 13,100 | 1,868 | – | – | – | 0.14 | missed by 10% |" in lines
    assert "| heap (kB) |  | 30 | – | – | – | – | – |  |" in lines
    assert "- No figure for swaks: no XOAUTH2 (trips)." in lines
    assert "- Not measured: msmtp (apt install msmtp)." in lines
    assert "- Not measured: uMail (`UMAIL=path/to/umail.py make bench`)." in lines
