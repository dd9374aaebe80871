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
    for name in ("run", "measure", "clients", "receiving", "receivers"):
        sys.modules.pop(name, None)


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


def test_the_page_of_receiving_says_of_each_ratio_whether_it_is_what_was_promised(bench):
    import receiving

    met = receiving.Figure("memory", "kB", 80_000, 170_000, "MailDev", 0.5)
    slow = receiving.Figure("accepted mails", "mails/s", 70, 100, "MailDev", 0.8, least=True)
    lines = receiving.page([met, slow], ["MailDev's page (no Chromium)"]).splitlines()
    assert "| memory (kB) | 80,000 | MailDev 170,000 | 0.47 | ≤ 0.5 | met |" in lines
    assert "| accepted mails (mails/s) | 70 | MailDev 100 | 0.70 | ≥ 0.8 | missed |" in lines
    assert lines[-1] == "- Not measured: MailDev's page (no Chromium)."
