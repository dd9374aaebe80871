"""The command as a first-time user meets it: mistakes, Ctrl-C, pipes that close, completion, exit status."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer.main

from umail_host import cli, terminal
from umail_host import files as brought
from umail_host.device import port_failure
from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.virtual_board import VirtualBoard

ROOT = Path(__file__).resolve().parents[3]
UMAIL = str(Path(sys.executable).with_name("umail"))
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


# What people write into a configuration by mistake.
ODD = {
    "empty.json": "\n",
    "twice.json": '{"mail": {}, "wifi": {}, "mail": {"to": []}}',
    "nan.json": '{"rules": [{"limit": NaN}]}',
    "huge.json": '{"rules": [{"limit": 1e999}]}',
    "inf.toml": "interval = inf",
    "digits.json": '{"interval": ' + "9" * 5000 + "}",
    "digits.toml": "interval = " + "9" * 5000,
    "half.json": r'{"wifi": {"ssid": "\ud800"}}',
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what people mix up."""
    (tmp_path / "broken.toml").write_text("[wifi")
    (tmp_path / "broken.json").write_text('{"a":')
    (tmp_path / "latin.toml").write_bytes(b'name = "K\xfchlschrank"')
    (tmp_path / "file").write_text("")
    for name, content in ODD.items():
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UMAIL_PORT", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("log --port /dev/none", 3, "/dev/none can't be opened: there is no such port; `umail boards` lists"),
        ("log --port null", 3, "the port null can't be opened: there is no such port; did you mean /dev/null?"),
        ("log --port file", 3, "it is not a port"),
        ("log --port /dev/null", 3, "it is not a serial port"),
        ("console --port rfc2217://127.0.0.1:1", 3, "nothing listens there"),
        ("console --port rfc2217://freezer", 3, "write it as rfc2217://HOST:PORT"),
        ("console --port ftp://freezer", 3, "write a device, such as"),
        (
            "deploy --port /dev/none --config absent.json",
            2,
            "absent.json can't be read: No such file or directory; check name and folder (",
        ),
        (
            "deploy --port /dev/none --config broken.json",
            2,
            "broken.json is not JSON: it breaks off at the end: a } or ] is missing (line 1)",
        ),
        ("deploy --port /dev/none --config empty.json", 2, "empty.json is empty"),
        ("doctor --config twice.json", 2, 'it holds "mail" twice in one object; remove one'),
        ("doctor --config nan.json", 2, "NaN is not a number that a board can hold"),
        ("doctor --config huge.json", 2, "1e999 is not a number that a board can hold"),
        ("doctor --config inf.toml", 2, "inf is not a number that a board can hold"),
        ("doctor --config digits.json", 2, "it holds a number of thousands of digits"),
        ("doctor --config digits.toml", 2, "it holds a number of thousands of digits"),
        ("doctor --config half.json", 2, r"holds half of a character, \ud800: write the character itself"),
        ("deploy --port /dev/none --config latin.toml", 2, "latin.toml is not text in UTF-8, line 1 "),
        ("provision broken.toml", 2, "broken.toml is not TOML"),
        ("doctor --config broken.toml --dns router", 2, "--dns router: write ADDRESS or ADDRESS#PORT"),
        ("doctor --config broken.toml --dns 1.2.3.4#65536", 2, "write ADDRESS or ADDRESS#PORT"),
        ("provision broken.toml --dns 1.2.3.4#x", 2, "write ADDRESS or ADDRESS#PORT"),
        ("farm exporter --serial a=/dev/ttyS0 --network a=b:1", 2, "a is the name of two boards: give each its own"),
        ("farm exporter --network a=b:65536", 2, "write it as NAME=HOST:PORT"),
        ("demo --limit nan", 2, "--limit nan: give a number"),
        ("demo --hysteresis inf", 2, "--hysteresis inf: give a number"),
        ("provision broken.toml --port /dev/none", 2, "broken.toml is not TOML"),
        ("doctor --config broken.toml", 2, "broken.toml is not TOML"),
        ("flash absent.bin", 2, "absent.bin is neither a file here nor a version"),
        ("flash file", 2, "for which board is file? give --board"),
        ("faults nosuch", 2, "no fault has 'nosuch'"),
        ("serve --maildir /proc/nosuch/mail", 2, "/proc/nosuch"),
        ("farm exporter --serial freezer", 2, "write it as NAME=/dev/PORT"),
        ("farm places absent.yaml --name rack", 2, "absent.yaml can't be read"),
        ("demo --trace absent.csv --limit 3", 2, "absent.csv can't be read"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_status(files: Path, umail: Any, words: str, status: int, said: str) -> None:
    done = umail(*words.split())
    assert done.returncode == status
    assert done.stderr.startswith("umail: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_port_that_another_program_uses_is_told_with_its_name(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash") as virtual, Board(virtual.port):
        done = subprocess.run([UMAIL, "log", "--port", virtual.port], capture_output=True, text=True, check=False)
        assert done.returncode == 3
        assert re.search(rf"can't be opened: \S+ \(process {os.getpid()}\) uses it; close that first", done.stderr)


def test_a_port_that_one_may_not_use_is_told_with_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    import grp

    main, slave = pty.openpty()
    try:
        monkeypatch.setattr(port_failure.os, "access", lambda path, mode: False)
        os.chmod(os.ttyname(slave), 0o660)
        monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group(("dialout", "x", number, [])))
        assert "sudo usermod -aG dialout $USER, then log out" in port_failure.reason(os.ttyname(slave))
    finally:
        os.close(main)
        os.close(slave)


