"""umail on MicroPython against servers and proxies that the tests of CI do without: what it costs, what is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from real_servers import RealServer
from talking_device import RECIPIENT, TalkingDevice
from test_interop import TRAPS, lines, parsed

CLEAR = {"security": "plain", "username": None, "password": None, "trust": None}
OPEN = {"username": None, "password": None}


class Known(NamedTuple):
    """What docs/interop.md tells of one: how umail reaches it, round trips, what a wrong password is told as."""

    route: dict[str, Any]
    first: int
    further: int
    wrong: tuple[str, int] | None = ("configuration", 535)


KNOWN = {
    "stunnel": Known(OPEN, 4, 1, None),
    "HAProxy": Known({}, 5, 1),
    "OpenSMTPD": Known(CLEAR, 5, 4, None),
    "Courier": Known({}, 6, 2),
    "postscreen": Known(OPEN, 4, 1, None),
    "chasquid": Known({}, 6, 2),
    "go-smtp": Known({}, 6, 2, ("temporary", 454)),
    "maildev": Known({"security": "tls"}, 4, 2),
    "smtp-tester": Known(CLEAR, 3, 2, None),
    "mail-devel": Known({}, 8, 4),
    "maildump": Known(CLEAR, 5, 4, None),
    "proxsmtp": Known(CLEAR, 5, 4, None),
    "smtp-sink": Known(CLEAR, 3, 2, None),
    "python-slimta": Known({}, 6, 2),
}


@pytest.fixture
def device(server: RealServer, devices: Callable[[RealServer], TalkingDevice]) -> TalkingDevice:
    """The library on MicroPython, compiled and within 256 kB."""
    return devices(server)


@pytest.mark.timeout(200)
def test_mails_arrive_as_they_were(request: pytest.FixtureRequest, server: RealServer, device: TalkingDevice) -> None:
    known = KNOWN[server.name]
    options = {"timeout": 60}
    if server.name == "postscreen":
        # What it does with whom it has not met; umail leaves it to the caller to try again.
        (result,) = device.send({}, route=known.route, options=options)
        assert (result["kind"], result["code"], result["enhanced"]) == ("temporary", 450, "4.3.2"), result
    before = len(server.mails())
    texts = [text + "\n" for text in ("t", TRAPS, "Kühlraum ✓\n" + ".\n" * 900)]
    results = device.send(
        *({"text": text, "subject": f"{number}: Kühlraum, Halle 3, ist zu warm"} for number, text in enumerate(texts)),
        route=known.route,
        options=options,
    )
    assert [result.get("accepted") for result in results] == [[RECIPIENT]] * 3, results
    assert [result["round_trips"] for result in results[:2]] == [known.first, known.further], results
    arrived = [parsed(raw) for _, _, raw in server.mails(before + 3, 60)[before:]]
    arrived.sort(key=lambda mail: str(mail["Subject"]))
    for number, (text, mail) in enumerate(zip(texts, arrived, strict=True)):
        assert mail["Subject"] == f"{number}: Kühlraum, Halle 3, ist zu warm"
        content, wanted = lines(mail.get_payload(decode=True).decode()), lines(text)
        # What these show of a mail lacks its last line end, or has one more.
        if server.name in ("smtp-tester", "maildump", "smtp-sink"):
            content, wanted = content.rstrip(), wanted.rstrip()
        assert content == wanted
    request.node.told = f"{known.first} round trips, each further mail {known.further}"


@pytest.mark.timeout(200)
@pytest.mark.parametrize("server", [name for name, known in KNOWN.items() if known.wrong], indirect=True)
def test_a_wrong_password(request: pytest.FixtureRequest, server: RealServer, device: TalkingDevice) -> None:
    known = KNOWN[server.name]
    (result,) = device.send({}, route={**known.route, "password": "n0t-this-0ne"}, options={"timeout": 60})
    assert (result["stage"], (result["kind"], result["code"])) == ("auth", known.wrong), result
    assert "n0t-this-0ne" not in result["error"]
    request.node.told = f"{result['kind']}: {result['error'].partition('; ')[0][:70]}"


@pytest.mark.parametrize("server", ["go-smtp"], indirect=True)
def test_a_wrong_password_for_days(
    request: pytest.FixtureRequest, server: RealServer, device: TalkingDevice, tmp_path: Path
) -> None:
    before = len(server.mails())
    (first, told), after = device.waits(tmp_path, 7, lambda: None, "n0t-this-0ne")
    assert first[1:] == ["temporary", "auth", 454, 0]
    assert told[1:4] == ["temporary", "auth", 454]
    assert 3 * 3600 <= told[4] <= told[0] <= 4 * 3600
    assert [one[3] for one in after] == [250]
    (mail,) = [parsed(raw) for _, _, raw in server.mails(before + 1)[before:]]
    assert "For 3 hours no mail could be sent: auth: 454 4.7.0" in mail.get_content()
    request.node.told = f"454, told after {told[4] // 60} min; sent once the password was right"


@pytest.mark.parametrize("server", ["HAProxy"], indirect=True)
def test_nobody_behind_a_proxy(request: pytest.FixtureRequest, server: Any, device: TalkingDevice) -> None:
    (result,) = device.send({}, port=server.down_port, options={"timeout": 20})
    assert (result["stage"], result["kind"]) == ("greeting", "temporary"), result
    request.node.told = result["error"].partition("; ")[0][:70]


@pytest.mark.parametrize("server", ["go-smtp"], indirect=True)
def test_an_idle_close(request: pytest.FixtureRequest, server: RealServer, device: TalkingDevice) -> None:
    results = device.send({}, {"after": 3}, route=KNOWN[server.name].route)
    assert [result.get("accepted") for result in results] == [[RECIPIENT]] * 2, results
    request.node.told = "closed unasked after 2 s; the next mail opens another connection"
