"""`umail serve`: it serves until Ctrl-C, shows the dialogue, and says in one sentence what a user got wrong."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import smtplib
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import planted

ROOT = Path(__file__).resolve().parents[3]
UMAIL = [sys.executable, "-m", "umail_host.cli", "serve"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "host_tools"), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


def test_it_serves_until_ctrl_c_and_shows_the_dialogue_without_the_password(tmp_path):
    root = tmp_path / "root.pem"
    arguments = ["--profile", "generic", "--mailbox", "a@b.example", "--ca-out", str(root), "--set", "mechanisms=PLAIN"]
    arguments += ["--maildir", str(tmp_path / "mail"), "--timeline", str(tmp_path / "timeline.json")]
    environment = {**ENVIRONMENT, "UMAIL_SERVE_PASSWORD": planted.MAIL_PASSWORD}
    with subprocess.Popen([*UMAIL, *arguments], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(re.search(r":(\d+),", process.stdout.readline())[1])
        with smtplib.SMTP("localhost", port, local_hostname="x.example", timeout=10) as client:
            client.starttls(context=ssl.create_default_context(cafile=root))
            client.login("a@b.example", planted.MAIL_PASSWORD)
            content = f"Subject: warm {planted.MAIL_PASSWORD}\r\n\r\n{planted.MAIL_PASSWORD}\r\n"
            client.sendmail("a@b.example", "c@d.example", content)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "TLS   → AUTH PLAIN [masked]" in output
    assert "clear ← 220" in output
    assert "Subject: warm [masked]" in output
    assert "served 1 connection, 1 mail\n" in output
    assert not planted.found(output)
    timeline = (tmp_path / "timeline.json").read_text()
    assert json.loads(timeline)["mail"][0]["subject"] == "warm [masked]"
    assert not planted.found(timeline)
    (mail,) = (tmp_path / "mail" / "new").iterdir()
    # A mail is kept as it came.
    assert planted.MAIL_PASSWORD in mail.read_text()
    mail.unlink()


def test_what_a_mail_holds_never_steers_the_terminal():
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
    encoded = f"=?utf-8?B?{base64.b64encode(evil.encode()).decode()}?="
    content = f"Subject: {encoded}\r\nFrom: {encoded} <a@b.example>\r\nContent-Type: text/plain; charset=utf-8\r\n"
    content += f"MIME-Version: 1.0\r\n\r\n{evil}\r\nend\r\n"
    arguments = ["--profile", "generic", "--set", "require_auth=no", "--set", "require_tls=no"]
    with subprocess.Popen([*UMAIL, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        port = int(re.search(rb":(\d+),", process.stdout.readline())[1])
        with smtplib.SMTP("localhost", port, local_hostname="x.example", timeout=10) as client:
            client.docmd("NOOP", evil.encode("latin-1", "replace").decode("ascii", "replace").replace("\ufffd", "?"))
            client.sendmail("a@b.example", "c@d.example", content.encode())
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10)
    assert "│ end".encode() in output
    for octets in (b"\x1b", b"\x07", b"\xc2\x9b", "\u202e".encode()):
        assert octets not in output, octets


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--profile", "nonsense"], "m365-submission"),
        (["--certificate", "nonsense"], "expired"),
        (["--set", "nonsense=1"], "pipelining"),
        (["--set", "nonsense"], "NAME=VALUE"),
        (["--set", "tarpit=inf"], "tarpit is inf; it takes a number, 0 or more"),
        (["--set", "order=FOO"], "order has 'FOO'; it takes SIZE, "),
        (["--set", "mechanisms=LOGIN,CRAM-MD5"], "mechanisms has 'CRAM-MD5'; it takes LOGIN, "),
        (["--set", "xoauth2_refusal=google"], "it takes exchange, gmail"),
        (["--set", "login_prompts=Username:"], "it takes two words with a comma between them"),
        (["--set", "extra=HELP\r\n250 AUTH"], "a line of a server holds printable ASCII characters"),
        (["--set", "size=big"], "size is 'big'; it takes a whole number"),
        (["--set", "tarpit=-1"], "tarpit is -1.0; it takes a number, 0 or more"),
        (["--set", "pipelining=perhaps"], "yes or no"),
        (["--set", "mailboxes=me"], "mailboxes can't be set here"),
        (["--set", "host=me"], "host can't be set here"),
        (["--ca", __file__], "holds no root certificate with its key"),
        (["--ca-out", "/nonexistent/root.der"], "can't write"),
        (["--host", "192.0.2.1"], "can't listen"),
        (["--tls-version", "9"], "1.3"),
        (["--mailbox", "a@b.c\r\nd@e.f"], "give the name of a user, such as esp32@contoso.com"),
        (["--hostname", "my host"], "a --hostname or --host cannot be the name of a host"),
        (["--maildir", __file__], "can't be used (Not a directory)"),
        (["--timeline", "/nonexistent/timeline.json"], "can't write"),
        (["--fault", "rcpt-nonsense"], "rcpt-452"),
        (["--toxic", "nonsense=1"], "latency"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_status(umail, arguments, sentence):
    done = umail("serve", *arguments)
    assert done.returncode in (2, 4)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_can_be_set_is_listed_in_the_help():
    shown = subprocess.run([*UMAIL, "--help"], env=ENVIRONMENT, capture_output=True, text=True, timeout=20, check=True)
    for setting in ("size=52428800", "per_minute=0", "mechanisms=LOGIN,PLAIN,XOAUTH2", "chunking=yes"):
        assert setting in shown.stdout


def test_it_keeps_one_root_and_says_that_mails_are_deleted_at_the_end(tmp_path):
    kept, roots = tmp_path / "root.pem", []
    for number in (1, 2):
        arguments = ["--profile", "generic", "--ca", str(kept), "--ca-out", str(tmp_path / f"{number}.pem")]
        with subprocess.Popen([*UMAIL, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            port = int(re.search(r":(\d+),", process.stdout.readline())[1])
            process.stdout.readline()
            assert "deleted at the end" in process.stdout.readline()
            roots.append((tmp_path / f"{number}.pem").read_bytes())
            with smtplib.SMTP("localhost", port, local_hostname="x.example", timeout=10) as client:
                client.starttls(context=ssl.create_default_context(cafile=tmp_path / "1.pem"))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)
    assert roots[0] == roots[1]
    assert b"PRIVATE KEY" not in roots[0]
    assert kept.stat().st_mode & 0o077 == 0


def test_faults_toxics_and_timeline_work_from_the_command_line(tmp_path):
    arguments = ["--profile", "generic", "--fault", "banner-multiline,rcpt-452@1", "--toxic", "latency=0.001"]
    arguments += ["--timeline", str(tmp_path / "timeline.json"), "--seed", "7"]
    with subprocess.Popen([*UMAIL, *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(re.search(r":(\d+),", process.stdout.readline())[1])
        with smtplib.SMTP("localhost", port, local_hostname="x.example", timeout=10) as client:
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="452"):
                client.sendmail("a@b.example", "c@d.example", "Subject: warm\r\n\r\n")
            client.sendmail("a@b.example", "c@d.example", "Subject: warm\r\n\r\n")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "fault rcpt-452" in output
    whole = json.loads((tmp_path / "timeline.json").read_text())
    assert (whole["seed"], whole["sessions"][0]["faults"]) == (7, ["banner-multiline", "rcpt-452"])
    assert [mail["subject"] for mail in whole["mail"]] == ["warm"]


def test_faults_are_listed_one_a_line_and_can_be_searched():
    command = [sys.executable, "-m", "umail_host.cli", "faults"]
    listed = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=20, check=True).stdout
    found = subprocess.run(
        [*command, "rcpt-452"], env=ENVIRONMENT, capture_output=True, text=True, timeout=20, check=True
    )
    for name in ("starttls-stripped", "content-lost", "latency"):
        assert f"  {name} " in listed
    assert "  rcpt-452 " in found.stdout
    assert "content-lost" not in found.stdout


def test_it_ends_where_nobody_reads_its_output_any_more():
    command = [*UMAIL, "--profile", "generic"]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        port = int(re.search(r":(\d+),", process.stdout.readline())[1])
        process.stdout.close()
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtplib.SMTP("localhost", port, local_hostname="x.example", timeout=5).noop()
        process.wait(timeout=10)
        assert "Traceback" not in process.stderr.read()
