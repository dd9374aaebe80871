"""uMail's users: their code runs as it stands, and none of uMail's defects comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wire_device import PASSWORD, ROOT, USER

from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.core.profiles import ORDER

HOST = "smtp.example.com"
LOGIN = f"username={USER!r}, password={PASSWORD!r}"
SMTP = f"smtp = umail.SMTP({HOST!r}, 587, {LOGIN})\n"
TO = "smtp.to('ops@contoso.com')\n"
Run = Callable[..., dict[str, Any]]


@pytest.fixture(params=["micropython", "cpython"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs a user's source against a server: ``run(server, source)``."""
    if request.param == "cpython":
        command, library = [sys.executable, "-O"], ROOT / "lib"
    else:
        # -O takes every assert away: none may be a check.
        command = [request.getfixturevalue("micropython"), "-O3", "-X", "heapsize=160k"]
        library = request.getfixturevalue("compiled")
    trust = tmp_path / "trust.der"

    def start(server: FakeServer, source: str) -> dict[str, Any]:
        trust.write_bytes(server.ca_der)
        job = {"source": source, "port": server.port, "trust": str(trust)}
        path = os.pathsep.join([str(library), str(ROOT / "tests" / "wire"), ".frozen"])
        done = subprocess.run(
            [*command, str(ROOT / "tests" / "wire" / "compat_program.py")],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "MICROPYPATH": path, "PYTHONPATH": str(library)},
            check=False,
        )
        for line in done.stdout.splitlines():
            if line.startswith("RESULT"):
                result: dict[str, Any] = json.loads(line[6:])
                return result
        raise AssertionError(done.stdout + done.stderr)

    return start


@pytest.fixture
def smtp(serve):
    """A server called as in the sources below."""

    def start(profile: str = "generic", **switches: Any) -> FakeServer:
        return serve(profile, hostnames=[HOST], **switches)

    return start


def works(result: dict[str, Any]) -> list[Any]:
    assert result["error"] is None, result
    return result["results"]


def refused(result: dict[str, Any]) -> dict[str, Any]:
    assert result["error"], result
    assert not result["open"], "the socket was left open"
    return result["error"]


def test_the_shortest_use_sends_a_whole_mail(run, smtp):
    server = smtp()
    assert not works(run(server, SMTP + TO + "smtp.send('This is a test: 38 °C.')\nsmtp.quit()\n"))
    (mail,) = server.inbox.wait(1)
    assert mail.get_content().strip() == "This is a test: 38 °C."
    assert (mail["From"], mail["To"], mail["Subject"]) == (USER, "ops@contoso.com", "")
    assert mail["Date"]
    assert mail["Message-ID"]
    assert server.sessions[0].messages == 1
    assert server.transcript.text().count("QUIT") == 1


def test_tls_from_the_first_octet_a_late_login_and_pieces_with_their_own_headers(run, smtp):
    server = smtp(implicit_tls=True)
    source = (
        f"smtp = umail.SMTP({HOST!r}, 465, ssl=True)\n"
        f"results.append(smtp.login({USER!r}, {PASSWORD!r}))\n"
        "results.append(smtp.to(['a@contoso.com', 'b@contoso.com']))\n"
        "smtp.write('From: Freezer <esp32@contoso.com>\\n')\n"
        "smtp.write('To: Ops <a@contoso.com>\\n')\n"
        "smtp.write('Subject: Readings\\n\\n')\n"
        "for i in range(300):\n"
        "    smtp.write('reading number %d\\n' % i)\n"
        "results.append(smtp.send())\n"
        "smtp.quit()\n"
    )
    login, to, send = works(run(server, source))
    assert (login[0], to[0], send[0]) == (235, 354, 250)
    assert isinstance(send[1], str)
    (mail,) = server.inbox.wait(1)
    assert mail["From"] == "Freezer <esp32@contoso.com>"
    assert mail["Subject"] == "Readings"
    assert mail["Date"]
    assert mail.get_content().splitlines() == [f"reading number {i}" for i in range(300)]
    assert server.inbox.deliveries[0].recipients == ["a@contoso.com", "b@contoso.com"]
    assert b"\n" not in server.inbox.deliveries[0].content.replace(b"\r\n", b"")


def test_mail_from_is_the_envelopes_sender_and_several_mails_share_a_connection(run, smtp):
    server = smtp()
    source = SMTP
    for number in range(3):
        source += f"smtp.to('ops@contoso.com', mail_from={USER!r})\nresults.append(smtp.send('mail {number}')[0])\n"
    assert works(run(server, source + "smtp.quit()\n")) == [250, 250, 250]
    assert len(server.sessions) == 1
    assert [delivery.sender for delivery in server.inbox.deliveries] == [USER] * 3


def test_direct_send_without_a_login_greets_again_after_starttls(run, smtp):
    server = smtp("m365-mx")
    source = f"smtp = umail.SMTP({HOST!r}, 25)\nsmtp.to('ops@contoso.com', mail_from={USER!r})\nsmtp.send('x')\n"
    works(run(server, source + "smtp.quit()\n"))
    assert server.sessions[0].tls
    assert len(server.inbox.wait(1)) == 1


