"""Holds a board still while it is worked on: no program runs, and no watchdog can bite.

Ctrl-C stops what runs. If the alert node runs, its watchdog may be armed and outlives a soft reset; so the flag
``/maintenance``, which the alert node honours at its start, is put down and the board is reset. A board that does not
answer is reset by its port's lines if it has them, and asked again, so that its boot window is met.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from umail_host.device.board import Board, BoardError, ExecError
from umail_host.errors import UserError

FLAG = "/maintenance"
_OURS = "umail deploy"
_RESET_AFTER = 3.0  # seconds of silence before the reset lines are tried
_STATE = f"""
import os, sys
try:
    with open({FLAG!r}) as flag:
        print("ours" if flag.read() == {_OURS!r} else "theirs")
except OSError:
    print("armed" if "alertnode" in sys.modules else "quiet")
"""


@contextlib.contextmanager
def held(port: str, wait: float = 10, reset: bool = True, stay_open: bool = False) -> Iterator[Board]:
    """Hold a board still in its raw REPL with a clean heap; for a ``with``.

    Args:
        port: what pyserial opens.
        wait: seconds in which it must answer; longer for one that sleeps.
        reset: whether it is reset at the end, so that it runs what it has then.
        stay_open: leave the port open for the caller to close, so that nothing the board prints after the reset is
            lost: opening a port drops what has come. If an exception ends the ``with``, it is closed all the same.

    Raises:
        UserError: the port can't be opened, or no MicroPython answers there.
    """
    board = _reach(port, wait)
    try:
        board, flagged = _quieten(board, wait)
        gone = False
        try:
            yield board
        except BoardError as error:
            gone = not isinstance(error, ExecError)
            raise
        finally:
            if not gone:
                _leave(board, flagged, reset)
    except BaseException:
        board.close()
        raise
    if not stay_open:
        board.close()


def _leave(board: Board, flagged: bool, reset: bool) -> None:
    # What fails here says less than the error that may be under way.
    with contextlib.suppress(UserError):
        if flagged:
            board.exec(f"import os\nos.remove({FLAG!r})")
        if reset:
            board.hard_reset()


def _open(port: str) -> Board:
    """Open the port, trying for a moment: a program that is just ending may hold its lock still."""
    for _ in range(3):
        with contextlib.suppress(BoardError):
            return Board(port)
        time.sleep(0.1)
    return Board(port)


def _reach(port: str, wait: float) -> Board:
    board = _open(port)
    try:
        first = min(_RESET_AFTER, wait / 2)
        try:
            board.enter(timeout=first)
        except UserError:
            board.press_reset()
            board.enter(timeout=wait - first)
    except BaseException:
        board.close()
        raise
    return board


def _quieten(board: Board, wait: float) -> tuple[Board, bool]:
    """Stop what runs, watchdogs too; return the board, opened again if it was reset, and whether the flag is ours."""
    state = board.exec(_STATE).strip()
    if state == "armed":
        board.exec(f"with open({FLAG!r}, 'w') as flag: flag.write({_OURS!r})")
        board.hard_reset()
        board.close()
        return _reopen(board.port, wait), True
    board.soft_reset()
    # Ours: left behind by a run that was cut off.
    return board, state == "ours"


def _reopen(port: str, wait: float) -> Board:
    """Reopen the port after a reset: a chip with USB of its own takes it away for a moment."""
    deadline = time.monotonic() + wait
    while True:
        time.sleep(0.3)
        try:
            board = _reach(port, deadline - time.monotonic())
            board.soft_reset()
            return board
        except UserError:
            if time.monotonic() > deadline:
                raise
