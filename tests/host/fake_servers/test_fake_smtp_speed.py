"""The fake server is quick: what it takes of the CPU, how long it holds replies, what it remembers."""

from __future__ import annotations

import smtplib
import sys
import time
from pathlib import Path

import pytest

from umail_host.fake_smtp import FakeServer, Inbox, ManualClock
from umail_host.fake_smtp.core.events import Envelope, Recipient
from umail_host.fake_smtp.core.policy import Sent

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def receivers(monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    import receivers

    yield receivers
    sys.modules.pop("receivers", None)


def test_a_mail_takes_at_most_twice_the_cpu_that_aiosmtpd_takes_and_five_times_if_the_dialogue_is_shown(
    receivers, tmp_path
):
    folders = {name: tmp_path / name for name in ("aiosmtpd", "quiet", "shown")}
    for folder in folders.values():
        folder.mkdir()
    with (
        receivers.aiosmtpd(folders["aiosmtpd"]) as peer,
        receivers.umail(folders["quiet"], "--quiet") as quiet,
        receivers.umail(folders["shown"]) as shown,
    ):
        took = {}
        for server in (peer, quiet, shown):
            receivers.send(server.port, 20)
            before, memory = server.cpu(), server.memory()
            receivers.send(server.port, 300)
            took[server.port] = server.cpu() - before
            assert len(list(server.mails.iterdir())) == 320
            assert server.memory() - memory < 3000
        assert took[quiet.port] <= 2 * took[peer.port]
        assert took[shown.port] <= 5 * took[peer.port]
    assert (
        b"more lines" in (folders["shown"] / "umail.txt").read_bytes()
        or b"MAIL FROM" in (folders["shown"] / "umail.txt").read_bytes()
    )
    assert b"MAIL FROM" not in (folders["quiet"] / "umail.txt").read_bytes()


def test_replies_are_held_for_a_flight_but_not_from_a_client_that_waits_for_each():
    with FakeServer("generic", settle=0.4, require_tls=False, require_auth=False) as server:
        with smtplib.SMTP("localhost", server.port, local_hostname="test.example", timeout=20) as client:
            client.sendmail("a@b.example", ["c@d.example"], b"Subject: first\r\n\r\nx\r\n")
            began = time.monotonic()
            for _ in range(4):
                client.sendmail("a@b.example", ["c@d.example"], b"Subject: next\r\n\r\nx\r\n")
            took = time.monotonic() - began
        # Each of them has three replies that a flight might go on behind.
        assert took < 4 * 3 * 0.4 / 2
        server.inbox.wait(5)
        # EHLO; five times MAIL, RCPT, DATA and the content; QUIT.
        assert server.sessions[0].round_trips == 1 + 5 * 4 + 1


def test_a_flight_in_pieces_is_one_round_trip_for_a_client_that_does_not_wait():
    with FakeServer("generic", settle=0.4, require_tls=False, require_auth=False) as server:
        with smtplib.SMTP("localhost", server.port, local_hostname="test.example", timeout=20) as client:
            client.ehlo()
            for _ in range(2):
                for piece in (
                    b"MAIL FROM:<a@b.example>\r\n",
                    b"RCPT TO:<c@d.example>\r\n",
                    b"BDAT 5 LAST\r\n",
                    b"a: b\n",
                ):
                    client.sock.sendall(piece)
                    time.sleep(0.02)
                assert [client.getreply()[0] for _ in range(3)] == [250, 250, 250]
        assert server.sessions[0].round_trips == 1 + 2 + 1


def test_limits_need_no_more_memory_than_a_day_has_seconds():
    sent = Sent()
    for second in range(5):
        for _ in range(1000):
            sent.add(1_770_000_000 + second, 2)
    assert len(sent._seconds) == 5
    assert sent.since(1_770_000_000 - 1) == (5000, 10_000)
    assert sent.since(1_770_000_002) == (2000, 4000)
    assert sent.due_before(1) == 1_770_000_004
    assert sent.due_before(1001) == 1_770_000_003
    assert sent.due_before(5001) is None
    sent.add(1_770_000_003 + 86400, 1)
    assert sent.since(0) == (1001, 2001)


def test_the_limit_of_an_hour_holds_for_many_mails_within_a_second_and_ends_with_the_hour():
    clock = ManualClock()
    with (
        FakeServer("generic", clock=clock, per_hour=3, require_tls=False, require_auth=False) as server,
        smtplib.SMTP("localhost", server.port, local_hostname="test.example", timeout=20) as client,
    ):
        for _ in range(3):
            client.sendmail("a@b.example", ["c@d.example"], b"\r\nx\r\n")
        with pytest.raises(smtplib.SMTPDataError, match="Excessive"):
            client.sendmail("a@b.example", ["c@d.example"], b"\r\nx\r\n")
        clock.move(3601)
        client.sendmail("a@b.example", ["c@d.example"], b"\r\nx\r\n")


def test_what_is_remembered_is_bounded_by_its_number_and_its_bytes(tmp_path):
    inbox = Inbox(tmp_path / "Maildir", keep=5)
    for _ in range(8):
        inbox.deliver(Envelope("a@b.example", {}, [Recipient("c@d.example")], b"x"), 1, 1.7e9)
    assert (len(inbox), len(inbox.deliveries)) == (8, 5)
    for _ in range(3):
        inbox.deliver(Envelope("a@b.example", {}, [Recipient("c@d.example")], bytes(30 << 20)), 1, 1.7e9)
    assert [len(delivery.content) for delivery in inbox.deliveries] == [30 << 20, 30 << 20]
    assert len(list((tmp_path / "Maildir" / "new").iterdir())) == 11
    assert not list((tmp_path / "Maildir" / "tmp").iterdir())
