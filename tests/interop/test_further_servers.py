"""umail against five more servers and proxies that others wrote: what each offers, what it costs, what it refuses."""

from __future__ import annotations

import random
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from real_servers import FURTHER, IDLE_S, SIZE_LIMIT, TOKEN, RealServer
from real_servers.nginx import Nginx
from talking_device import RECIPIENT, TalkingDevice
from test_interop import TRAPS, lines, parsed, refuse_some


class Known(NamedTuple):
    """What docs/interop.md tells of one server: its EHLO within TLS, before the login; round trips with STARTTLS; and
    how an unknown recipient is told: ``permanent`` where the reply opens with 5.1.1, else a person is asked."""

    offers: str
    first: int
    further: int
    unknown: str


KNOWN = {
    "haraka": Known("8BITMIME AUTH PIPELINING SIZE SMTPUTF8", 6, 2, "configuration"),
    "nginx": Known("8BITMIME AUTH CHUNKING ENHANCEDSTATUSCODES PIPELINING SIZE SMTPUTF8", 5, 1, "permanent"),
    "dovecot": Known("8BITMIME AUTH BURL CHUNKING ENHANCEDSTATUSCODES PIPELINING SIZE", 5, 1, "configuration"),
    "sendmail": Known(
        "8BITMIME AUTH DELIVERBY DSN ENHANCEDSTATUSCODES ETRN EXPN HELP PIPELINING SIZE VERB", 6, 2, "permanent"
    ),
    "qpsmtpd": Known("8BITMIME AUTH PIPELINING SIZE", 6, 2, "configuration"),
}


@pytest.fixture(params=list(FURTHER))
def server(request: pytest.FixtureRequest, servers: Callable[[str], RealServer]) -> RealServer:
    """Each of them."""
    return servers(request.param)


@pytest.fixture(params=["micropython", "micropython-aio", "cpython"])
def device(
    request: pytest.FixtureRequest, server: RealServer, devices: Callable[[str, RealServer], TalkingDevice]
) -> TalkingDevice:
    """The library on MicroPython, with either driver, and on CPython."""
    return devices(request.param, server)


def test_what_it_offers_is_what_the_page_tells(server: RealServer) -> None:
    with smtplib.SMTP("localhost", server.port, timeout=10) as plain:
        plain.starttls(context=ssl.create_default_context(cadata=server.ca_der))
        plain.ehlo()
        assert " ".join(sorted(plain.esmtp_features)).upper() == KNOWN[server.name].offers


def test_each_login_delivers(server: RealServer, device: TalkingDevice) -> None:
    ways = [("plain", server.port, {})]
    if server.login_only_port:
        ways += [("login", server.login_only_port, {})]
    if server.tls_port:
        ways += [("plain", server.tls_port, {"security": "tls"})]
    if server.token:
        ways += [("xoauth2", server.port, {"access_token": TOKEN})]
    for mechanism, port, route in ways:
        before, start = len(server.mails()), len(server.logged())
        (result,) = device.send({}, port=port, route=route)
        assert result.get("accepted") == [RECIPIENT], (mechanism, result)
        sender, recipients, raw = server.mails(before + 1)[-1]
        assert (sender, recipients) == (server.login[0], [RECIPIENT])
        assert parsed(raw)["Message-ID"] == result["message_id"]
        assert server.logged_in(mechanism, start)


def test_a_further_mail_on_the_open_connection_costs_no_login(server: RealServer, device: TalkingDevice) -> None:
    known, before, start = KNOWN[server.name], len(server.mails()), len(server.logged())
    results = device.send({}, {}, {})
    assert [result.get("round_trips") for result in results] == [known.first, known.further, known.further], results
    server.mails(before + 3)
    assert server.connections(start) == 1


@pytest.mark.parametrize("device", ["micropython", "micropython-aio"], indirect=True)
def test_one_mail_and_goodbye_is_accepted(server: RealServer, device: TalkingDevice) -> None:
    # Haraka answers 503 to a QUIT that comes in the segment of the last dot.
    before = len(server.mails())
    (result,) = device.send({}, one_shot=True)
    assert result.get("accepted") == [RECIPIENT], result
    server.mails(before + 1)


