"""What goes wrong around the page: an index that is damaged, a killed server, lost connections, two browsers, haste."""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import http.client
import os
import re
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from rich.console import Console

from host.web.conftest import Site, mail
from umail_host import pages
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.fake_smtp.record.inbox import Inbox
from umail_host.web.server import WebServer
from umail_host.web.store import Store

API = "/api/v1"
ROOT = Path(__file__).resolve().parents[3]


def index_files(site: Site) -> list[Path]:
    maildir = site.server.inbox.path
    return list(maildir.parent.glob(f"{maildir.name}.index*"))


@pytest.mark.parametrize("harm", ["deleted", "overwritten", "emptied"])
def test_the_index_may_be_deleted_or_damaged_while_the_server_runs(site, harm):
    site.send(mail("one"), mail("two"))
    for path in index_files(site):
        if harm == "deleted":
            path.unlink()
        elif harm == "overwritten":
            path.write_bytes(os.urandom(path.stat().st_size))
        else:
            os.truncate(path, 0)
    with smtplib.SMTP("localhost", site.server.port, local_hostname="test.example", timeout=20) as client:
        client.starttls(context=site.server.ssl_context)
        client.login(USER, PASSWORD)
        client.sendmail(USER, ["ops@contoso.com"], mail("three").replace(b"\n", b"\r\n"))
    assert site.ask(f"{API}/wait?subject=three&timeout=20")[0] == 200
    found = site.ask(f"{API}/mails")[1]["mails"]
    assert [row["subject"] for row in found] == ["three", "two", "one"]
    for row in found:
        assert site.ask(f"{API}/mails/{row['id']}")[0] == 200
    site.web.stop()
    store = Store(site.server.inbox.path, "the next run")
    assert store.find({})[0] == 3
    store.close()


def test_an_index_that_can_not_be_written_costs_no_mail_and_no_reply(site, monkeypatch):
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "_insert", full)
        with smtplib.SMTP("localhost", site.server.port, local_hostname="test.example", timeout=20) as client:
            client.starttls(context=site.server.ssl_context)
            client.login(USER, PASSWORD)
            client.sendmail(USER, ["ops@contoso.com"], mail("while it was full").replace(b"\n", b"\r\n"))
        site.server.inbox.wait(1)
        time.sleep(0.3)
    site.send(mail("after"))  # and with it what was left
    assert {row["subject"] for row in site.ask(f"{API}/mails")[1]["mails"]} == {"while it was full", "after"}


