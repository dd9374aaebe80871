"""The faults: each strikes where it should, in any plan, and leaves the server sound for the next session."""

from __future__ import annotations

import base64
import contextlib
import json
import smtplib
import socket
import ssl
import time

import pytest

import planted
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.faults import plan, registry
from umail_host.fake_smtp.record import timeline
from umail_host.fake_smtp.server.tls import Authority

USER, PASSWORD = "esp32@contoso.com", planted.MAIL_PASSWORD
AUTHORITY = Authority(["localhost", "127.0.0.1"])
MAIL = b"From: <esp32@contoso.com>\r\nSubject: warm\r\n\r\nwarm\r\n"
ENVELOPE = [
    b"MAIL FROM:<esp32@contoso.com> SIZE=60 BODY=BINARYMIME\r\n",
    b"RCPT TO:<a@b.c>\r\n",
    b"RCPT TO:<d@e.f>\r\n",
]
STEPS = [
    b"AUTH LOGIN\r\n",
    base64.b64encode(USER.encode()) + b"\r\n",
    base64.b64encode(PASSWORD.encode()) + b"\r\n",
    *ENVELOPE,
    b"BDAT 5\r\nFrom:",
    b"BDAT 1 LAST\r\nx",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"MAIL FROM:<esp32@contoso.com>\r\n",
    b"DATA\r\n",
    b"RCPT TO:<a@b.c>\r\n",
    b"DATA\r\n",
    MAIL + b".\r\n",
    b"QUIT\r\n",
]


def start(faults: str = "", **options) -> FakeServer:
    options.setdefault("settle", 0.001)
    return FakeServer("generic", mailboxes={USER: PASSWORD}, authority=AUTHORITY, faults=faults, **options)


