"""The fake server over real sockets and real TLS: deliveries, transcript, capture, round trips, certificates."""

from __future__ import annotations

import base64
import contextlib
import mailbox
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import planted
from umail_host.fake_smtp import FakeServer, ManualClock
from umail_host.fake_smtp.server.tls import CERTIFICATES, Authority

USER, PASSWORD, TOKEN = "esp32@contoso.com", planted.MAIL_PASSWORD, planted.TOKEN
MAIL = b"From: <esp32@contoso.com>\r\nSubject: =?utf-8?B?w4Q=?=\r\nMessage-ID: <1@board>\r\n\r\nwarm\r\n..\r\n"
AUTHORITY = Authority(["localhost", "127.0.0.1", "mail.example.org"])


def start(profile: str = "m365-submission", **options) -> FakeServer:
    return FakeServer(profile, mailboxes={USER: PASSWORD}, tokens=[TOKEN], authority=AUTHORITY, **options)


def trusting(server: FakeServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=server.ca_der)
    context.hostname_checks_common_name = False
    return context


@contextlib.contextmanager
def smtp(server: FakeServer) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=10) as client:
        client.starttls(context=trusting(server))
        yield client


class Raw:
    """A client that sends exactly what it is told, and reads replies."""

    def __init__(self, server: FakeServer, implicit: bool = False) -> None:
        self.server = server
        self.socket = socket.create_connection(("localhost", server.port), timeout=10)
        if implicit:
            self.secure()
        self.lines = self.socket.makefile("rb")

    def secure(self, **certificate) -> None:
        context = trusting(self.server)
        if certificate:
            context.load_cert_chain(**certificate)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.lines = self.socket.makefile("rb")

    def reply(self) -> str:
        whole = b""
        while not re.search(rb"(?m)^\d{3} .*\r\n\Z", whole):
            line = self.lines.readline()
            if not line:
                raise EOFError(whole)
            whole += line
        return whole.decode()

    def ask(self, data: bytes, replies: int = 1) -> list[str]:
        self.socket.sendall(data)
        return [self.reply() for _ in range(replies)]

    def login(self) -> None:
        """As umail does: EHLO, STARTTLS, EHLO, LOGIN with the user name as initial response."""
        self.reply()
        self.ask(b"EHLO board.example\r\n")
        self.ask(b"STARTTLS\r\n")
        self.secure()
        self.ask(b"EHLO board.example\r\n")
        self.ask(b"AUTH LOGIN " + base64.b64encode(USER.encode()) + b"\r\n")
        self.ask(base64.b64encode(PASSWORD.encode()) + b"\r\n")

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def ended(server: FakeServer, count: int = 1) -> None:
    due = time.monotonic() + 5
    while sum(session.ended is not None for session in server.sessions) < count:
        assert time.monotonic() < due, "the session did not end"
        time.sleep(0.005)


def flight(quit_with_it: bool = True) -> bytes:
    envelope = b"MAIL FROM:<esp32@contoso.com> BODY=8BITMIME\r\nRCPT TO:<ops@contoso.com>\r\n"
    return envelope + b"BDAT %d LAST\r\n" % len(MAIL) + MAIL + (b"QUIT\r\n" if quit_with_it else b"")


def test_smtplib_delivers_and_the_message_arrives_as_it_was_with_its_envelope(tmp_path: Path):
    with start(maildir=tmp_path / "mail") as server, smtp(server) as client:
        client.login(USER, PASSWORD)
        client.sendmail(USER, ["ops@contoso.com", "boss@contoso.com"], MAIL)
        (message,) = server.inbox.wait(1)
        assert message["Subject"] == "Ä"
        (delivery,) = server.inbox.deliveries
        assert (delivery.sender, delivery.recipients) == (USER, ["ops@contoso.com", "boss@contoso.com"])
        assert delivery.content == MAIL
        (stored,) = mailbox.Maildir(tmp_path / "mail")
        assert stored["Return-Path"] == f"<{USER}>"
        assert stored.get_all("Delivered-To") == ["ops@contoso.com", "boss@contoso.com"]
        assert stored.get_payload() == "warm\n..\n"


