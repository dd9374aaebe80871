"""Measures a board, step by step, and the virtual board of its kind beside it.

The board needs MicroPython and nothing else. What is measured says nothing of the person: no id, address, name of a
network or path of a port is in it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umail_host.device import maintenance
from umail_host.device.board import SCRIPT, Board, BoardError
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer

_SCRIPTS = (SCRIPT, Path(__file__).with_name("on_board.py"))
_FILE, _LINES = "/umail-first-board.tmp", "/umail-first-board.txt"
_WRITES = 100
_AWAKE = 30.0  # seconds after the end of a sleep, or the return of the power, in which the board must answer
_SILENT = 3.0  # seconds without a line, after which the power has gone
_ENOUGH = 5  # lines on the flash before the power is cut

Facts = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Surroundings:
    """What a board is measured with.

    Attributes:
        port: of the board; ssid, password: the network it joins, empty for no handshake; host: this computer's address
            as the board sees it; sleep: seconds of deep sleep; cut: called when the power is to be cut, and returns
            when it is back (None: it is not).
    """

    port: str
    ssid: str
    password: str
    host: str
    sleep: int
    cut: Callable[[], None] | None


def measure(around: Surroundings, say: Say) -> Facts:
    """Return what was measured, by section.

    Raises:
        UserError: the board does not answer, or a step fails for a reason that a person can fix.
    """
    facts: Facts = {}
    with _ready(around.port) as board:
        say("chip, release, floats, ticks")
        facts["chip"] = board.eval("chip()") | board.eval("interpreter()")
        facts["watchdog"] = board.eval("watchdog()")
        facts["heap"] = board.eval("heap()")
        say(f"flash: {_WRITES} durable writes")
        facts["flash"] = _evaluated(board, f"flash({_FILE!r}, {_WRITES})", 60)
        if around.ssid:
            say("Wi-Fi, and a verified TLS handshake with this computer")
            facts["handshake"] = _handshake(board, around)
    say(f"deep sleep of {around.sleep} s, and the clock over it")
    facts["deep_sleep"] = _slept(around)
    if around.cut is not None:
        facts["power_cut"] = _cut(around, around.cut, say)
    return facts


@contextmanager
def _ready(port: str, wait: float = 10) -> Iterator[Board]:
    """Hold the board in its raw REPL, with the functions on it."""
    with maintenance.held(port, wait=wait, reset=False) as board:
        for script in _SCRIPTS:
            board.exec(script.read_text(encoding="utf-8"))
        yield board


def _cause(port: str) -> str:
    """Return the name of the cause of the reset that a board comes from; asked before a soft reset overwrites it."""
    deadline = time.monotonic() + _AWAKE
    while True:
        try:
            with Board(port) as board:
                board.enter()
                found = board.eval("__import__('machine').reset_cause()")
                names = [name for name in board.eval("dir(__import__('machine'))") if name.endswith("_RESET")]
                return next((n for n in names if board.eval(f"__import__('machine').{n}") == found), f"cause {found}")
        except BoardError:  # a port that the board takes away with it is not back yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _evaluated(board: Board, expression: str, timeout: float) -> Any:
    # As Board.eval, with more time.
    board.exec(f"_told = {expression}", timeout=timeout)
    return board.eval("_told")


def _set_clock(board: Board) -> None:
    now = time.gmtime()
    parts = (now.tm_year, now.tm_mon, now.tm_mday, now.tm_wday, now.tm_hour, now.tm_min, now.tm_sec, 0)
    board.exec(f"import machine\nmachine.RTC().datetime({parts!r})")


def _handshake(board: Board, around: Surroundings) -> Facts:
    _set_clock(board)  # a certificate is not valid in 2000
    joined = _evaluated(board, f"join({around.ssid!r}, {around.password!r}, 30)", 60)
    if isinstance(joined, str):
        raise UserError(f"the board did not join the Wi-Fi ({joined}): check --ssid and its password", 4)
    with FakeServer("gmail", host=around.host, implicit_tls=True, starttls=False, capture=False) as server:
        name = "localhost" if around.host == "127.0.0.1" else around.host
        try:
            told = _evaluated(board, f"handshake({name!r}, {server.port}, {server.ca_der!r})", 60)
        except BoardError as error:
            last = str(error).strip().splitlines()[-1]
            raise UserError(
                f"the board's handshake with this computer failed ({last}): does a firewall keep it out?", 4
            ) from None
    return {"wifi_ms": joined, **told}


def _slept(around: Surroundings) -> Facts:
    with _ready(around.port) as board:
        _set_clock(board)
        there, here = _clocks(board)
        # What sleeps answers no more: the raw REPL's end is not waited for.
        with _gone():
            board.exec(f"import machine\nmachine.deepsleep({around.sleep * 1000})", timeout=1)
    time.sleep(around.sleep + 2)  # a reset line pulled before would wake it
    cause = _cause(around.port)
    with _ready(around.port) as board:
        after, now = _clocks(board)
    drift = (after - there) - (now - here)
    kept = abs(drift) < 3_600_000
    return {"seconds": around.sleep, "cause": cause, "clock_kept": kept, "drift_ms": drift if kept else None}


def _clocks(board: Board) -> tuple[int, int]:
    """Return the board's and this computer's time in milliseconds, from the fastest of some answers."""
    best: tuple[int, int, int] | None = None
    for _ in range(5):
        begun = time.time_ns() // 1_000_000
        told = int(board.eval("clock()"))
        ended = time.time_ns() // 1_000_000
        if best is None or ended - begun < best[0]:
            best = (ended - begun, told, (begun + ended) // 2)
    assert best is not None
    return best[1], best[2]


def line_number(said: bytes) -> int | None:
    """Return the number of the line that a board says is on its flash; None if the power went while it said so."""
    whole = re.fullmatch(rb"line (\d+)\r?\n", said)
    return int(whole[1]) if whole else None


def _cut(around: Surroundings, cut: Callable[[], None], say: Say) -> Facts:
    acknowledged = 0
    with _gone(), _ready(around.port) as board:
        said = bytearray()

        def hear(byte: bytes) -> None:
            nonlocal acknowledged
            said.extend(byte)
            if byte != b"\n":
                return
            if (number := line_number(bytes(said))) is not None:
                acknowledged = number
                if acknowledged == _ENOUGH:
                    cut()
            said.clear()

        board.exec(f"lines({_LINES!r})", timeout=_SILENT, on_output=hear)
    if acknowledged < _ENOUGH:
        raise UserError(f"the board wrote {acknowledged} lines and stopped: is its flash full or damaged?", 3)
    say("the power is back: are all lines there that the board said were on the flash?")
    cause = _cause(around.port)
    with _ready(around.port) as board:
        last, wrong = board.eval(f"kept({_LINES!r})")
    return {"cause": cause, "acknowledged": acknowledged, "kept": last, "lost": max(0, acknowledged - last) + wrong}


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except BoardError:
        pass