def test_a_connection_that_the_server_closed_while_idle_is_made_anew(run, smtp):
    server = smtp(faults="idle-421@1")
    source = SMTP + (TO + "results.append(smtp.send('x')[0])\nimport time\ntime.sleep(0.3)\n") * 2
    assert works(run(server, source + "smtp.quit()\n")) == [250, 250]
    assert len(server.inbox.wait(2)) == 2


def test_a_mail_of_a_megabyte_fits_a_small_heap(run, smtp):
    server = smtp()
    source = SMTP + TO + "line = 'x' * 76 + '\\n'\nsmtp.write('Subject: s\\n\\n')\n"
    works(run(server, source + "for i in range(14000):\n    smtp.write(line)\nsmtp.send()\nsmtp.quit()\n"))
    server.inbox.wait(1)
    assert len(server.inbox.deliveries[0].content) > 14000 * 78


# -- uMail's defects ---------------------------------------------------------------------------------------------------


def test_no_starttls_means_no_password_on_the_wire(run, smtp):
    server = smtp(starttls=False, clear_mechanisms=("PLAIN", "LOGIN"))
    assert refused(run(server, SMTP))["key"] == "starttls_missing"
    assert b"AUTH PLAIN" not in server.raw_capture.octets("C")


def test_starttls_in_lower_case_is_used(run, smtp):
    order = tuple(keyword for keyword in ORDER if keyword != "STARTTLS")
    server = smtp(order=order, extra=("starttls",), clear_mechanisms=("PLAIN",))
    works(run(server, SMTP + TO + "smtp.send('x')\nsmtp.quit()\n"))
    assert server.sessions[0].tls
    assert PASSWORD.encode() not in server.raw_capture.octets()


def test_a_server_without_tls_is_refused_with_the_call_that_takes_it(run, smtp):
    error = refused(run(smtp(starttls=False), f"smtp = umail.SMTP({HOST!r}, 25)\n"))
    assert "umail.Route('smtp.example.com', 25, security=\"plain\")" in error["error"]


@pytest.mark.parametrize("certificate", ["wrong-name", "unknown-root", "expired"])
def test_certificates_are_verified_for_the_host_that_was_named(run, smtp, certificate):
    server = smtp(certificate=certificate)
    error = refused(run(server, SMTP))
    assert (error["stage"], error["kind"]) == ("starttls", "security")
    assert not server.inbox.deliveries


def test_a_dot_on_its_own_line_ends_nothing_wherever_it_is_cut(run, smtp):
    server = smtp()
    text = "a\n.\nMAIL FROM:<evil@x.org>\nRCPT TO:<evil@x.org>\nDATA\nforged\n.\n..\r\n.\r\nQUIT\r"
    source = SMTP + TO + f"smtp.write('Subject: s\\n\\n')\ntext = {text!r}\n"
    source += (
        "for c in text:\n    smtp.write(c)\nsmtp.send()\n" + TO + "smtp.write(text)\nsmtp.send(text)\nsmtp.quit()\n"
    )
    works(run(server, source))
    first, second = server.inbox.wait(2)
    assert len(server.inbox.deliveries) == 2
    assert first.get_content().splitlines() == text.splitlines()
    assert second.get_content().splitlines() == text.splitlines() * 2


@pytest.mark.parametrize("bad", ["x@y.org>\\r\\nRCPT TO:<evil@x.org", "x@y.org\\nDATA", "x\\0@y.org"])
def test_no_address_becomes_a_command(run, smtp, bad):
    server = smtp()
    for source in (
        f"smtp.to('{bad}')\n",
        f"smtp.to('a@y.org', mail_from='{bad}')\n",
        f"smtp.to(['a@y.org', '{bad}'])\n",
    ):
        result = run(server, SMTP + "try:\n    " + source + "except ValueError:\n    results.append(1)\nsmtp.quit()\n")
        assert works(result) == [1]
    assert "MAIL FROM" not in server.transcript.text()


def test_only_235_is_a_login(run, smtp):
    for fault in ("auth-503", "auth-250", "auth-535"):
        assert refused(run(smtp(faults=fault), SMTP))["stage"] == "auth"
    source = f"smtp = umail.SMTP({HOST!r}, 587)\nsmtp.login({USER!r}, {PASSWORD!r})\n"
    assert refused(run(smtp(faults="auth-503"), source))["stage"] == "auth"


def test_a_late_login_that_the_server_repeats_is_not_in_the_error(run, smtp):
    source = f"smtp = umail.SMTP({HOST!r}, 587)\nsmtp.login({USER!r}, {PASSWORD!r})\n"
    error = refused(run(smtp(faults="auth-echo"), source))
    assert error["stage"] == "auth"
    assert "***" in error["error"]
    assert b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()[:-8] not in error["error"]


