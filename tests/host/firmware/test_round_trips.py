"""What a board on battery asks its network for before an alert is accepted: counted, and no more than promised."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import trips

    yield trips
    for name in ("trips", "wake"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN"])
def test_after_a_sleep_a_mail_asks_neither_dhcp_nor_dns_nor_for_the_time(
    trips, micropython: str, tmp_path: Path, mechanism: str
) -> None:
    cold, warm, console = trips.count(micropython, trips.wake.ROOT, tmp_path / "flash", mechanism)
    print(mechanism, "after power-on:", dict(cold), "after a sleep:", dict(warm))
    assert set(warm) == {"association", "TCP", "TLS", "SMTP"}, console
    assert sum(warm.values()) <= trips.GOALS[mechanism], console
    assert (cold["DHCP"], cold["DNS"], cold["NTP"]) == (2, 1, 0), console
    # The time is asked for once, after the first mail.
    assert console.count("step NTP") == 1


def test_a_token_is_fetched_once_in_a_wake_by_one_request_and_the_mail_takes_what_it_takes_with_plain(
    trips, micropython: str, tmp_path: Path
) -> None:
    _, warm, console = trips.count(micropython, trips.wake.ROOT, tmp_path / "flash", "XOAUTH2")
    print("XOAUTH2 after a sleep:", dict(warm))
    token = {"DNS": 1, "TCP": 1, "TLS": 2, "HTTP": 1}
    assert set(warm) == {"association", "SMTP", *token}, console
    assert sum(warm.values()) - sum(token.values()) <= trips.GOALS["XOAUTH2"], console


def test_an_answer_of_dns_that_is_over_is_asked_for_again(trips, micropython: str, tmp_path: Path, monkeypatch) -> None:
    usual = trips.name_server
    monkeypatch.setattr(trips, "name_server", lambda: usual(0))
    _, warm, console = trips.count(micropython, trips.wake.ROOT, tmp_path / "flash", "PLAIN")
    assert (warm["DNS"], warm["DHCP"]) == (1, 0), console
