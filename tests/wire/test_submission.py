"""A mail by submission, over real sockets and real TLS, from both interpreters against the fake Microsoft 365."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from wire_device import PASSWORD, USER

from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.tls import Authority

Serve = Callable[..., FakeServer]


def leaks(server: FakeServer) -> list[str]:
    """The forms of the password that stood on the wire in clear."""
    octets = server.raw_capture.octets()
    plain = f"\0{USER}\0{PASSWORD}".encode()
    forms = {
        "clear": PASSWORD.encode(),
        "base64": base64.b64encode(PASSWORD.encode()),
        "plain": base64.b64encode(plain),
    }
    return [name for name, form in forms.items() if form in octets]


@pytest.mark.parametrize(
    ("profile", "switches", "route", "round_trips"),
    [
        ("m365-submission", {}, {}, 6),
        ("m365-submission", {"tokens": {"t" * 1900: USER}}, {"access_token": "t" * 1900}, 5),
        ("generic", {}, {}, 5),
        ("generic", {"mechanisms": ("LOGIN",)}, {}, 6),
        ("generic", {"chunking": False, "binarymime": False}, {}, 6),
        ("generic", {"implicit_tls": True}, {"kind": "route", "security": "tls"}, 3),
    ],
)
def test_a_short_alert_takes_as_many_round_trips_as_promised(device, serve, profile, switches, route, round_trips):
    server = serve(profile, **switches)
    receipt = device.one(server, {"subject": "Grüße 🌡"}, route=route)
    assert receipt.get("round_trips") == round_trips, receipt
    (mail,) = server.inbox.wait(1)
    assert mail["Subject"] == "Grüße 🌡"
    due = time.monotonic() + 5
    while not server.sessions[0].ended and time.monotonic() < due:
        time.sleep(0.01)
    # After DATA, QUIT follows the final reply and is not waited for: it costs the board nothing, and may be lost.
    farewell = "chunking" in switches and "QUIT" in server.transcript.text()
    assert server.sessions[0].round_trips == round_trips + farewell
    assert not leaks(server)


def test_a_mail_arrives_as_it_was_written(device, serve):
    server = serve()
    text = "Zeile\n.\n..\n.punkt\n\nbare\rreturn\n" + "lang " * 300 + "\nEnde ohne Zeilenende"
    device.one(server, {"to": ["Ops Team <ops@contoso.com>", "b@fabrikam.com"], "text": text})
    (mail,) = server.inbox.wait(1)
    assert isinstance(mail, EmailMessage)
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == text.replace("\r", "\n")
    assert mail["To"] == "Ops Team <ops@contoso.com>, b@fabrikam.com"
    assert mail["From"] == USER
    assert mail["Date"]
    delivery = server.inbox.deliveries[0]
    assert (delivery.sender, delivery.recipients) == (USER, ["ops@contoso.com", "b@fabrikam.com"])
    assert b"\n" not in delivery.content.replace(b"\r\n", b"")
    assert max(len(line) for line in delivery.content.split(b"\r\n")) <= 998


def test_several_mails_share_a_connection_at_one_round_trip_each(device, serve):
    server = serve()
    receipts = device.send(server, {"subject": "1"}, {"subject": "2"}, {"subject": "3"})
    assert [receipt["round_trips"] for receipt in receipts] == [6, 1, 1]
    assert [mail["Subject"] for mail in server.inbox.wait(3)] == ["1", "2", "3"]
    assert len(server.sessions) == 1
    assert server.transcript.text().count("QUIT") == 1


def test_a_wrong_password_is_explained_and_not_repeated(device, serve):
    server = serve(mailboxes={USER: "another"})
    error = device.one(server)
    assert (error["stage"], error["kind"], error["code"], error["enhanced"]) == ("auth", "configuration", 535, "5.7.3")
    assert len(server.sessions) == 1
    assert PASSWORD not in device.output


def test_basic_authentication_switched_off_is_told_apart(device, serve):
    error = device.one(serve(basic_auth=False))
    assert (error["stage"], error["kind"], error["enhanced"]) == ("auth", "configuration", "5.7.30")


def test_a_server_that_ignores_the_initial_response_still_gets_the_right_answers(device, serve):
    assert "round_trips" in device.one(serve(login_initial_response=False))


def test_a_sender_that_is_not_the_mailbox_is_refused_at_the_end(device, serve):
    server = serve()
    error = device.one(server, {"sender": "boss@contoso.com"})
    assert error["stage"] in ("mail", "rcpt", "body")
    assert error["kind"] == "configuration"
    assert not server.inbox.deliveries


def test_starttls_stripped_leaves_nothing_secret_on_the_wire(device, serve):
    for profile in ("m365-submission", "generic"):
        server = serve(profile, starttls=False)
        error = device.one(server)
        assert (error["stage"], error["kind"], error["key"]) == ("starttls", "security", "starttls_missing")
        assert not leaks(server)
        assert b"AUTH" not in server.raw_capture.octets("C")
        assert b"MAIL" not in server.raw_capture.octets("C")


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        ("expired", "cert_expired"),
        ("not-yet-valid", "cert_future"),
        ("wrong-name", "cert_name"),
        ("unknown-root", "cert_unknown_root"),
        ("missing-intermediate", "cert_unknown_root"),
    ],
)
def test_a_certificate_that_does_not_verify_ends_it_before_the_login(device, serve, certificate, key):
    server = serve(certificate=certificate, authority=Authority(["localhost"]))
    error = device.one(server)
    assert (error["stage"], error["kind"], error["key"]) == ("starttls", "security", key), error
    assert not leaks(server)
    assert not server.inbox.deliveries


def test_insecure_trust_is_loud(device, serve):
    server = serve(certificate="expired")
    receipt = device.one(server, route={"trust": "insecure"})
    assert "round_trips" in receipt
    assert "WARNING" in device.output


@pytest.mark.parametrize("bad", ["a\r\nBcc: evil@x.org", "a\nb", "a\0b", "\r\n.\r\nMAIL FROM:<x@y.z>\r\n"])
@pytest.mark.parametrize("argument", ["sender", "to", "subject", "cc", "bcc", "reply_to", "message_id"])
def test_injection_through_any_argument_is_refused_before_anything_is_said(device, serve, argument, bad):
    server = serve()
    value = bad if argument in ("subject", "message_id") else f"x{bad}@contoso.com"
    result = device.one(server, {argument: value})
    assert "refused_here" in result, result
    assert not server.sessions


def test_text_that_looks_like_commands_is_only_text(device, serve):
    text = ".\r\nMAIL FROM:<evil@x.org>\r\nRCPT TO:<evil@x.org>\r\nDATA\r\nforged\r\n.\r\nQUIT\r\n"
    for switches in ({}, {"chunking": False, "binarymime": False}):
        server = serve("generic", **switches)
        assert "round_trips" in device.one(server, {"text": text})
        (mail,) = server.inbox.wait(1)
        assert mail.get_content().splitlines() == text.splitlines()
        assert len(server.inbox.deliveries) == 1


class Slow(threading.Thread):
    """A server that accepts and then does what it is told, byte by byte."""

    def __init__(self, octets: bytes, pause: float, every: int = 1) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.octets, self.pause, self.every = octets, pause, every
        self.start()

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with connection, self.listener:
            try:
                for i in range(0, len(self.octets), self.every):
                    connection.sendall(self.octets[i : i + self.every])
                    time.sleep(self.pause)
                connection.recv(1)
            except OSError:
                pass


@pytest.mark.parametrize(("octets", "pause"), [(b"", 0), (b"220-" + b"x" * 500, 0.05)])
def test_a_silent_or_dripping_server_holds_nobody_longer_than_the_timeout(device, octets, pause):
    slow = Slow(octets, pause)
    begun = time.monotonic()
    (error, ticks) = device.run(
        {
            "route": {"host": "localhost", "port": slow.port},
            "options": {"timeout": 2},
            "one_shot": True,
            "tick": True,
            "messages": [{"sender": USER, "to": "a@b.c", "subject": "s", "text": "t"}],
        }
    )
    assert (error["stage"], error["kind"], error["key"]) == ("greeting", "temporary", "timeout")
    assert time.monotonic() - begun < 6
    assert ticks["ticks"] >= 3


def test_the_deadline_ends_what_single_timeouts_would_not(device):
    slow = Slow(b"220 x\r\n" + b"250-x\r\n" * 50, 0.3, every=7)
    job = {
        "route": {"host": "localhost", "port": slow.port},
        "options": {"timeout": 60, "deadline": 1.5},
        "one_shot": True,
        "messages": [{"sender": USER, "to": "a@b.c", "subject": "s", "text": "t"}],
    }
    begun = time.monotonic()
    (error,) = device.run(job)
    assert (error["stage"], error["kind"], error["key"]) == ("ehlo", "temporary", "timeout")
    assert time.monotonic() - begun < 6


def test_a_refused_connection_says_where_and_why(device):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    job = {"route": {"host": "localhost", "port": port}, "one_shot": True}
    (error,) = device.run({**job, "messages": [{"sender": USER, "to": "a@b.c", "subject": "s", "text": "t"}]})
    assert (error["stage"], error["kind"], error["key"]) == ("connect", "temporary", "refused")
    assert str(port) in error["error"]


def test_every_failure_closes_the_socket(device, serve):
    for switches in ({"mailboxes": {USER: "x"}}, {"starttls": False}, {"certificate": "expired"}):
        server = serve(**switches)
        results = device.send(server, {}, tell_closed=True)
        assert results[-1] == {"closed": True}
