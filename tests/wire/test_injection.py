"""Nothing that an argument holds becomes a command, a header, a recipient or a second mail.

Every public argument is tried with what injects and smuggles elsewhere (injection_cases.py). What arrives is one mail
with what was given, or the argument is refused before anything was said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_dns import FakeDns
from injection_cases import (
    COMPAT,
    FEW,
    FREE,
    FUNCTIONS,
    LOGINS,
    LONG,
    OAUTH,
    ROUTES,
    STRICT,
    WORDS,
    build_route,
    cases,
    payload,
)
from injection_judge import envelope, judge, route_taken, taken
from wire_device import PASSWORD, USER, Device

from umail_host.fake_oauth import FakeOAuth, TokenService
from umail_host.fake_smtp import FakeServer

# Where a case is called otherwise than the argument.
ARGUMENTS = {
    "text and html": ("text", "html"),
    "header": ("headers",),
    "file": ("source", "name", "type", "cid"),
    "inline": ("name",),
}
PROGRAM = Path(__file__).with_name("injection_program.py")


def attempt(device: Device, server: Any, run: str, tried: list[str], tls: bool = False, **job: Any) -> list[Any]:
    """What became of each case."""
    # A mail of 11 kB is made and kept whole here.
    device.command = ["heapsize=1m" if word.startswith("heapsize=") else word for word in device.command]
    route = {"host": "localhost", "port": server.port, "security": "plain"}
    if tls:
        device.trust.write_bytes(server.ca_der)
        route.update(security="starttls", trust=str(device.trust))
    return device.run({"run": run, "cases": tried, "route": route, "password": PASSWORD, **job}, program=PROGRAM)


def verbs(octets: bytes) -> str:
    """The commands that a client gave, as a server reads them that keeps to RFC 5321 and RFC 3030."""
    found = []
    while octets:
        line, end, octets = octets.partition(b"\r\n")
        assert end
        assert not re.search(rb"[\r\n\0]", line)
        found.append(line.split(b" ")[0].decode())
        if found[-1] == "BDAT":
            octets = octets[int(line.split(b" ")[1]) :]
        elif found[-1] == "DATA":
            octets = (b"\r\n" + octets).partition(b"\r\n.\r\n")[2]
    return " ".join(found)


def octets(server: FakeServer, direction: str) -> dict[int, bytes]:
    """What went that way, by connection."""
    found: dict[int, bytes] = {}
    for segment in server.raw_capture:
        if segment.direction == direction:
            found[segment.connection] = found.get(segment.connection, b"") + segment.data
    return found


def check(server: FakeServer, tried: list[str], results: list[dict[str, Any]]) -> None:
    """Each case was taken or refused as it should, and what was taken arrived as it was given."""
    assert len(results) == len(tried)
    assert [case for case, result in zip(tried, results, strict=True) if ("accepted" in result) != taken(case)] == []
    # A refusal comes before a connection, from the argument that it names.
    for case, result in zip(tried, results, strict=True):
        if "accepted" not in result:
            place = case.partition("/")[0].partition(",")[0]
            # CPython has words of its own for half a surrogate pair.
            half = "\ud83d" in payload(case.partition("/")[2]) and "codec" in result["refused"]
            assert result["refused"] in ARGUMENTS.get(place, (place,)) or half, (case, result)
    sent = [case for case in tried if taken(case)]
    assert len(server.sessions) == len(server.inbox.deliveries) == len(sent)
    client, answers = octets(server, "C"), octets(server, "S")
    for number, (case, delivery) in enumerate(zip(sent, server.inbox.deliveries, strict=True), 1):
        assert delivery.connection == number
        sender, people = envelope(case)
        assert (delivery.sender, delivery.recipients) == (sender, people), case
        said = verbs(client[number])
        assert re.fullmatch(rf"EHLO MAIL( RCPT){{{len(people)}}}( DATA|( BDAT){{1,2}})( QUIT)?", said), (case, said)
        replies = re.findall(rb"(?m)^\d\d\d ", answers[number])
        assert len(replies) == len(said.split()) + 1 + said.count("DATA"), case
        judge(case, delivery.content, binary=delivery.envelope.body == "BINARYMIME")


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        *(("micropython", FREE), ("micropython", WORDS), ("micropython-aio", FREE), ("micropython-aio", STRICT)),
        *(("cpython", STRICT), ("cpython", FREE), ("cpython-aio", WORDS)),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
    indirect=["device"],
)
def test_every_argument_of_a_message_is_sent_as_it_is_or_refused(device, serve, kind):
    server = serve("generic", settle=0)
    tried = cases(place for place in kind if place != "file, path")
    check(server, tried, attempt(device, server, "by_message", tried))


@pytest.mark.parametrize("device", ["micropython", "cpython"], indirect=True)
@pytest.mark.parametrize(
    "switches", [{"chunking": False, "binarymime": False}, {"pipelining": False}, {"eightbit": False}], ids=str
)
def test_texts_arrive_as_they_are_by_every_way_of_sending(device, serve, switches):
    server = serve("generic", settle=0, **switches)
    tried = cases(["text", "text and html"])
    check(server, tried, attempt(device, server, "by_message", tried))


@pytest.fixture
def resolver() -> Iterator[FakeDns]:
    """DNS that knows no name."""
    with FakeDns({}) as fake:
        yield fake


def log_in(server: FakeServer, tried: list[str]) -> None:
    """The server knows the login of each case that is to be taken."""
    for case in tried:
        arguments = build_route(case)
        if not route_taken(case):
            continue
        if "token" in arguments:
            server.accept_token(arguments["token"], arguments["username"])
        elif "username" in arguments:
            server.policy.mailboxes[arguments["username"]] = arguments.get("password", PASSWORD)


@pytest.mark.parametrize("device", ["micropython", "cpython-aio"], indirect=True)
def test_a_login_reaches_the_server_as_it_is_or_is_refused(device, serve):
    server = serve("generic", settle=0)
    tried = cases(LOGINS)
    log_in(server, tried)
    results = attempt(device, server, "by_route", tried, tls=True)
    assert [c for c, result in zip(tried, results, strict=True) if ("accepted" in result) != route_taken(c)] == []
    # A token is asked for when it is needed, yet before a connection; the rest is refused when the route is made.
    for case, result in zip(tried, results, strict=True):
        if not route_taken(case):
            place = case.partition("/")[0]
            wrong = {"stage": "auth", "kind": "configuration", "key": "configuration"}
            assert result == (wrong if place == "token" else {"refused": place})
    sent = [case for case in tried if route_taken(case)]
    users = [build_route(case)["username"] for case in sent]
    assert [session.user for session in server.sessions] == users
    assert len(server.inbox.deliveries) == len(sent)


@pytest.mark.parametrize("device", ["micropython-aio", "cpython"], indirect=True)
def test_a_routes_other_arguments_are_used_as_they_are_or_refused(device, serve, resolver):
    server = serve("generic", settle=0, mailboxes={USER: PASSWORD})
    tried = [case for case in cases(ROUTES) if not case.startswith("host/") or not case.endswith("encoded word")]
    tried += cases(FUNCTIONS, FEW)
    log_in(server, tried)
    results = attempt(device, server, "by_route", tried, tls=True, dns=[resolver.address])
    sent = []
    for case, result in zip(tried, results, strict=True):
        place = case.partition("/")[0]
        if route_taken(case):
            sent.append(case)
            assert result.get("accepted") == 1, (case, result)
        elif place in ("trust", "certificate"):
            assert result == {"stage": "starttls", "kind": "configuration", "key": "cert_file"}, case
        elif "refused" not in result:
            assert place in ("host", "direct_send, host", "direct_send, domain", "relay, domain"), (case, result)
            assert (result["stage"], result["kind"]) == ("resolve", "configuration")
    assert [delivery.sender for delivery in server.inbox.deliveries] == [
        build_route(case).get("sender", USER) for case in sent
    ]
    names = [build_route(case).get("ehlo") for case in sent]
    greeted = [server.sessions[delivery.connection - 1].ehlo for delivery in server.inbox.deliveries]
    assert [got for got, name in zip(greeted, names, strict=True) if got != name and name] == []
    # Nobody but those that were to be taken, and those whose certificates could not be read, got so far as to connect.
    spoken = [case for case in tried if case.startswith(("trust/", "certificate/"))]
    assert len(server.sessions) == len(sent) + len(spoken)
    # Of names, only those that are some were asked for: with a dot at their end.
    assert {name for name, _, _ in resolver.asked} == {"contoso.com", "mx.example"}


@pytest.mark.parametrize("device", ["micropython-aio", "cpython"], indirect=True)
def test_what_waits_in_the_outbox_is_sent_as_it_was_put(device, serve, tmp_path):
    server = serve("generic", settle=0)
    tried = cases(["text", "file"]) + cases([*FREE, *WORDS], FEW)
    *results, count = attempt(device, server, "by_outbox", tried, whole=True, path=str(tmp_path / "outbox"))
    assert [case for case, result in zip(tried, results, strict=True) if ("accepted" in result) != taken(case)] == []
    sent = [case for case in tried if taken(case)]
    assert count == len(server.inbox.deliveries) == len(sent)
    for case, delivery in zip(sent, server.inbox.deliveries, strict=True):
        assert (delivery.sender, delivery.recipients) == envelope(case)
        judge(case, delivery.content, binary=delivery.envelope.body == "BINARYMIME")


@pytest.mark.parametrize("device", ["micropython", "cpython"], indirect=True)
def test_what_is_written_to_umails_class_stays_one_mail(device, serve):
    server = serve("generic", settle=0)
    tried = cases(COMPAT)
    results = attempt(device, server, "by_compat", tried, tls=True, whole=True)
    sent = []
    for case, result in zip(tried, results, strict=True):
        place, _, name = case.partition("/")
        text = payload(name)
        if "accepted" in result:
            sent.append(text)
        # A NUL, and lines of more than 998 bytes, cannot be in a mail as they are.
        as_it_is = "\0" not in text and name not in LONG and place not in ("to", "mail_from")
        assert ("accepted" in result) == as_it_is or "\ud83d" in text, (case, result)
    assert len(server.inbox.deliveries) == len(sent)
    for text, delivery in zip(sent, server.inbox.deliveries, strict=True):
        assert (delivery.sender, delivery.recipients) == (USER, ["ops@contoso.com"])
        head, _, body = delivery.content.partition(b"\r\n\r\n")
        assert b"Bcc" not in head
        given = text.encode("utf-8", "surrogatepass").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        assert body.rstrip(b"\r\n") == given.replace(b"\n", b"\r\n").rstrip(b"\r\n")
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", delivery.content)
    # What no mail came of, nobody saw the end of.
    assert sum(session.messages for session in server.sessions) == len(sent)


class Recorder(TokenService):
    """Keeps what was asked, and gives a token for anything."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, str]]] = []

    def answer(self, path, form):
        self.asked.append((path, dict(form)))
        return 200, {"access_token": "token", "expires_in": 3600}


@pytest.mark.parametrize("device", ["micropython", "cpython"], indirect=True)
def test_what_a_token_is_asked_with_stays_one_form(device, serve):
    service = Recorder()
    with FakeOAuth(service=service) as endpoint:
        tried = cases(OAUTH, FEW)
        results = attempt(device, endpoint, "by_oauth", tried, tls=True)
    plain = {"client_id": "board", "client_secret": "secret", "scope": "all", "grant_type": "client_credentials"}
    expected = []
    for case, result in zip(tried, results, strict=True):
        place, _, name = case.partition("/")
        text = payload(name)
        kinds = {unicodedata.category(character) for character in text}
        fine = (text.replace(".", "").isalnum() and text.isascii()) or text == "."
        if not (fine if place in ("tenant", "client_id") else not kinds & {"Cc", "Cs"}):
            assert "refused" in result, (case, result)
            continue
        assert "accepted" in result, (case, result)
        form = {**plain, place: text}
        path = f"/{form.pop('tenant', 'contoso.com')}/oauth2/v2.0/token"
        if place == "refresh_token":
            form["grant_type"] = "refresh_token"
        expected.append((path, form))
    assert service.asked == expected