def test_a_wrong_password_or_token_is_told_as_one(server: RealServer, device: TalkingDevice) -> None:
    for route in [{"password": "n0t-this-0ne"}] + [{"access_token": "n0t-this-0ne"}] * bool(server.token):
        (result,) = device.send({}, route=route)
        assert (result["stage"], result["kind"], result["code"]) == ("auth", "configuration", 535), result
        assert "n0t-this-0ne" not in result["error"]


def test_refused_recipients_cost_the_others_nothing(server: RealServer, device: TalkingDevice) -> None:
    refuse_some(server, device, KNOWN[server.name].unknown)


@pytest.mark.parametrize("device", ["micropython", "cpython"], indirect=True)
def test_texts_and_files_arrive_as_they_were(server: RealServer, device: TalkingDevice, tmp_path: Path) -> None:
    path, before = tmp_path / "log.bin", len(server.mails())
    path.write_bytes(random.Random(1).randbytes(20_000))
    texts = [text + "\n" for text in ("t", TRAPS, TRAPS + "\nüñî ✓", ".\n" * 2200)]
    results = device.send(
        *({"text": text, "subject": str(number)} for number, text in enumerate(texts)),
        {"subject": "9", "attachments": [{"path": str(path), "as": "reader", "name": path.name}]},
    )
    assert [result.get("accepted") for result in results] == [[RECIPIENT]] * 5, results
    arrived = [parsed(raw) for _, _, raw in server.mails(before + 5)[before:]]
    arrived.sort(key=lambda mail: int(mail["Subject"]))
    for text, mail in zip(texts, arrived[:-1], strict=True):
        assert mail.get_payload(decode=True) == lines(text).encode()
    (part,) = arrived[-1].iter_attachments()
    assert (part.get_filename(), part.get_payload(decode=True)) == (path.name, path.read_bytes())


@pytest.mark.parametrize("device", ["micropython"], indirect=True)
def test_what_is_too_large_is_not_begun(server: RealServer, device: TalkingDevice, tmp_path: Path) -> None:
    path, before = tmp_path / "log.bin", len(server.mails())
    with path.open("wb") as file:
        file.truncate(SIZE_LIMIT)
    (result,) = device.send({"attachments": [{"path": str(path)}]})
    assert (result["stage"], result["kind"], result["key"], result["code"]) == ("mail", "permanent", "size", 0)
    assert len(server.mails()) == before


@pytest.mark.parametrize(
    ("server", "device"),
    [
        ("haraka", "micropython"),
        ("nginx", "micropython-aio"),
        ("dovecot", "micropython"),
        ("sendmail", "cpython"),
        ("qpsmtpd", "micropython"),
    ],
    indirect=True,
)
def test_after_an_idle_close_the_next_mail_opens_another(server: RealServer, device: TalkingDevice) -> None:
    start, before = len(server.logged()), len(server.mails())
    results = device.send({}, {"after": IDLE_S + 1})
    assert [result.get("accepted") for result in results] == [[RECIPIENT]] * 2, results
    server.mails(before + 2)
    assert server.connections(start) == 2


@pytest.mark.parametrize(("server", "device"), [("nginx", "micropython"), ("nginx", "cpython")], indirect=True)
def test_a_login_that_fails_for_now_without_end_is_told_after_three_hours(
    server: Nginx, device: TalkingDevice, tmp_path: Path
) -> None:
    # nginx answers AUTH with 451 4.3.2 while the service that knows the passwords is down. Nobody has to act; but a
    # person should know.
    before, server.auth.well = len(server.mails()), False
    try:
        failing, after = device.waits(tmp_path, 7, lambda: setattr(server.auth, "well", True))
    finally:
        server.auth.well = True
    assert {tuple(one[1:4]) for one in failing} == {("temporary", "auth", 451)}
    first, told = failing
    assert first[4] == 0
    assert 3 * 3600 <= told[4] <= told[0] <= 4 * 3600
    assert [one[3] for one in after] == [250]
    (mail,) = [parsed(raw) for _, _, raw in server.mails(before + 1)[before:]]
    assert "For 3 hours no mail could be sent: auth: 451 4.3.2" in mail.get_content()
