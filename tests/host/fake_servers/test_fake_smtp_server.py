"""The fake server over real sockets and real TLS: deliveries, round trips, many sessions, its end."""

from __future__ import annotations

import mailbox
import smtplib
import socket
import time
from pathlib import Path

import pytest

from host.fake_servers.raw_client import MAIL, PASSWORD, USER, Raw, ended, flight, smtp, start
from umail_host.fake_smtp import FakeServer, ManualClock


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


def test_mail_lands_in_a_folder_that_was_there_and_empty(tmp_path: Path):
    with start("generic", maildir=tmp_path) as server, smtp(server) as client:
        client.sendmail(USER, "ops@contoso.com", MAIL)
    assert len(mailbox.Maildir(tmp_path)) == 1
