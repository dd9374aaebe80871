"""`umail console`, `umail log` and `umail outbox` on a board that runs the alert node."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from typer.testing import CliRunner

import planted
from host.firmware.firmware_rig import rig, settings
from umail_host.cli import app
from umail_host.device import maintenance
from umail_host.errors import UserError
from umail_host.virtual_board import VirtualBoard


@pytest.fixture
def node(flash, tmp_path):
    with rig(flash, tmp_path / "board") as made:
        yield made


def run(node, *arguments):
    done = CliRunner().invoke(app, [*arguments, "--port", node.board.port])
    if isinstance(done.exception, Exception):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_the_log_of_the_board_is_printed(node):
    node.start(settings(node.server))
    node.wait_for("clock set")
    assert "clock set to" in run(node, "log")
    node.wait_for("freezer-3: alertnode")
    assert len(json.loads(run(node, "log", "--lines", "2", "--json"))) == 2


def test_the_log_has_the_message_id_that_an_administrator_follows(node):
    node.celsius = 35
    node.start(settings(node.server))
    (mail,) = node.server.inbox.wait(1, 30)
    node.wait_for("alert mailed to")
    text = run(node, "log")
    assert f" Message-ID {mail['Message-ID']}\n" in text
    assert f"Get-MessageTraceV2 -MessageId '{mail['Message-ID']}' | Get-MessageTraceDetailV2" in text
    # By a server of another kind no mail is inside Microsoft 365.
    config = settings(node.server)
    config["mail"]["route"] = "smtp"
    with maintenance.held(node.board.port) as link:
        link.put("/config.json", json.dumps(config).encode())
    text = run(node, "log")
    assert f" Message-ID {mail['Message-ID']}\n" in text
    assert "Microsoft" not in text


def test_mails_that_wait_are_listed_shown_tried_again_and_removed(node):
    node.celsius = 35
    config = settings(node.server)
    config["interval"] = 60
    node.start(config, secrets={"mail_password": "wrong", "wifi_password": planted.WIFI_PASSWORD})
    node.wait_for("alert not mailed")
    listed = run(node, "outbox", "ls")
    assert "Temperature 35.0 °C, limit 30 °C" in listed
    assert "to ops@contoso.com" in listed
    number = json.loads(run(node, "outbox", "ls", "--json"))[0]["number"]
    assert listed.startswith(number), "a program hands on what it read"
    shown = run(node, "outbox", "show", number)
    assert "subject:" in shown
    assert "alert above 30 °C" in shown
    # It was refused at login: the route rests for hours, and this mail with it.
    (row,) = json.loads(run(node, "outbox", "ls", "--json"))
    assert (row["state"], row["attempts"]) == ("pending", 1)
    assert 3 * 3600 < row["due"] < 48 * 3600
    assert re.search(rf"^{number}  pending    in \d+ h \d+ min ", listed, re.MULTILINE), listed
    assert re.search(r"^ +1 attempt, the last: the route rests \(\w+\): \w", listed, re.MULTILINE), listed
    assert "the route rests" in shown
    assert "1 mail will be tried" in run(node, "outbox", "retry")
    assert json.loads(run(node, "outbox", "ls", "--json"))[0]["due"] < 3600
    assert f"{number} removed: Temperature 35.0 °C" in run(node, "outbox", "purge", number)
    with pytest.raises(UserError, match=f"no mail {number}"):
        run(node, "outbox", "show", number)
    assert "none was given up" in run(node, "outbox", "ls"), "removed is not delivered"


def test_a_board_without_umail_is_told_to_be_deployed_to(tmp_path, micropython):
    with VirtualBoard(tmp_path / "flash") as board:
        done = CliRunner().invoke(app, ["outbox", "ls", "--port", board.port])
    with pytest.raises(UserError, match="run umail deploy first"):
        raise done.exception


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("outbox", "purge"), "say which"),
        (("outbox", "purge", "1", "--dead"), "say which"),
        (("outbox", "show", "first"), "is not the number of a mail"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, words):
    done = CliRunner().invoke(app, [*arguments, "--port", "/dev/none"])
    with pytest.raises(UserError, match=words):
        raise done.exception


def test_the_console_goes_on_after_a_reset_hides_control_characters_and_ends_with_ctrl_c(tmp_path, micropython):
    with VirtualBoard(tmp_path / "flash") as board:
        command = [sys.executable, "-m", "umail_host.cli", "console", "--port", board.port]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TERM": "dumb"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment) as process:
            seen = []
            twice = threading.Event()

            def read():
                for line in process.stdout:
                    seen.append(line)
                    if sum(b"MicroPython" in one for one in seen) >= 2:
                        twice.set()

            reader = threading.Thread(target=read)
            reader.start()
            for _ in range(40):
                board.console.skip()
                board.hard_reset()
                board.wait_for("MicroPython", 30)
                if twice.wait(0.5):
                    break
            process.send_signal(signal.SIGINT)
            reader.join(20)
            assert process.wait(20) == 0
    assert twice.is_set(), seen
    assert b"Traceback" not in b"".join(seen)
    assert b"\x1b" not in b"".join(seen)