def test_smtplib_costs_ten_round_trips_as_the_table_of_figures_says():
    with start() as server:
        with smtp(server) as client:
            client.login(USER, PASSWORD)
            client.sendmail(USER, "ops@contoso.com", MAIL)
        ended(server)
        assert server.sessions[0].round_trips == 10


def test_a_flight_with_quit_costs_six_round_trips_however_it_is_cut():
    with start(settle=0.2) as server:
        for number, pieces in enumerate((1, 4), 1):
            client = Raw(server)
            client.login()
            data = flight()
            size = -(-len(data) // pieces)
            for at in range(0, len(data), size):
                client.socket.sendall(data[at : at + size])
                time.sleep(0.001)
            assert [client.reply()[:3] for _ in range(4)] == ["250", "250", "250", "221"]
            client.close()
            ended(server, number)
        assert [session.round_trips for session in server.sessions] == [6, 6]


def test_a_further_message_on_the_open_connection_costs_one_round_trip():
    with start() as server:
        client = Raw(server)
        client.login()
        client.ask(flight(False), 3)
        before = server.sessions[0].round_trips
        client.ask(flight(False), 3)
        assert (before, server.sessions[0].round_trips) == (6, 7)
        client.close()


def test_the_dialogue_works_byte_by_byte_through_tls():
    with start() as server:
        client = Raw(server)
        client.login()
        for byte in flight():
            client.socket.sendall(bytes([byte]))
        assert [client.reply()[:3] for _ in range(4)] == ["250", "250", "250", "221"]
        assert server.inbox.deliveries[0].content == MAIL
        client.close()


def test_implicit_tls():
    with start("generic", implicit_tls=True) as server:
        context = trusting(server)
        with smtplib.SMTP_SSL(
            "localhost", server.port, local_hostname="x.example", context=context, timeout=10
        ) as client:
            client.login(USER, PASSWORD)
            client.sendmail(USER, "ops@contoso.com", MAIL)
        assert len(server.inbox.wait(1)) == 1
        assert server.sessions[0].tls


def test_the_transcript_tells_who_said_what_and_whether_tls_was_on():
    seen = []
    with start(on_entry=seen.append) as server:
        with smtp(server) as client:
            client.login(USER, PASSWORD)
        ended(server)
        texts = [(entry.direction, entry.tls, entry.text) for entry in server.transcript]
        assert ("C", False, "STARTTLS") in texts
        assert ("C", True, "ehlo board.example") in texts
        assert ("S", True, "235 2.7.0 Authentication successful") in texts
        assert ("C", True, "AUTH LOGIN [masked]") in texts
        assert ("C", True, "[masked]") in texts
        assert seen == list(server.transcript)
        times = [entry.time for entry in server.transcript]
        assert times == sorted(times)


@pytest.mark.parametrize("pause", [0, 0.002])
def test_no_secret_shows_in_the_transcript_even_in_pieces_or_in_the_wrong_place(pause):
    with start(settle=0.001) as server:
        client = Raw(server)
        client.login()
        body = f"the password is {PASSWORD}\r\nin base64 {base64.b64encode(b'x' + PASSWORD.encode()).decode()}"
        data = flight(False).replace(b"warm", body.encode()).replace(b"BDAT %d" % len(MAIL), b"BDAT 9999")
        for at in range(0, len(data), 5):
            client.socket.sendall(data[at : at + 5])
            time.sleep(pause)
        client.close()
        ended(server)
        text = server.transcript.text() + server.transcript.json() + repr(list(server.transcript))
        assert PASSWORD not in text
        for form in (f"\0{USER}\0{PASSWORD}", PASSWORD, "x" + PASSWORD):
            assert base64.b64encode(form.encode()).decode()[4:-4] not in text
        assert "the password is [masked]" in text


def test_a_wrong_password_is_masked_though_nobody_knew_it():
    with start() as server:
        with smtp(server) as client, pytest.raises(smtplib.SMTPAuthenticationError, match=r"5\.7\.3"):
            client.login(USER, "Tr0ub4dor&3")
        text = server.transcript.text()
        assert "Tr0ub4dor" not in text
        assert base64.b64encode(b"Tr0ub4dor&3").decode() not in text


def test_the_raw_capture_holds_what_was_on_the_wire_and_nothing_after_starttls_is_readable():
    with start() as server:
        with smtp(server) as client:
            client.login(USER, PASSWORD)
            client.sendmail(USER, "ops@contoso.com", MAIL)
        ended(server)
        from_client = server.raw_capture.octets("C")
        assert from_client.startswith(b"ehlo board.example\r\nSTARTTLS\r\n\x16\x03")
        assert b"warm" not in from_client
        assert PASSWORD not in repr(list(server.raw_capture))
        assert server.raw_capture.octets("S").startswith(b"220 ")


def test_octets_sent_in_clear_are_in_the_raw_capture():
    with start() as server:
        client = Raw(server)
        client.reply()
        client.ask(b"EHLO x.example\r\nAUTH PLAIN " + base64.b64encode(b"\0u\0in-the-clear") + b"\r\n", 2)
        client.close()
        assert base64.b64encode(b"\0u\0in-the-clear") in server.raw_capture.octets("C")
        assert "[masked]" in server.transcript.text()


REFUSED = {
    "expired": "has expired",
    "not-yet-valid": "not yet valid",
    "wrong-name": "Hostname mismatch",
    "unknown-root": "unable to get local issuer",
    "missing-intermediate": "unable to get local issuer",
    "cn-only": "Hostname mismatch",
    "weak-key": "too weak|key too small",
    "wildcard": "Hostname mismatch",
}


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_each_certificate_is_what_its_name_says(certificate):
    with start(certificate=certificate) as server:
        if certificate in REFUSED:
            with pytest.raises(ssl.SSLCertVerificationError, match=REFUSED[certificate]), smtp(server):
                pass
            ended(server)
            assert server.sessions[0].ending.startswith("TLS failed")
        else:
            with smtp(server) as client:
                client.login(USER, PASSWORD)


def test_the_wildcard_certificate_is_good_below_its_domain():
    with start(certificate="wildcard") as server, socket.create_connection(("localhost", server.port)) as connection:
        connection.recv(999)
        connection.sendall(b"EHLO x.example\r\nSTARTTLS\r\n")
        time.sleep(0.05)
        connection.recv(999)
        with trusting(server).wrap_socket(connection, server_hostname="mail.example.org") as secured:
            assert secured.version() == "TLSv1.3"


def test_an_old_tls_version_alone_is_refused_by_a_modern_client():
    with start(tls_version="1.1") as server, pytest.raises(ssl.SSLError, match="version"), smtp(server):
        pass


def test_the_server_ends_at_once_whatever_its_clients_do():
    server = start()
    server.start()
    idle, silent = Raw(server), socket.create_connection(("localhost", server.port))
    idle.reply()
    idle.ask(b"EHLO x.example\r\n")
    began = time.monotonic()
    server.stop()
    server.stop()
    assert time.monotonic() - began < 2
    assert idle.reply().startswith("421")
    idle.close()
    silent.close()


def test_many_sessions_at_once():
    with start("generic") as server:
        clients = [Raw(server) for _ in range(30)]
        for client in clients:
            client.reply()
        for client in clients:
            client.socket.sendall(b"EHLO x.example\r\n" + flight())
        for client in clients:
            assert [client.reply()[:3] for _ in range(5)][-1] == "221"
            client.close()
        assert len(server.inbox.wait(30)) == 30


def test_an_idle_session_is_told_and_closed():
    with start(idle=0.05) as server:
        client = Raw(server)
        client.reply()
        assert client.reply().startswith("421 4.4.1")
        client.close()


def test_the_tarpit_waits_on_the_clock_of_the_server():
    clock = ManualClock()
    with start(tarpit=5, clock=clock) as server:
        client = Raw(server)
        client.reply()
        client.socket.sendall(b"EXPLODE\r\n")
        client.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(5)
        clock.move(5)
        assert client.socket.recv(3) == b"500"
        client.close()


def test_a_big_message_arrives_whole():
    body = b"From: <esp32@contoso.com>\r\n\r\n" + b"0123456789.\r\n" * 200_000
    with start("generic") as server, smtp(server) as client:
        client.sendmail(USER, "ops@contoso.com", body)
        assert server.inbox.deliveries[0].content == body


def test_mistakes_in_the_constructor_list_what_there_is():
    with pytest.raises(ValueError, match="m365-submission"):
        FakeServer("exchange")
    with pytest.raises(ValueError, match="missing-intermediate"):
        FakeServer(certificate="nice")
    with pytest.raises(ValueError, match="pipelining"):
        FakeServer(pipelinning=False)


def test_a_port_that_is_taken_is_an_error_at_once():
    with start() as server, pytest.raises(OSError, match="in use"):
        start(port=server.port).start()


def test_a_server_that_is_down_refuses_and_comes_back_on_the_same_port():
    with start("generic") as server:
        before, port = Raw(server), server.port
        before.reply()
        server.pause()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
        assert before.ask(b"EHLO x.example\r\n")[0].startswith("250"), "what stands goes on"
        server.resume()
        assert server.port == port
        after = Raw(server)
        assert after.reply().startswith("220")
        for client in (before, after):
            client.close()


def test_a_client_gets_a_context_and_a_file_that_trust_the_servers_root():
    with start("generic") as server:
        for context in (server.ssl_context, ssl.create_default_context(cafile=server.ca_file)):
            with smtplib.SMTP("localhost", server.port, local_hostname="x.example", timeout=5) as client:
                assert client.starttls(context=context)[0] == 220


BINARY = bytes(range(256)) * 3 + b"\r\n.\r\nFrom nobody\n--x\xff"
MIXED = (
    (
        b"From: a@b.c\r\nTo: x@y.z\r\nSubject: b\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=limit\r\n"
        b"Content-Transfer-Encoding: binary\r\n\r\n--limit\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n37 \xc2\xb0C\r\n--limit\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: binary\r\nContent-Disposition: attachment; filename=log.bin\r\n\r\n"
    )
    + BINARY
    + b"\r\n--limit--\r\n"
)


def test_a_binarymime_mail_is_read_by_a_maildirs_readers_and_its_bytes_are_kept_beside_it(tmp_path: Path):
    with start("generic", maildir=tmp_path / "mail") as server:
        with smtplib.SMTP("localhost", server.port, local_hostname="x.example", timeout=5) as client:
            client.ehlo()
            client.docmd("MAIL FROM:<a@b.c> BODY=BINARYMIME")
            client.docmd("RCPT TO:<x@y.z>")
            client.send(b"BDAT %d LAST\r\n" % len(MIXED) + MIXED)
            assert client.getreply()[0] == 250
        (delivery,) = server.inbox.deliveries
    assert delivery.content == MIXED
    assert (tmp_path / "mail.wire" / delivery.path.name).read_bytes() == MIXED
    ((_, stored),) = mailbox.Maildir(tmp_path / "mail").iteritems()
    text, attachment = stored.get_payload()
    assert attachment.get_payload(decode=True) == BINARY
    assert attachment.get_filename() == "log.bin"
    assert text.get_payload(decode=True) == b"37 \xc2\xb0C"
    assert stored["Content-Transfer-Encoding"] is None
    assert b"\r\n" not in delivery.path.read_bytes()