class Blunt:
    """A client that goes on whatever it is told, and gives up when nothing comes once a fault has struck."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.socket = socket.create_connection(("localhost", server.port), timeout=0.15)
        self.heard = b""

    def receive(self) -> bytes:
        for _ in range(40):  # a slow machine is not a fault
            try:
                return self.socket.recv(65536)
            except TimeoutError:
                if any(session.faults for session in self.server.sessions):
                    break
        raise TimeoutError

    def ask(self, data: bytes = b"") -> bytes:
        if data:
            self.socket.sendall(data)
        reply = self.receive()
        if not reply:
            raise EOFError
        self.heard += reply
        return reply

    def run(self) -> None:
        self.ask()
        self.ask(b"EHLO board.example\r\n")
        if self.ask(b"STARTTLS\r\n").startswith(b"220"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            self.socket.settimeout(1)
            self.socket = context.wrap_socket(self.socket)
            self.socket.settimeout(0.15)
            self.ask(b"EHLO board.example\r\n")
        for step in STEPS:
            self.ask(step)


def blunt(server: FakeServer) -> bytes:
    try:
        client = Blunt(server)
    except OSError:
        return b""
    with contextlib.suppress(OSError, EOFError, ssl.SSLError), client.socket:
        client.run()
    client.socket.close()
    return client.heard


def deliver(server: FakeServer) -> None:
    with smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=5) as client:
        client.starttls(context=ssl.create_default_context(cadata=server.ca_der))
        client.login(USER, PASSWORD)
        client.sendmail(USER, ["a@b.c", "d@e.f"], MAIL)


def settle(server: FakeServer) -> None:
    """Wait until the server is done with what its clients have left behind; a fault may hold it for ever."""
    due = time.monotonic() + 2
    while time.monotonic() < due and not all(session.ended for session in server.sessions):
        time.sleep(0.005)


@pytest.mark.parametrize("name", [name for name in registry.FAULTS if name != "connect-refused"])
def test_each_fault_strikes_and_the_next_session_is_served(name):
    with start(f"{name}@1") as server:
        blunt(server)
        assert name in server.sessions[0].faults
        settle(server)
        before = len(server.inbox)
        server.set_faults("")
        deliver(server)
        assert len(server.inbox.wait(before + 1)) == before + 1
        assert name in server.transcript.text()


def test_a_refused_connection_is_refused():
    with start("connect-refused") as server, pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=1)


def test_each_fault_has_a_sentence_of_its_own():
    summaries = [fault.summary for fault in registry.FAULTS.values()]
    assert all(summary and "\n" not in summary for summary in summaries)
    assert len(set(summaries)) == len(summaries)


@pytest.mark.parametrize(
    ("faults", "struck"),
    [
        ("mail-550", [True, True, True, True]),
        ("mail-550@1", [True, False, False, False]),
        ("mail-550@2-", [False, True, True, True]),
        ("mail-550@2-3", [False, True, True, False]),
        ("answer=mail 550 5.1.8 No, never@2,mail-451@4", [False, True, False, True]),
        ("rcpt-550,quit", None),
        ("mail-550@0", None),
        ("mail-550@x", None),
        ("mail-550@3-1", None),
        ("mail-550@150%", None),
        ("mail-550=2", None),
        ("body-close=2k", None),
        ("reply-lost=nowhere", None),
    ],
)
def test_a_plan_strikes_at_the_occurrences_that_are_written(faults, struck):
    if struck is None:
        with pytest.raises(ValueError, match=r"there are|write"):
            plan.parse(faults)
        return
    with start(faults) as server:
        with smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=5) as client:
            client.ehlo()
            answers = []
            for _ in struck:
                answers.append(client.mail(USER)[0] >= 400)
                client.rset()
        assert answers == struck


def test_a_plan_is_told_so_that_it_can_be_written_again():
    for item in (
        "mail-451@30%",
        "mail-451@0%",
        "mail-451",
        "rcpt-452@2",
        "body-close=2000@2-",
        "answer=mail 550 No, never@1-3",
    ):
        (planned,) = plan.parse(item).faults
        assert plan.describe(planned) == item


def test_chance_depends_on_the_seed_alone():
    def run(seed: int) -> list[int]:
        with start("mail-451@50%", seed=seed) as server:
            client = smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=5)
            client.ehlo()
            codes = []
            for _ in range(24):
                codes.append(client.mail(USER)[0])
                client.rset()
            client.close()
            return codes

    first = run(1)
    assert first == run(1)
    assert first != run(2)
    assert set(first) == {250, 451}


def test_any_row_of_any_table_of_replies_can_be_answered():
    with start("answer=content 554 5.2.252 SendAsDenied; {user} not allowed, ever") as server:
        with pytest.raises(smtplib.SMTPDataError) as error:
            deliver(server)
        assert error.value.smtp_error == b"5.2.252 SendAsDenied; esp32@contoso.com not allowed, ever"
        assert server.inbox.deliveries == []


@pytest.mark.parametrize(
    ("fault", "delivered"),
    [
        *((name, 1) for name in ("content-lost", "content-reset", "content-cut", "idle-close", "content-doubled")),
        *((name, 0) for name in ("content-undelivered", "content-451", "body-reset", "body-close", "mail-550")),
    ],
)
def test_whether_the_mail_was_delivered_is_known_to_the_test(fault, delivered):
    with start(fault) as server:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            deliver(server)
        settle(server)
        assert len(server.inbox) == delivered


def test_octets_after_a_refused_bdat_run_as_commands_so_that_smuggling_shows():
    with start("bdat-500") as server:
        client = Blunt(server)
        client.ask()
        for line in (b"EHLO x\r\n", *ENVELOPE):
            client.ask(line)
        evil = b"RSET\r\nMAIL FROM:<evil@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nevil\r\n.\r\n"
        client.socket.sendall(b"BDAT %d LAST\r\n%s" % (len(evil), evil))
        assert len(server.inbox.wait(1)) == 1
        assert server.inbox.deliveries[0].sender == "evil@b.c"
        client.socket.close()


def test_injected_replies_lie_before_the_handshake_in_the_capture():
    with start("starttls-injected") as server:
        blunt(server)
        assert b"220 2.0.0 Ready to start TLS\r\n250-evil\r\n" in server.raw_capture.octets("S")


def test_an_echoed_password_reaches_no_transcript():
    with start("auth-echo") as server:
        heard = blunt(server)
        assert base64.b64encode(PASSWORD.encode()) in heard
        assert base64.b64encode(PASSWORD.encode()).decode() not in server.transcript.text()


def test_a_reader_that_stops_holds_no_other_session_up():
    with start("body-stop-reading@1") as server:
        stuck = smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=0.3)
        with pytest.raises(OSError):
            stuck.sendmail(USER, "a@b.c", b"x" * 20_000_000)
        deliver(server)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2
        stuck.close()


def test_the_timeline_tells_dialogue_fault_and_mail_without_secrets():
    with start("rcpt-452-rest@1") as server:
        deliver(server)
        settle(server)
        text, whole = timeline.text(server), json.loads(timeline.as_json(server))
    assert "faults rcpt-452-rest@1; seed 0" in text
    assert text.index("fault rcpt-452-rest") < text.index("452 4.5.3") < text.index(f"delivered {len(MAIL)} bytes")
    assert whole["sessions"][0]["faults"] == ["rcpt-452-rest"]
    assert whole["mail"][0]["recipients"] == ["a@b.c"]
    assert any(entry["direction"] == "!" and "fault" in entry["text"] for entry in whole["entries"])
    for shown in (text, json.dumps(whole)):
        assert PASSWORD not in shown
        assert base64.b64encode(PASSWORD.encode()).decode() not in shown


@pytest.mark.parametrize(("faults", "ending"), [("content-lost", "drop"), ("", "the client closed the connection")])
def test_the_end_of_a_session_is_told_once(faults, ending):
    with start(faults) as server:
        with smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=5) as client:
            if faults:
                with pytest.raises(smtplib.SMTPServerDisconnected):
                    client.sendmail(USER, ["a@b.c"], MAIL)
            client.close()
        settle(server)
        told = [entry.text for entry in server.transcript if entry.direction == "!"]
    assert told[-1] == ending
    assert "drop" not in told[:-1]
    assert not any("closed the connection" in text for text in told[:-1])
