"""umail against real mail servers, from both interpreters and with both drivers; what it did is read in their logs."""

from __future__ import annotations

import email
import email.policy
import random
import re
import socket
from email.message import EmailMessage
from pathlib import Path

import pytest
from real_servers import SIZE_LIMIT, TOKEN, Postfix, RealServer
from talking_device import RECIPIENT, TalkingDevice

# Ends of lines and dots that end a message for some server; commands, and what mailboxes take for the start of a mail.
TRAPS = (
    ".\n..\n...\n.\r\nMAIL FROM:<smuggled@example.org>\n\n.\r\r\n\n.\rlone\n\r.\r\rFrom the start\nFrom: x\n"
    "\n\n.\nRCPT TO:<x@example.org>\nDATA\nBDAT 5 LAST\nQUIT\n."
)


def parsed(raw: bytes) -> EmailMessage:
    """The mail as a reader sees it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def lines(text: str) -> str:
    """With every kind of line end become the one that arrives."""
    return re.sub("\r\n|\r|\n", "\r\n", text)


def test_each_login_over_starttls_and_implicit_tls(server: RealServer, device: TalkingDevice) -> None:
    ways = [("plain", server.port, {}), ("login", server.login_only_port, {})]
    ways += [("plain", server.tls_port, {"security": "tls"})]
    if server.token:
        ways += [("xoauth2", server.port, {"access_token": TOKEN})]
        ways += [("xoauth2", server.tls_port, {"access_token": TOKEN, "security": "tls"})]
    for mechanism, port, route in ways:
        before, start = len(server.mails()), server.mark()
        (result,) = device.send({}, port=port, route=route, one_shot=True)
        assert result.get("accepted") == [RECIPIENT], (mechanism, result)
        sender, recipients, raw = server.mails(before + 1)[-1]
        assert (sender, recipients) == (server.login[0], [RECIPIENT])
        assert server.logged_in(mechanism, start)
        assert parsed(raw)["Message-ID"] == result["message_id"]


def test_a_wrong_password_or_token_is_told_as_one(server: RealServer, device: TalkingDevice) -> None:
    wrong = [(server.port, {"password": "wrong"}), (server.login_only_port, {"password": "wrong"})]
    if server.token:
        wrong.append((server.port, {"access_token": "wrong"}))
    for port, route in wrong:
        (result,) = device.send({}, port=port, route=route)
        assert (result["stage"], result["kind"], result["code"]) == ("auth", "configuration", 535), result


def test_a_short_mail_takes_one_flight_where_the_server_allows_it(server: RealServer, device: TalkingDevice) -> None:
    start, before = server.mark(), len(server.mails())
    people = ["ops@example.org", "refused@example.org"]
    (result,) = device.send({"to": people}, port=server.traced_port, one_shot=True)
    assert (result["accepted"], result["refused"]) == (people[:1], [[people[1], 550]])
    assert server.mails(before + 1)[-1][1] == people[:1]
    name = server.name
    assert server.pipelined(start) == (name != "aiosmtpd")
    assert server.chunked(start) == (name in ("postfix", "exim"))
    # EHLO, STARTTLS, EHLO and AUTH; then all at once, or DATA's reply awaited, or a reply awaited for each command.
    assert result["round_trips"] == {"postfix": 5, "exim": 5, "smtp-server": 6, "aiosmtpd": 9}[name]
    if isinstance(server, Postfix):
        # Of these the first two came before TLS.
        assert server.turns(start) == result["round_trips"] - 2


def test_a_further_mail_costs_no_login(server: RealServer, device: TalkingDevice) -> None:
    # docs/interop.md tells these.
    first, further = {"postfix": (5, 1), "exim": (5, 1), "aiosmtpd": (8, 4), "smtp-server": (6, 2)}[server.name]
    before = len(server.mails())
    results = device.send({}, {}, {})
    assert [result["round_trips"] for result in results] == [first, further, further]
    # Mails that are still on their way would be taken for the next test's.
    server.mails(before + 3)


def refuse_some(server: RealServer, device: TalkingDevice, unknown: str = "permanent") -> None:
    """Four mails to recipients of whom some are refused, which is of no consequence to the others.

    Args:
        unknown: kind of the failure if the only recipient is refused by 550.
    """
    before = len(server.mails())
    refused, later = "refused@example.org", "later@example.org"
    some, none, not_now, all_of_them = device.send(
        {"to": [later, "one@example.org", refused, "two@example.org"], "subject": "some"},
        {"to": [refused], "subject": "none"},
        {"to": [later], "subject": "not now"},
        {"to": ["one@example.org"], "subject": "all"},
    )
    assert some["accepted"] == ["one@example.org", "two@example.org"]
    assert some["refused"] == [[later, 450], [refused, 550]]
    assert (none["stage"], none["kind"], none["code"]) == ("rcpt", unknown, 550)
    assert (not_now["stage"], not_now["kind"], not_now["code"]) == ("rcpt", "temporary", 450)
    assert all_of_them["accepted"] == ["one@example.org"]
    arrived = server.mails(before + 2)[before:]
    # Sendmail delivers in processes of their own: the later mail may be there first.
    assert sorted((str(parsed(raw)["Subject"]), sorted(people)) for _, people, raw in arrived) == [
        ("all", ["one@example.org"]),
        ("some", ["one@example.org", "two@example.org"]),
    ]


def test_refused_recipients_cost_the_others_nothing(server: RealServer, device: TalkingDevice) -> None:
    start = server.mark()
    refuse_some(server, device)
    # If nobody gets it, Exim answers 503 to BDAT, as if it knew no chunks. The connection is given up then.
    assert server.connections(start) == (3 if server.name == "exim" else 1)


def test_texts_arrive_as_they_were_on_one_connection(server: RealServer, device: TalkingDevice) -> None:
    start, before = server.mark(), len(server.mails())
    texts = ["t", TRAPS, TRAPS.replace("MAIL FROM", "x").replace("DATA", "x").replace("BDAT", "x")]
    texts += [text + "\nüñî ✓" for text in texts] + [".\n" * 2200, "✓" * 1500, TRAPS * 25]
    texts = [text + "\n" for text in texts]
    results = device.send(*({"text": text, "subject": str(number)} for number, text in enumerate(texts)))
    assert [result.get("accepted") for result in results] == [[RECIPIENT]] * len(texts), results
    arrived = [parsed(raw) for _, _, raw in server.mails(before + len(texts))[before:]]
    arrived.sort(key=lambda mail: int(mail["Subject"]))
    for text, mail in zip(texts, arrived, strict=True):
        assert mail.get_payload(decode=True) == lines(text).encode()
    assert server.connections(start) == 1


def test_addresses_that_are_not_ascii(server: RealServer, device: TalkingDevice) -> None:
    before = len(server.mails())
    sender, recipient = "müller@bücher.example", "мария@почта.example"
    message = {"sender": sender, "to": [("Мария", recipient)], "subject": "Grüße ✓", "text": "Größe ✓"}
    (result,) = device.send(message, one_shot=True)
    assert result.get("accepted") == [recipient], result
    arrived = server.mails(before + 1)[-1]
    assert arrived[:2] == (sender, [recipient])
    mail = parsed(arrived[2])
    assert (mail["Subject"], mail["To"], mail["From"]) == ("Grüße ✓", f"Мария <{recipient}>", sender)
    assert mail.get_payload(decode=True) == "Größe ✓\r\n".encode()


def test_what_is_too_large_is_not_begun(server: RealServer, device: TalkingDevice, tmp_path: Path) -> None:
    start, before = server.mark(), len(server.mails())
    path = tmp_path / "log.bin"
    with path.open("wb") as file:
        file.truncate(SIZE_LIMIT)
    (result,) = device.send({"attachments": [{"path": str(path)}]})
    assert (result["stage"], result["kind"], result["key"], result["code"]) == ("mail", "permanent", "size", 0)
    assert not server.asked_for_mail(start)
    assert len(server.mails()) == before


def attach(server: RealServer, device: TalkingDevice, path: Path, kind: str) -> None:
    """Send this file; it arrives byte for byte."""
    before = len(server.mails())
    (result,) = device.send({"attachments": [{"path": str(path), "as": kind, "name": path.name}]}, one_shot=True)
    assert result.get("accepted") == [RECIPIENT], result
    (part,) = parsed(server.mails(before + 1)[-1][2]).iter_attachments()
    assert part.get_filename() == path.name
    assert part.get_payload(decode=True) == path.read_bytes()


def test_an_attachment_of_unknown_length(server: RealServer, device: TalkingDevice, tmp_path: Path) -> None:
    path = tmp_path / "log.bin"
    path.write_bytes(random.Random(1).randbytes(100_000))
    start = server.mark()
    attach(server, device, path, "reader")
    assert server.chunked(start) == (server.name in ("postfix", "exim"))


@pytest.fixture(scope="module")
def five_megabytes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of them."""
    path = tmp_path_factory.mktemp("large") / "log.bin"
    path.write_bytes(random.Random(2).randbytes(5_000_000))
    return path


@pytest.mark.parametrize("device", ["micropython"], indirect=True)
def test_five_megabytes(server: RealServer, device: TalkingDevice, five_megabytes: Path) -> None:
    attach(server, device, five_megabytes, "path")


@pytest.mark.parametrize(("server", "device"), [("exim", "micropython-aio")], indirect=True)
def test_five_megabytes_under_asyncio(server: RealServer, device: TalkingDevice, five_megabytes: Path) -> None:
    attach(server, device, five_megabytes, "path")


@pytest.mark.parametrize("server", ["exim"], indirect=True)
def test_exim_catches_who_speaks_out_of_turn(server: RealServer) -> None:
    # So that its taking all of the above means something.
    assert "synchronization error" not in server.logged()
    with socket.create_connection(("127.0.0.1", server.port), 5) as rude:
        lines = rude.makefile("rb")
        lines.readline()
        rude.sendall(b"EHLO rude.example\r\nMAIL FROM:<rude@example.org>\r\n")
        assert lines.readline().startswith(b"554")
    server.waits_for("synchronization error")