def test_a_mail_for_which_there_is_no_room_is_not_accepted_and_the_server_goes_on(site, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(Inbox, "_write", full)
        client = smtplib.SMTP("localhost", site.server.port, local_hostname="test.example", timeout=20)
        with client, pytest.raises(smtplib.SMTPServerDisconnected):
            client.sendmail(USER, ["ops@contoso.com"], "Subject: lost\r\n\r\nx\r\n")
    session = site.ask(f"{API}/sessions/1")[1]
    assert (session["messages"], session["mails"]) == (0, [])
    assert session["ending"] == "the mail can't be stored: No space left on device"
    site.send(mail("after"))
    assert [row["subject"] for row in site.ask(f"{API}/mails")[1]["mails"]] == ["after"]


@pytest.mark.parametrize("harm", ["no index", "no room"])
def test_an_index_that_can_not_be_made_is_told_in_a_sentence(tmp_path, monkeypatch, harm):
    if harm == "no index":
        (tmp_path / "Maildir.index").mkdir()
    else:

        def full(*_: object, **__: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(sqlite3, "connect", full)
    server = FakeServer("generic", maildir=tmp_path / "Maildir", capture=False)
    with (
        pytest.raises(UserError, match=r"can't make the index .*Maildir\.index \(.*\): make room, or choose another"),
        pages.page(server, "127.0.0.1", 0, Console()),
    ):
        pass


def test_a_second_server_on_the_same_maildir_is_refused_and_the_first_goes_on(site):
    (key,) = site.send(mail("first"))
    second = FakeServer("generic", maildir=site.server.inbox.path, capture=False)
    with pytest.raises(UserError, match="another umail serves"), pages.page(second, "127.0.0.1", 0, Console()):
        pass
    site.send(mail("second"))
    assert site.ask(f"{API}/mails/{key}")[0] == 200
    assert site.ask(f"{API}/mails")[1]["total"] == 2
    assert index_files(site)


def test_files_that_no_mail_program_names_so_are_left_alone(tmp_path):
    maildir = tmp_path / "Maildir"
    (maildir / "new").mkdir(parents=True)
    (maildir / "new" / "1700000000.M1P1.host").write_bytes(b"Subject: good\n\nx\n")
    for name in (b"1700000000.M2P1.\xff\xfe", b"1700000000.M3P1.a\nb"):
        Path(os.fsdecode(os.fsencode(maildir / "new") + b"/" + name)).write_bytes(b"Subject: odd\n\nx\n")
    store = Store(maildir, "run")
    assert [row["subject"] for row in store.find({})[1]] == ["good"]
    assert store.delete({}) == 1
    store.close()


def test_many_who_delete_at_once_delete_each_mail_once(site):
    keys = site.send(*[mail(f"mail {number}") for number in range(20)])
    for key in keys[:5]:  # another program removed them
        (site.server.inbox.path / "new" / key).unlink()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(site.ask, f"{API}/mails/{key}", "DELETE") for key in keys[10:] * 4]
        asked += [pool.submit(site.ask, f"{API}/mails", "DELETE") for _ in range(4)]
        answers = [one.result() for one in asked]
    assert {status for status, _ in answers} <= {200, 404}
    assert sum(told.get("deleted", 0) for _, told in answers) == 15
    assert site.ask(f"{API}/mails")[1]["total"] == 0
    assert not list((site.server.inbox.path / "new").iterdir())


def test_a_huge_mail_is_shown_while_others_are_received(site):
    line = b"x" * 76 + b"\r\n"
    content = (
        b"Subject: huge\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + line * 400_000
    )
    (key,) = site.send(content)
    answers = []
    reading = threading.Thread(target=lambda: answers.append(site.ask(f"{API}/mails/{key}")))
    reading.start()
    site.send(mail("meanwhile"))
    reading.join(60)
    assert answers[0][0] == 200
    assert answers[0][1]["parts"][0]["size"] == 400_000 * 76 * 3 // 4
    assert site.ask(f"{API}/mails/{key}/source")[1] == content


@pytest.mark.parametrize(
    "path",
    ["/api/v1/mails/../../../../etc/passwd/source", "/api/v1/mails/..%2F..%2F..%2Fetc%2Fpasswd/source"]
    + ["/api/v1/mails/%00/source", "/static/{version}/..%2Fserver.py", "/static/{version}/../page.py"]
    + ["/api/v1/boards/..%2F..%2Fetc", "/api/v1/mails/new%2F{key}/source", "//etc/passwd", "/static/{version}/"],
)
def test_no_path_leads_out(site, path):
    (key,) = site.send(mail())
    version = re.search(r"/static/([0-9a-f]+)/", site.ask("/")[1].decode())[1]
    connection = http.client.HTTPConnection("localhost", site.web.port, timeout=10)
    connection.request("GET", path.format(key=key, version=version))
    answer = connection.getresponse()
    assert answer.status in (404, 307)
    assert b"root:" not in answer.read()
    connection.close()


def test_two_browsers_see_what_the_other_does(site, watched, chromium):
    keys = site.send(mail("one"), mail("two"))
    context = chromium.new_context()
    other = context.new_page()
    for page in (watched.page, other):
        page.goto(f"{site.url}/")
        page.wait_for_selector(".live.on")
        expect(page.locator(".row")).to_have_count(2)
    watched.page.goto(f"{site.url}/#/mails/{keys[0]}")
    watched.page.click("text=Delete")
    expect(other.locator(".row")).to_have_count(1)
    site.ask(f"{API}/faults", "PUT", {"plan": "mail-451@9"})
    expect(other.locator(".plan")).to_have_text("⚡ mail-451@9")
    context.close()


def test_a_page_that_nobody_sees_leaves_its_connection_to_others_and_catches_up_when_it_is_seen(site, watched):
    """A browser opens six connections to a host for all its pages: each stream takes one."""
    context = watched.page.context
    pages_of_one_browser = [watched.page, *(context.new_page() for _ in range(7))]
    for page in pages_of_one_browser:
        page.goto(f"{site.url}/")
        page.wait_for_selector(".live.on")
        hide(page, True)
    site.send(mail("while nobody looked"))
    hide(watched.page, False)
    watched.page.wait_for_selector(".live.on")
    expect(watched.page.locator(".row")).to_have_count(1)
    site.send(mail("seen as it comes"))
    expect(watched.page.locator(".row")).to_have_count(2)


def hide(page: Page, hidden: bool) -> None:
    """Do what a browser does with a tab that goes behind another: Playwright keeps all of them in front."""
    page.evaluate(
        """hidden => { Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
             document.dispatchEvent(new Event("visibilitychange")); }""",
        hidden,
    )


def test_a_page_finds_its_server_again_and_what_came_meanwhile(tmp_path, watched):
    def server() -> FakeServer:
        mailboxes = {USER: PASSWORD}
        return FakeServer("generic", mailboxes=mailboxes, maildir=tmp_path / "Maildir", capture=False)

    first = server()
    with WebServer(first) as web, first:
        site = Site(first, web)
        site.send(mail("before"))
        watched.page.goto(f"{site.url}/")
        watched.page.wait_for_selector(".live.on")
        expect(watched.page.locator(".row")).to_have_count(1)
    watched.page.wait_for_selector(".live:not(.on)")
    second = server()
    with WebServer(second, port=web.port) as web, second:
        site = Site(second, web)
        site.send(mail("after"))
        watched.page.wait_for_selector(".live.on")
        expect(watched.page.locator(".row")).to_have_count(2)
        site.send(mail("live again"))
        expect(watched.page.locator(".row")).to_have_count(3)


@contextlib.contextmanager
def serving(*options: str, **environment: str):
    command = [sys.executable, "-m", "umail_host.cli", "serve", "--profile", "generic", "--web", "--no-open", *options]
    settings = {"PYTHONPATH": str(ROOT / "host_tools"), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        env={**os.environ, **settings, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in iter(process.stdout.readline, ""):
            lines.append(line)
            if line.startswith("page: "):
                break
        told = "".join(lines)
        port = int(re.search(r" on [\d.]+:(\d+),", told)[1])
        try:
            yield process, port, told
        finally:
            process.kill()


def test_a_server_that_is_killed_while_it_receives_has_every_mail_that_it_accepted_whole(tmp_path):
    maildir, accepted = tmp_path / "Maildir", []

    def send(port: int) -> None:
        client = smtplib.SMTP("127.0.0.1", port, local_hostname="test.example", timeout=10)
        with contextlib.suppress(OSError, smtplib.SMTPException), client:
            for number in range(10_000):
                subject = f"{threading.get_ident()}-{number}"
                text = f"Subject: {subject}\r\n\r\n" + "x" * 70 + "\r\n" * 200 + "end\r\n"
                client.sendmail("a@b.example", ["c@d.example"], text)
                accepted.append(subject)

    with serving("--quiet", "--maildir", str(maildir)) as (process, port, _):
        clients = [threading.Thread(target=send, args=(port,)) for _ in range(4)]
        for client in clients:
            client.start()
        due = time.monotonic() + 30
        while len(accepted) < 60 and time.monotonic() < due:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        for client in clients:
            client.join(20)
    store = Store(maildir, "the next run")
    found = {row["subject"]: row["id"] for row in store.find({}, 0, 10_000)[1]}
    assert set(accepted) <= set(found)
    assert len(found) <= len(accepted) + len(clients)
    for key in found.values():
        assert (store.content(key) or b"").endswith(b"\r\nend\r\n")
    store.close()


def test_the_token_stands_in_the_printed_url_alone_and_its_url_is_good_whatever_it_holds(tmp_path):
    token = "a+b/c&d=é%20#x"
    with serving("--web-host", "127.0.0.2", UMAIL_WEB_TOKEN=token) as (_, _, told):
        assert "token" not in told.partition("page: ")[2]  # loopback, whatever its number: nobody else gets here
    with serving("--web-host", "0.0.0.0", UMAIL_WEB_TOKEN=token) as (process, _, told):
        url = told.partition("page: ")[2].strip()
        path, port = url[url.index("/?") :], int(re.search(r":(\d+)/", url)[1])
        for asked, headers, status in (
            (path, {}, 303),
            (path.replace("?", "nothing?"), {}, 401),
            ("/", {"Authorization": f"Bearer {token}".encode()}, 200),
            ("/api/v1/mails?limit=x", {"Authorization": f"Bearer {token}".encode()}, 422),
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", asked, headers=headers)
            answer = connection.getresponse()
            octets = answer.read() + str(answer.headers).encode()
            assert answer.status == status, asked
            assert token.encode() not in octets
            assert path.partition("=")[2].encode() not in octets
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            connection.close()
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert token.encode() not in arguments
        process.terminate()
        rest = process.stdout.read()
        assert token not in rest
        assert path not in rest
