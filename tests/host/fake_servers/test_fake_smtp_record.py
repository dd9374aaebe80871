"""What the fake server notes, over real sockets and TLS: the transcript without secrets, the raw capture."""

from __future__ import annotations

import base64
import re
import smtplib
import time

import pytest

from host.fake_servers.raw_client import MAIL, PASSWORD, USER, Raw, ended, flight, smtp, start
from umail_host.fake_smtp.record.transcript import RawCapture
from umail_host.fake_smtp.server.clock import Clock


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
        client.hang_up()
        ended(server)
        text = server.transcript.text() + server.transcript.json() + repr(list(server.transcript))
        assert PASSWORD not in text
        for form in (f"\0{USER}\0{PASSWORD}", PASSWORD, "x" + PASSWORD):
            assert base64.b64encode(form.encode()).decode()[4:-4] not in text
        assert "the password is [masked]" in text


@pytest.mark.parametrize("secret", [PASSWORD, base64.b64encode(b"x" + PASSWORD.encode()).decode()])
def test_a_secret_that_the_end_of_the_connection_cuts_is_masked(secret):
    with start() as server:
        client = Raw(server)
        client.login()
        client.socket.sendall(f"MAIL FROM:<{secret[:-4]}".encode())
        client.hang_up()
        ended(server)
        assert re.search(r" C\* MAIL FROM:<(\w{0,2})\[masked\]\n\Z", server.transcript.text())


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


def test_beyond_its_limit_the_raw_capture_forgets_the_oldest_and_its_connection_too():
    capture = RawCapture(Clock(), limit=8)
    for connection, data in ((1, b"abc"), (2, b"def"), (1, b"ghi"), (2, b"jk")):
        capture.add(connection, "C", data)
        capture.add(connection, "S", b"")
    assert (capture.octets(), capture.octets("C", 1), capture.octets("C", 2)) == (b"defghijk", b"ghi", b"defjk")
    capture.add(3, "S", b"12345678")
    assert [capture.octets(connection=number) for number in (1, 2, 3, 4)] == [b"", b"", b"12345678", b""]
