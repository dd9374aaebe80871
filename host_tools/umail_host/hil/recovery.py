"""Gets an answer from a board that gave none, by the mildest means that works; what answers to none is quarantined."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from umail_host.device.board import BoardError
from umail_host.hil.dut import Dut
from umail_host.hil.faults import RigFault
from umail_host.hil.serial_log import NOTE

# Seconds in which each rung must be answered.
_INTERRUPT, _SOFT, _LINES, _POWER = 3.0, 5.0, 10.0, 20.0


def recover(board: Dut) -> str:
    """Bring the board into its raw REPL; return what did it: ``Ctrl-C``, ``soft reset``, ``reset line``, ``power``.

    Raises:
        RigFault: none did.
    """
    rungs: list[tuple[str, Callable[[], None]]] = [
        ("Ctrl-C", lambda: _interrupt(board)),
        ("soft reset", lambda: _soft_reset(board)),
        ("reset line", lambda: _press(board)),
    ]
    if board.power is not None:
        rungs.append(("power", lambda: _cycle(board)))
    outcome = "it was not tried"
    for name, climb in rungs:
        try:
            climb()
        except (BoardError, RigFault) as error:
            outcome = str(error)
            board.log.add(NOTE, f"recovery: {name} did not help: {error}")
            board.close()
        else:
            board.log.add(NOTE, f"recovery: {name} helped")
            return name
    tried = ", ".join(name for name, _ in rungs)
    hint = "" if board.power else "; with --power its supply would have been switched too"
    raise RigFault(f"{board.place.spec} is lost after {tried} ({outcome}): look at cable and supply{hint}")


def _interrupt(board: Dut) -> None:
    board.link.enter(timeout=_INTERRUPT)


def _soft_reset(board: Dut) -> None:
    board.link.interrupt()
    board.link.enter(timeout=_SOFT)


def _press(board: Dut) -> None:
    if not board.link.press_reset():
        raise BoardError("the port has no reset line")
    board.close()
    board.reach(_LINES)


def _cycle(board: Dut) -> None:
    board.cut_power()
    board.give_power()
    time.sleep(0.1)
    board.reach(_POWER)


def answers(board: Dut, timeout: float = _INTERRUPT) -> bool:
    """Tell whether the board can be brought into its raw REPL by Ctrl-C."""
    with contextlib.suppress(BoardError, RigFault):
        board.link.enter(timeout=timeout)
        return True
    return False
