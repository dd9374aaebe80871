"""What a board on battery asks its network for before an alert is accepted: counted, and no more than promised."""

from __future__ import annotations

import json
import re
import sys
from binascii import crc32
from collections.abc import Callable
from pathlib import Path

import pytest

from umail import durable
from umail_host.fake_smtp import FakeServer

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import trips

    yield trips
    for name in ("trips", "wake"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN", "XOAUTH2"])
def test_after_a_sleep_a_mail_asks_neither_dhcp_nor_dns_nor_for_the_time(
    trips, micropython: str, tmp_path: Path, mechanism: str
) -> None:
    cold, warm, console = trips.count(micropython, trips.wake.ROOT, tmp_path / "flash", mechanism)
    print(mechanism, "after power-on:", dict(cold), "after a sleep:", dict(warm))
    assert set(warm) == {"association", "TCP", "TLS", "SMTP"}, console
    assert sum(warm.values()) <= trips.GOALS[mechanism], console
    # (A token is fetched from a host of its own.)
    assert (cold["DHCP"], cold["DNS"], cold["NTP"]) == (2, 1 + cold["HTTP"], 0), console
    # The time is asked for once, after the first mail.
    assert console.count("step NTP") == 1


def kept(board: Path) -> str:
    """The access token in the secret store of ``board``, "" if there is none."""
    secrets = json.loads((board / "secrets.json").read_bytes()[:-9])
    return str(durable.unseal(secrets["access_now"].encode())[3]) if secrets.get("access_now") else ""


def test_a_kept_token_that_is_refused_is_replaced_by_one_new_one(trips, micropython: str, tmp_path: Path) -> None:
    tokens = []

    def forget(server: FakeServer, board: Path) -> None:
        tokens.append(kept(board))
        server.tokens.clear()

    cold, warm, console = trips.count(micropython, trips.wake.ROOT, tmp_path / "flash", "XOAUTH2", forget)
    assert cold["HTTP"] == 1, console
    # The mail server twice, the token endpoint once between the two.
    assert (warm["TCP"], warm["DNS"]) == (3, 1), console
    tokens.append(kept(tmp_path / "flash"))
    assert tokens[0]
    assert tokens[1] not in ("", tokens[0])
    assert not [token for token in tokens if token in console or token in (tmp_path / "flash" / "log.txt").read_text()]


def other_mailbox(board: Path) -> None:
    path = board / "config.json"
    config = json.loads(path.read_text())
    config["mail"]["username"] = "other@contoso.com"
    path.write_text(json.dumps(config))


def other_scope(board: Path) -> None:
    path = board / "config.json"
    config = json.loads(path.read_text())
    config["mail"]["oauth"]["scope"] = "https://outlook.office.com/.default"
    path.write_text(json.dumps(config))


def damage(board: Path) -> None:
    path = board / "secrets.json"
    secrets = json.loads(path.read_bytes()[:-9])
    secrets["access_now"] = secrets["access_now"].replace("x", "y").replace("A", "B")
    text = json.dumps(secrets).encode()
    path.write_bytes(text + b"\n%08x" % crc32(text))


def no_time_server_for_a_day(board: Path) -> None:
    path = board / "rtc.bin"
    path.write_bytes(re.sub(rb'"time": \[[^]]*\]', b'"time": [0, 0, 0]', path.read_bytes()))


@pytest.mark.parametrize("change", [other_mailbox, other_scope, damage, no_time_server_for_a_day])
def test_a_kept_token_in_doubt_is_fetched_anew(
    trips, micropython: str, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    _, warm, console = trips.count(
        micropython, trips.wake.ROOT, tmp_path / "flash", "XOAUTH2", lambda server, board: change(board)
    )
    assert (warm["TCP"], warm["HTTP"], warm["DNS"]) == (2, 1, 1), console


def test_an_answer_of_dns_that_is_over_is_asked_for_again(trips, micropython: str, tmp_path: Path, monkeypatch) -> None:
    usual = trips.name_server
    monkeypatch.setattr(trips, "name_server", lambda: usual(0))
    _, warm, console = trips.count(micropython, trips.wake.ROOT, tmp_path / "flash", "PLAIN")
    assert (warm["DNS"], warm["DHCP"]) == (1, 0), console
