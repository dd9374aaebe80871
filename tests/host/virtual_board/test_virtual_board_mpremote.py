"""The real mpremote, as a process, against the virtual board: what it does to a board on USB it must do here."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from umail_host.device.board import Board
from umail_host.virtual_board import VirtualBoard


@pytest.fixture
def board(tmp_path: Path, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path / "flash") as board:
        board.wait_for(">>> ")
        yield board


def mpremote(board: VirtualBoard, *arguments: str, status: int = 0) -> str:
    """What mpremote prints; it must end with ``status``."""
    command = [sys.executable, "-m", "mpremote", "connect", board.port, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_exec_eval_and_run_print_what_the_board_prints(board: VirtualBoard, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys\nfor i in range(3):\n    print(i, sys.platform)\n")
    assert mpremote(board, "exec", "print(6 * 7)") == "42\n"
    assert mpremote(board, "eval", "[1, 'x']") == "[1, 'x']\n"
    assert mpremote(board, "run", str(script)) == "0 esp32\n1 esp32\n2 esp32\n"


def test_an_exception_ends_mpremote_with_status_1_and_its_traceback(board: VirtualBoard) -> None:
    mpremote(board, "exec", "1/0", status=1)


def test_a_long_program_goes_through_raw_paste(board: VirtualBoard, tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text("".join(f"x{i} = {i}\n" for i in range(400)) + "print(x399)\n")
    assert mpremote(board, "run", str(script)) == "399\n"


def test_a_file_of_100_kb_arrives_on_the_board(board: VirtualBoard, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(100_000)
    (tmp_path / "there").write_bytes(data)
    mpremote(board, "cp", str(tmp_path / "there"), ":data.bin")
    assert hashlib.sha256(data).hexdigest() in mpremote(board, "sha256sum", ":data.bin")


def test_a_file_of_100_kb_comes_back_from_the_board(board: VirtualBoard, tmp_path: Path) -> None:
    data = random.Random(2).randbytes(100_000)
    with Board(board.port) as other:
        other.enter()
        other.put("/data.bin", data)
    mpremote(board, "cp", ":data.bin", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == data


def test_files_and_folders_are_listed_made_and_removed(board: VirtualBoard, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("A = 1\n")
    mpremote(board, "mkdir", ":lib", "+", "cp", str(tmp_path / "a.py"), ":lib/a.py", "+", "touch", ":empty")
    assert "6 a.py" in mpremote(board, "ls", ":lib")
    assert mpremote(board, "cat", ":lib/a.py") == "A = 1\n"
    assert mpremote(board, "exec", "import a; print(a.A)") == "1\n"
    mpremote(board, "rm", "-r", ":lib")
    assert "lib" not in mpremote(board, "ls")
    assert "VfsLfs2" in mpremote(board, "df")


def test_a_mounted_folder_is_imported_from_read_and_written(board: VirtualBoard, tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    data = bytes(range(256)) * 8  # every byte value: Ctrl-C, LF and the frame's own mark among them
    (folder / "data.bin").write_bytes(data)
    (folder / "module.py").write_text("print('imported')\ndef double(x):\n    return 2 * x\n")
    code = (
        "import module, os; print(module.double(21), sorted(os.listdir()))\n"
        "d = open('data.bin', 'rb').read(); print(len(d), d == bytes(range(256)) * 8)\n"
        "open('copy.bin', 'wb').write(d)"
    )
    printed = mpremote(board, "mount", str(folder), "exec", code)
    assert "imported\n42 ['data.bin', 'module.py']\n2048 True\n" in printed
    assert (folder / "copy.bin").read_bytes() == data
    assert mpremote(board, "exec", "import os; print(os.listdir())") == "['boot.py']\n"


def test_a_soft_reset_clears_the_heap_and_keeps_the_files(board: VirtualBoard) -> None:
    mpremote(board, "exec", "x = 1; open('kept', 'w').close()")
    assert mpremote(board, "resume", "exec", "print(x)") == "1\n"
    mpremote(board, "soft-reset")
    code = "import machine as m, os; print('x' in globals(), 'kept' in os.listdir(), m.reset_cause() == m.SOFT_RESET)"
    assert mpremote(board, "resume", "exec", code) == "False True True\n"


def test_reset_and_rtc(board: VirtualBoard) -> None:
    assert mpremote(board, "rtc").startswith("(2000, 1, 1, 5, 0, 0, ")
    mpremote(board, "rtc", "--set")
    assert mpremote(board, "rtc").startswith(f"({time.localtime().tm_year}, ")
    mpremote(board, "reset")
    board.wait_for("rst:0xc (SW_CPU_RESET)")
    board.wait_for(">>> ")
    code = "import machine; print(machine.reset_cause() == machine.HARD_RESET)"
    assert mpremote(board, "resume", "exec", code) == "True\n"
    # An ESP32's clock runs through a reset by software.
    assert mpremote(board, "rtc").startswith(f"({time.localtime().tm_year}, ")


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "import time\nwhile True: time.sleep(1)",
        "import asyncio\nasync def f():\n while True: await asyncio.sleep(1)\nasyncio.run(f())",
    ],
    ids=["busy", "sleeping", "asyncio"],
)
def test_mpremote_gets_in_while_main_py_runs_for_ever(board: VirtualBoard, tmp_path: Path, program: str) -> None:
    (tmp_path / "main.py").write_text(f"print('main ' + 'runs')\n{program}\n")
    mpremote(board, "cp", str(tmp_path / "main.py"), ":main.py", "+", "reset")
    board.wait_for("main runs")
    assert mpremote(board, "exec", "print('in')") == "in\n"
    assert "KeyboardInterrupt" in board.console.text


def test_the_repl_reacts_to_every_key_as_a_board_does(board: VirtualBoard) -> None:
    terminal = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
    try:
        time.sleep(0.1)  # somebody who opens an adapter's port sees what comes after that
        for keys, answer in (
            (b"1+1\r", "1+1\r\n2\r\n>>> "),
            (b"abc\x03", "abc\r\n>>> "),
            (b"while 1: pass\r\r", "... "),
            (b"\x03", "KeyboardInterrupt: \r\n>>> "),
            (b"\x05", "=== "),
            (b"print('pasted')\r\x04", "pasted\r\n>>> "),
            (b"\x01", "raw REPL; CTRL-B to exit\r\n>"),
            (b"print(7)\x04", "OK7\r\n\x04\x04>"),
            (b"\x04", "OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>"),
            (b"\x02", 'Type "help()" for more information.\r\n>>> '),
            (b"\x04", "\r\nMPY: soft reboot\r\nMicroPython "),
        ):
            os.write(terminal, keys)
            board.wait_for(answer, 5)
            if answer == "... ":
                time.sleep(0.2)  # the loop must run before Ctrl-C can stop it
    finally:
        os.close(terminal)