def test_after_a_refused_login_the_right_one_may_follow(run, smtp):
    source = (
        f"smtp = umail.SMTP({HOST!r}, 587)\n"
        f"try:\n    smtp.login({USER!r}, 'wrong')\nexcept umail.MailError as e:\n    results.append(e.code)\n"
        f"results.append(smtp.login({USER!r}, {PASSWORD!r})[0])\n"
        + TO
        + "results.append(smtp.send('x')[0])\nsmtp.quit()\n"
    )
    assert works(run(smtp(), source)) == [535, 235, 250]


def test_a_second_login_as_somebody_else_is_refused_here(run, smtp):
    server = smtp()
    source = SMTP + f"results.append(smtp.login({USER!r}, {PASSWORD!r})[0])\n"
    source += "try:\n    smtp.login('boss@contoso.com', 'x')\nexcept ValueError:\n    results.append(1)\nsmtp.quit()\n"
    assert works(run(server, source)) == [235, 1]


def test_a_server_that_ignores_the_initial_response_never_gets_the_password_as_user_name(run, smtp):
    server = smtp(mechanisms=("LOGIN",), login_initial_response=False)
    works(run(server, SMTP + TO + "smtp.send('x')\nsmtp.quit()\n"))
    assert server.sessions[0].user == USER


def test_a_refused_mail_does_not_look_sent(run, smtp):
    for fault in ("content-554", "content-451", "rcpt-550", "mail-550", "data-554", "content-undelivered"):
        server = smtp(faults=fault)
        error = refused(run(server, SMTP + TO + "smtp.send('x')\n"))
        assert error["kind"] == ("uncertain" if fault == "content-undelivered" else error["kind"])
        assert not server.inbox.deliveries


def test_some_recipients_refused_are_remembered(run, smtp):
    server = smtp(faults="rcpt-550@2")
    source = SMTP + "smtp.to(['a@contoso.com', 'b@contoso.com'])\nsmtp.send('x')\n"
    source += "results += [(a, r.code) for a, r in smtp.receipt.refused]\nsmtp.quit()\n"
    assert works(run(server, source)) == [["b@contoso.com", 550]]


def test_no_sender_is_said_here_and_not_sent_as_none(run, smtp):
    server = smtp("m365-mx")
    result = run(server, f"smtp = umail.SMTP({HOST!r}, 25)\ntry:\n    " + TO + "finally:\n    smtp.quit()\n")
    assert "mail_from=" in refused(result)["error"]
    assert "MAIL FROM" not in server.transcript.text()


def test_replies_of_several_lines_and_several_auth_lines_are_understood(run, smtp):
    server = smtp(faults="banner-multiline", extra=("AUTH=GSSAPI", "AUTH NTLM"))
    source = SMTP + (TO + "results.append(smtp.send('x')[0])\n") * 2 + "smtp.quit()\n"
    assert works(run(server, source)) == [250, 250]
    server = smtp(faults="answer=content 250-queued\\n250-and more\\n250 ok")
    assert works(run(server, source))[0] == 250


def test_the_greeting_is_an_address_literal(run, smtp):
    server = smtp(strict_ehlo=True)
    works(run(server, SMTP + "smtp.quit()\n"))
    assert server.sessions[0].ehlo.startswith("[")


def test_the_final_reply_has_more_time_than_the_others(run, smtp):
    source = SMTP.replace(")\n", ", timeout=1)\n") + TO + "results.append(smtp.send('x')[0])\nsmtp.quit()\n"
    server = smtp()
    server.policy.delay = lambda session, envelope: 2.5
    assert works(run(server, source)) == [250]
    server = smtp(faults="silent-at=mail")
    assert refused(run(server, source))["key"] == "timeout"


@pytest.mark.parametrize(
    ("piece", "words"),
    [("'a' * 999", "998"), ("'a\\0b'", "NUL")],
)
def test_what_cannot_go_as_it_is_names_the_new_call_and_delivers_nothing(run, smtp, piece, words):
    server = smtp()
    error = refused(run(server, SMTP + TO + f"smtp.write('Subject: s\\n\\n')\nsmtp.write({piece})\n"))
    assert words in error["error"]
    assert "umail.Message" in error["error"]
    assert not server.inbox.deliveries


def test_text_beyond_ascii_goes_to_no_server_that_takes_only_ascii(run, smtp):
    server = smtp(eightbit=False, binarymime=False)
    assert "umail.Message" in refused(run(server, SMTP + TO + "smtp.send('38 °C')\n"))["error"]


def test_calls_out_of_order_are_told(run, smtp):
    source = SMTP + (
        "for call in (lambda: smtp.write('x'), lambda: smtp.send('x')):\n"
        "    try:\n        call()\n    except ValueError as e:\n        results.append(str(e))\n"
        + TO
        + "try:\n    "
        + TO
        + "except ValueError as e:\n    results.append(str(e))\nsmtp.quit()\n"
    )
    server = smtp()
    assert [words for words in works(run(server, source)) if "call" in words] == [
        "write, send: call to() first",
        "write, send: call to() first",
        "to: the mail before is not ended: call send() first",
    ]
    assert not server.inbox.deliveries