def test_a_question_that_nobody_answers_ends_in_a_sentence(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash") as virtual:
        command = [UMAIL, "provision", "--port", virtual.port]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2
    assert "this is not a terminal, and its input has ended: run it in one, or pass a TOML file" in done.stderr


def test_a_reader_that_goes_away_causes_no_traceback() -> None:
    done = subprocess.run(["bash", "-c", f"{UMAIL} faults | head -1"], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_ctrl_c_ends_a_command_with_status_130() -> None:
    main, slave = pty.openpty()
    try:
        command = [UMAIL, "log", "--port", os.ttyname(slave)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert os.read(main, 10)  # it knocks at the board
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=20)
    finally:
        os.close(main)
        os.close(slave)
    assert process.returncode == 130
    assert printed == ""
    assert "Traceback" not in said


def test_all_that_lists_prints_json() -> None:
    for words in (["faults", "rcpt"], ["boards", "--known"]):
        done = subprocess.run([UMAIL, *words, "--json"], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)


def test_a_shell_completes_commands_and_options(tmp_path: Path) -> None:
    here = {**os.environ, "HOME": str(tmp_path), "PATH": f"{Path(UMAIL).parent}:{os.environ['PATH']}"}
    for option in ("--show-completion", "--install-completion"):
        command = ["bash", "-c", f"umail {option}; true"]
        done = subprocess.run(command, env=here, capture_output=True, text=True, check=True)
        assert "complet" in done.stdout
    script = next(path for path in tmp_path.rglob("umail*") if path.is_file())
    ask = f'source {script}; COMP_WORDS=(umail %s); COMP_CWORD=%d; _umail_completion umail; echo "${{COMPREPLY[@]}}"'
    for words, number, expected in (("bo", 1, "board boards"), ("outbox l", 2, "ls"), ("log --li", 2, "--lines")):
        command = ["bash", "-c", ask % (words, number)]
        done = subprocess.run(command, env=here, capture_output=True, text=True, check=True)
        assert done.stdout.split() == expected.split(), done.stderr


def test_the_page_has_every_command_variable_and_exit_status() -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert set(commands) == set(re.findall(r"^\| `umail ([\w-]+)", PAGE, re.MULTILINE))
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "host_tools" / "umail_host").rglob("*.py")]
    variables = {name for source in sources for name in re.findall(r"\"(UMAIL_[A-Z_]*[A-Z])\"", source)}
    assert {name for name in variables if f"`{name}`" not in PAGE} == set()
    statuses = {status for source in sources for status in statuses_in(source)}
    assert statuses <= {int(text) for text in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}


def statuses_in(source: str) -> set[int]:
    """Exit statuses that a module gives to its errors as numbers."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    errors = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "UserError"]
    given = [value for call in errors for value in [*call.args[1:], *(word.value for word in call.keywords)]]
    return {value.value for value in given if isinstance(value, ast.Constant)}


def test_what_is_left_until_a_date_is_told_in_words() -> None:
    told = [terminal.days(seconds) for seconds in (30 * 86400 + 5, 2 * 86400 - 1, 86400, 86399, 0)]
    assert told == ["30 days", "1 day", "1 day", "less than a day", "less than a day"]


def test_a_byte_order_mark_does_no_harm_and_other_encodings_are_told_with_the_remedy(tmp_path: Path) -> None:
    for name, text, toml in (("a.json", '{"name": "Kühl"}', False), ("a.toml", 'name = "Kühl"', True)):
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8-sig"))
        assert brought.table(path, toml) == {"name": "Kühl"}
        for encoding, said in (("utf-16", "UTF-16: save it as UTF-8"), ("cp1252", r"another encoding \(ANSI\?\)")):
            path.write_bytes(text.encode(encoding))
            with pytest.raises(UserError, match=said):
                brought.table(path, toml)
