"""`umail board`: a virtual board at the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from umail_host.cli import app
from umail_host.device import identity, maintenance, ports
from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.provision import many
from umail_host.virtual_board import interpreter, listed

COMMAND = [sys.executable, "-m", "umail_host.cli", "board"]


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [*COMMAND, *arguments]
    return subprocess.Popen(
        command, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_a_script_can_start_it_behind_itself_and_end_it(tmp_path: Path, micropython: str) -> None:
    # A shell starts what stands before & with SIGINT ignored and without input.
    script = (
        f"{sys.executable} -m umail_host.cli board --link port --flash flash & echo $!; wait $!; echo ended with $?"
    )
    with subprocess.Popen(["sh", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        number = int(shell.stdout.readline())
        while "Ctrl-C ends" not in shell.stdout.readline():
            pass
        time.sleep(0.5)
        os.kill(number, signal.SIGTERM)
        rest, _ = shell.communicate(timeout=20)
    assert rest == "stopped\nended with 0\n"


def test_a_fleet_knows_it_by_the_id_that_it_was_given(tmp_path: Path, micropython: str) -> None:
    with start("--link", str(tmp_path / "port"), "--id", "24:0A:C4:00:00:01") as running:
        assert running.stdout is not None
        while "Ctrl-C ends" not in running.stdout.readline():
            pass
        with maintenance.held(str(tmp_path / "port"), reset=False) as link:
            assert identity.unique_id(link) == "240ac4000001"
        running.send_signal(signal.SIGTERM)
    done = subprocess.run([*COMMAND, "--id", "xyz"], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "umail: --id xyz: give 1 to 32 bytes in hexadecimal, such as 240ac4c0ffee\n",
    )


def test_umail_boards_lists_those_that_run_and_asks_them(tmp_path: Path, micropython: str) -> None:
    port = tmp_path / "port"

    def boards(*more: str) -> list[dict[str, str]]:
        command = [sys.executable, "-m", "umail_host.cli", "boards", "--json", *more]
        found: list[dict[str, str]] = json.loads(subprocess.check_output(command, text=True, timeout=60))
        return [row for row in found if row["title"].startswith("virtual board")]

    assert not boards()
    with start("--link", str(port), "--id", "240ac4000001") as running:
        assert running.stdout is not None
        while "Ctrl-C ends" not in running.stdout.readline():
            pass
        (row,) = boards()
        assert (row["device"], row["candidates"], row["title"]) == (str(port), "virtual", "virtual board 240ac4000001")
        (probed,) = boards("--probe")
        assert (probed["id"], probed["board"]) == ("240ac4000001", "virtual")
        # One that is killed leaves its note.
        running.kill()
    assert list(listed.folder().glob("*.json"))
    assert not boards()
    assert not list(listed.folder().glob("*.json"))


@pytest.mark.parametrize("version", ["1.22.2", "1.26.1", ""])
def test_a_micropython_without_a_raw_repl_is_refused_in_one_sentence(tmp_path: Path, version: str) -> None:
    old = tmp_path / "micropython"
    old.write_text(f"#!/bin/sh\necho {version.replace('.', ' ')}\n", encoding="ascii")
    old.chmod(0o755)
    code = "import sys; sys.executable = '/nowhere/python'; from umail_host.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "board"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == (
        f"umail: the virtual board needs MicroPython 1.27 or newer, and {old} is {version or 'something else'}\n"
    )
    assert done.returncode == 2


def test_an_interpreter_on_a_relative_path_is_started_from_everywhere(
    tmp_path: Path, micropython: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "micropython").symlink_to(Path(micropython).absolute())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"bin:{os.environ['PATH']}")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert interpreter.find_micropython() == tmp_path / "bin" / "micropython"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_stopped_and_ends_with_0(tmp_path: Path, micropython: str, end: signal.Signals) -> None:
    link = tmp_path / "port"
    with start("--link", str(link), "--flash", str(tmp_path / "flash")) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"board virtual at {link}\n"
        assert "mpremote connect" in process.stdout.readline()
        with Board(str(link)) as board:
            board.enter()
            board.put("/kept", b"1")
        process.send_signal(end)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert not link.is_symlink()
    assert (tmp_path / "flash" / "flash.img").exists()


def test_the_world_obeys_what_is_typed(tmp_path: Path, micropython: str) -> None:
    link = tmp_path / "port"
    with start("--link", str(link), "--console") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        printed = process.stdout.readline()
        while f"board virtual at {link}\n" not in printed:
            printed += process.stdout.readline()
        for line in (
            "ds18b20 4 37.5",
            "pin 13 0",
            "volts 34 0.5",
            "dht 5 21 55",
            "ntp off",
            "wifi refuse",
            "",
            "fly",
            "bme280 21.5",
        ):
            process.stdin.write(line + "\n")
        for line in ("sht4x 21.5 40", "i2c hold", "max31865 5 80", "ds18b20 4 5 1", "pulse 12 3", "show 13"):
            process.stdin.write(line + "\n")
        with Board(str(link)) as board:
            board.enter()
            for _ in range(100):
                if not board.eval("__import__('machine').Pin(13, 1, 2).value()"):
                    break
                time.sleep(0.02)
            assert board.eval("__import__('machine').ADC(34).read_uv()") == 500_000
        process.stdin.write("reset\n")
        process.stdin.flush()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        printed += process.communicate(timeout=20)[0]
    assert process.returncode == 0
    assert printed.count("not understood") == 2
    assert "pin 13 is 0" in printed
    assert printed.count("rst:0x1") == 2


def test_what_the_board_prints_never_steers_the_terminal(tmp_path: Path, micropython: str) -> None:
    link = tmp_path / "port"
    with start("--link", str(link), "--console") as process:
        while not link.is_symlink():
            time.sleep(0.01)
        with Board(str(link)) as board:
            board.enter()
            board.put("/main.py", r"print('\x1b]0;owned\x07\x1b[2J\x9b31m\u202e', 'Kühlraum', 'end')".encode())
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("reset\n")
        process.stdin.flush()
        first = ""
        while " end\n" not in first:
            first += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=20)
    printed = first + printed
    assert "]0;owned[2J31m Kühlraum end\n" in printed
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(printed)


def test_the_console_shows_what_the_program_prints_and_not_what_a_host_command_asks(
    tmp_path: Path, micropython: str
) -> None:
    link = tmp_path / "port"
    with start("--link", str(link), "--console") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while not link.is_symlink():
            time.sleep(0.01)
        with Board(str(link)) as board:
            board.enter()
            board.put("/main.py", b"import time\nprint('it runs')\ntime.sleep(600)\n")
            assert board.eval("'asked' * 3") == "asked" * 3
        process.stdin.write("reset\n")
        process.stdin.flush()
        printed = ""
        while "it runs\n" not in printed:
            printed += process.stdout.readline()
        with Board(str(link)) as board:
            board.enter()
            assert board.eval("'asked' * 3") == "asked" * 3
        process.stdin.write("reset\n")
        process.stdin.flush()
        rest = process.stdout.readline()
        while "it runs\n" not in rest:
            rest += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert "KeyboardInterrupt" in rest  # that it was stopped
    assert rest.count("rst:0x1") == 1
    for spoken in ("raw REPL", "asked", ">>> ", "R\x01", "\x04"):
        assert spoken not in printed + rest


def test_an_unknown_board_and_a_wrong_link_are_told_in_one_sentence(tmp_path: Path, micropython: str) -> None:
    file = tmp_path / "file"
    file.touch()
    for arguments, words in ((("--board", "NOPE"), "there is no board"), (("--link", str(file)), "is not a link")):
        with start(*arguments) as process:
            printed, _ = process.communicate(timeout=20)
        assert process.returncode == 2
        assert words in printed
        assert "Traceback" not in printed


def test_provisioning_all_takes_virtual_boards_if_none_is_connected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text('[[board]]\nboard_name = "freezer-1"\nid = "240ac4000001"\n', encoding="utf-8")
    port = tmp_path / "port"
    port.write_bytes(b"")
    taken: list[list[str]] = []

    def provision(run: object, order: many.Order, told: object) -> None:
        taken.append(list(order.devices))
        raise UserError("far enough")

    monkeypatch.setattr(many, "provision", provision)
    for connected, wanted in (([], [str(port)]), (["/dev/ttyUSB0"], ["/dev/ttyUSB0"])):
        found = [ports.Port(name, "", "", "", ()) for name in connected]
        monkeypatch.setattr(ports, "found", found.copy)
        with listed.listing(listed.Listed(str(port), "virtual", "240ac4000001")):
            CliRunner().invoke(app, ["provision", str(file), "--all"])
        assert taken.pop() == wanted
