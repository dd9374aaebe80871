"""Boards that talk without end, and boards whose words are meant for the terminal: the commands end, in plain text."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from umail_host.device.board import Board

EVIL = b"\x1b]0;owned\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae"


@contextmanager
def talker(answer: Callable[[bytes], bytes], endless: bytes = b"", after: bytes = b"") -> Iterator[str]:
    """A port that says what ``answer`` makes of what it heard; once that begins so, ``endless`` for ever."""
    host, board = os.openpty()
    ended = threading.Event()

    def run() -> None:
        heard, goes_on = b"", not after
        os.set_blocking(host, False)
        while not ended.is_set():
            try:
                heard += os.read(host, 4096)
            except (BlockingIOError, OSError):
                ended.wait(0.002)
            reply = b"" if goes_on and after else answer(heard)
            if reply:
                heard, goes_on = b"", goes_on or reply.startswith(after)
            try:
                os.write(host, reply or (endless if goes_on else b""))
            except (BlockingIOError, OSError):
                ended.wait(0.002)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield os.ttyname(board)
    finally:
        ended.set()
        thread.join()
        os.close(host)
        os.close(board)


def repl(output: bytes, error: bytes = b"") -> Callable[[bytes], bytes]:
    """A raw REPL whose every command prints ``output``; the end of an endless one never comes."""

    def answer(heard: bytes) -> bytes:
        if heard.endswith(b"\x05A\x01"):
            return b"R\x00"
        if heard.endswith(b"\x01"):
            return b"raw REPL; CTRL-B to exit\r\n>"
        if heard.endswith(b"\x04") and len(heard) == 1:
            return b"OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>"
        if heard.endswith(b"\x04"):
            return b"OK" + output + (b"\x04" + error + b"\x04>" if error else b"")
        return b""

    return answer


def umail(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "umail_host.cli", *arguments]
    return subprocess.run(command, capture_output=True, timeout=90, check=False)


@pytest.mark.parametrize("command", [("log",), ("deploy", "--wait", "6")], ids=["log", "deploy"])
@pytest.mark.parametrize("who", ["deaf", "endless answer"])
def test_a_board_that_talks_without_end_ends_the_command_with_3(command: tuple[str, ...], who: str) -> None:
    answer, after, words = (
        (lambda heard: b"", b"", b"no MicroPython answered") if who == "deaf" else (repl(b"x"), b"OK", b"goes on")
    )
    with talker(answer, b"blah blah\r\n" * 50, after) as port:
        done = umail(*command, "--port", port)
    assert done.returncode == 3, done.stderr[-500:]
    assert words in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["log", "deploy"])
def test_what_a_boards_traceback_holds_never_steers_the_terminal(command: str) -> None:
    with talker(repl(b"", b"Traceback:\r\nOSError: " + EVIL + b"\r\n")) as port:
        done = umail(command, "--port", port)
    assert done.returncode == 3
    assert b"raised OSError: " in done.stderr
    for byte in (b"\x1b", b"\x07", b"\xc2\x9b", b"\xe2\x80\xae"):
        assert byte not in done.stdout + done.stderr


def slow(late: float) -> Callable[[bytes], bytes]:
    """A board that boots, answers the second Ctrl-A with the first's banner, and all else ``late`` seconds after."""
    banner = b"raw REPL; CTRL-B to exit\r\n>"
    asked, waiting, awake = 0, b"", 0.0

    def answer(heard: bytes) -> bytes:
        nonlocal asked, waiting, awake
        if heard.endswith(b"\x05A\x01"):
            return b"R\x00"
        if heard.endswith((b"\x01", b"\x04")):
            asked += 1
            printed = re.search(rb"print\('(\w+)'\)\x04$", heard)
            if asked == 1:
                return b"rst:0x1 (POWERON_RESET)\r\n"
            waiting += banner * heard.count(b"\x01") + (b"OK%s\r\n\x04\x04>" % printed[1] if printed else b"")
            if asked == 2:
                awake = time.monotonic() + late
                return banner
            # It is busy until then.
            time.sleep(max(awake - time.monotonic(), 0))
            said, waiting = waiting, b""
            return said
        return b""

    return answer


def test_an_answer_to_an_attempt_of_before_is_never_taken_for_another_however_late_it_comes(tmp_path: Path) -> None:
    with talker(slow(0.3)) as port:
        # (By its own name, mpremote would wait for each byte.)
        (tmp_path / "port").symlink_to(port)
        with Board(str(tmp_path / "port")) as board:
            board.enter()
            assert board.exec("print('here')") == "here\n"
