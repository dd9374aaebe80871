"""The host's view of a board on a serial port: reached whatever it does, over a pseudo-terminal and over RFC 2217."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from umail_host.device.board import Board, BoardError, Entry, ExecError
from umail_host.hil.dut import _Link
from umail_host.virtual_board import VirtualBoard


@pytest.fixture(params=[False, True], ids=["pty", "rfc2217"])
def virtual(request: pytest.FixtureRequest, tmp_path: Path, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path / "flash", rfc2217=request.param) as virtual:
        virtual.wait_for(">>> ")
        yield virtual


def test_code_runs_and_its_values_and_errors_come_back(board: Board) -> None:
    assert board.exec("print('a')\nprint('b')") == "a\nb\n"
    assert board.eval("1, b'\\x00', {'k': None}") == (1, b"\0", {"k": None})
    with pytest.raises(ExecError, match="raised ValueError: no") as caught:
        board.exec("def f():\n    raise ValueError('no')\nf()")
    assert "line 2, in f" in caught.value.traceback
    assert caught.value.exit_code == 3
    with pytest.raises(BoardError, match="answered"):
        board.eval("object()")


def test_output_is_shown_as_it_comes(board: Board) -> None:
    shown = bytearray()
    assert board.exec("print('now')", on_output=shown.extend) == ""
    assert shown == b"now\r\n"


def test_files_and_folders(board: Board) -> None:
    data = random.Random(3).randbytes(5000)
    written: list[int] = []
    board.make_folder("/lib/umail")
    board.make_folder("/lib/umail")
    board.put("/lib/umail/x.mpy", data, progress=written.append)
    board.put("/empty", b"")
    assert sum(written) == 5000
    assert board.get("/lib/umail/x.mpy") == data
    assert board.get("/empty") == b""
    assert board.exists("/empty")
    assert not board.exists("/missing")
    tree = board.tree()
    assert tree["/lib/umail"] == Entry(-1, "")
    assert tree["/lib/umail"].is_folder
    assert tree["/lib/umail/x.mpy"] == Entry(5000, board.hash("/lib/umail/x.mpy"))
    assert board.tree("/lib/umail/") == {"/lib/umail/x.mpy": tree["/lib/umail/x.mpy"]}
    board.remove("/lib")
    board.remove("/missing")
    assert board.listdir() == ["boot.py", "empty"]


@pytest.mark.parametrize(
    "program",
    ["while True: pass", "import time\nwhile True: time.sleep(1)", "while True: print('chatter' * 9)"],
    ids=["busy", "sleeping", "chatting"],
)
def test_a_running_firmware_is_stopped(virtual: VirtualBoard, board: Board, program: str) -> None:
    board.put("/main.py", f"print('main ' + 'runs')\n{program}\n".encode())
    board.start()
    board.wait_for("main runs", 5)
    board.enter()
    assert board.eval("6 * 7") == 42


def test_a_sleeping_firmware_is_caught_in_its_boot_window(virtual: VirtualBoard, board: Board) -> None:
    program = "import machine, time\nprint('window ' + 'open')\ntime.sleep(0.3)\nmachine.deepsleep(700)\n"
    board.put("/main.py", program.encode())
    board.start()
    board.wait_for("window open", 5)
    time.sleep(0.5)  # asleep now
    board.enter()
    assert board.eval("__import__('machine').reset_cause()") == 4


def test_a_crashing_firmware_is_caught_between_two_crashes(virtual: VirtualBoard, board: Board) -> None:
    program = "import machine, time\nprint('window ' + 'open')\ntime.sleep(0.2)\nmachine.reset()\n"
    board.put("/main.py", program.encode())
    board.start()
    board.wait_for("window open", 5)
    board.enter()
    assert board.eval("1") == 1


def test_resets_run_or_skip_main_py(virtual: VirtualBoard, board: Board) -> None:
    board.put("/main.py", b"print('main ' + 'runs')\n")
    board.soft_reset()
    assert board.eval("1") == 1
    assert "main runs" not in virtual.console.text
    board.hard_reset()
    assert "rst:0x" in board.wait_for("main runs", 5)
    board.enter(soft_reset=True)
    assert board.eval("2") == 2


def test_the_console_is_read_and_passed_on(virtual: VirtualBoard) -> None:
    seen = bytearray()
    with Board(virtual.port, on_console=seen.extend) as board:
        board.enter()
        board.put("/main.py", b"print('main ' + 'runs')\n")
        board.start()
        board.wait_for("main runs", 5)
        with pytest.raises(BoardError, match="did not print 'never'"):
            board.wait_for("never", 0.1)
    assert b"main runs" in seen


def test_a_board_with_a_mounted_folder_is_read_and_reset_as_any(virtual: VirtualBoard, tmp_path: Path) -> None:
    with _Link(virtual.port) as link:
        link.enter()
        link.put("/main.py", b"print('main ' + 'runs')\n")
        link.mount(tmp_path)
        assert link.read_console(0.05) in (b"", b">")
        link.enter()
        link.hard_reset()
        assert "rst:0x" in link.wait_for("main runs", 5)


def test_a_silent_board_is_an_error_of_one_sentence(virtual: VirtualBoard) -> None:
    virtual.power_off()
    with Board(virtual.port) as board, pytest.raises(BoardError, match=r"no MicroPython answered at .* within 0\.2 s"):
        board.enter(timeout=0.2)


def test_a_board_that_loses_power_in_a_command_is_an_error(virtual: VirtualBoard, board: Board) -> None:
    virtual.cut_power_at_write(5)
    with pytest.raises(BoardError, match="does not answer"):
        board.exec("open('/x', 'w').write('x' * 9000)", timeout=1)


def test_a_board_that_resets_again_and_again_is_given_up(
    virtual: VirtualBoard, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("umail_host.device.transport.PROMPT", 1.5)
    board.put("/main.py", b"import machine, time\ntime.sleep(0.2)\nmachine.reset()\n")
    board.hard_reset()
    for _ in range(2):
        virtual.wait_for("rst:")
    with pytest.raises(BoardError, match="does not answer"):
        board.exec("print(1)")


@pytest.mark.parametrize("port", ["/dev/no-such-port", "rfc2217://127.0.0.1:1", "nonsense://x"])
def test_a_port_that_cannot_be_opened_is_an_error_of_one_sentence(port: str) -> None:
    with pytest.raises(BoardError, match="can't be opened") as caught:
        Board(port)
    assert caught.value.exit_code == 3


def test_mpremote_works_over_rfc2217(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash", rfc2217=True) as virtual:
        command = [sys.executable, "-m", "mpremote", "connect", virtual.port, "exec", "print(6 * 7)"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "42\n"


def test_dtr_and_rts_reset_the_board_or_enter_its_loader_as_esptool_does(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash", rfc2217=True) as virtual:
        virtual.wait_for(">>> ")
        with serial.serial_for_url(virtual.port) as port:
            for loader in (True, False):
                virtual.console.skip()
                port.dtr, port.rts = False, True
                time.sleep(0.05)
                port.dtr = loader
                port.rts = False
                port.dtr = False
                virtual.wait_for("waiting for download" if loader else ">>> ", 5)


@pytest.mark.parametrize("rfc2217", [False, True])
def test_a_port_in_use_is_refused_to_a_second_program(tmp_path: Path, micropython: str, rfc2217: bool) -> None:
    with VirtualBoard(tmp_path / "flash", rfc2217=rfc2217) as virtual, Board(virtual.port) as board:
        board.enter()
        with pytest.raises(BoardError, match="can't be opened"):
            Board(virtual.port)


NAMES = """
import time
texts = ["name%d" % n * 20 for n in range(100)]
while True:
    for text in texts:
        hasattr(time, text)
        hasattr(time, text)
        hasattr(time, text)
    time.sleep_us(1)
"""


def test_a_program_is_stopped_where_its_interpreter_can_go_on(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash") as virtual, Board(virtual.port) as board:
        board.enter()
        board.put("/main.py", NAMES.encode())
        for _ in range(8):
            board.start()
            board.wait_for("soft reboot", 5)
            time.sleep(0.1)
            board.enter()
            assert board.eval("'a' + 'new_name'") == "anew_name"


def test_a_ctrl_c_stops_what_ran_when_it_was_sent_and_nothing_later(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash") as virtual, serial.serial_for_url(virtual.port) as port:
        virtual.wait_for(">>> ")
        port.write(b"\x01")
        virtual.wait_for("raw REPL")
        for _ in range(3):
            port.write(b"import time\nprint('begun')\nwhile True: time.sleep(1)\x04")
            virtual.wait_for("begun")
            port.write(b"\x03\x03")
            virtual.wait_for("\x04>")
            port.write(b"time.sleep(0.3)\nprint('whole')\x04")
            assert "Interrupt" not in virtual.wait_for("\x04>")
