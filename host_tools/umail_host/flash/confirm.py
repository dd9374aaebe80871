"""Asks a board that was just flashed what it runs."""

from __future__ import annotations

import time

from umail_host.device import boards, maintenance, ports
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError

_ASK = """
import sys
print(sys.implementation._machine)
print(".".join(str(part) for part in sys.implementation.version[:3]))
"""
_BACK = 30.0  # seconds until a flashed board must answer; the first start makes the file system


def wait_for_port() -> str:
    """Return the port of the board that has just restarted.

    Raises:
        UserError: none came within half a minute.
    """
    deadline = time.monotonic() + _BACK
    while True:
        try:
            return ports.only()
        except UserError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def confirm(port: str, spec: BoardSpec, version: str) -> str:
    """Ask the board what it runs; return a sentence.

    Raises:
        UserError: it does not answer, has another chip, or runs another version than ``version`` (empty: any).
    """
    with maintenance.held(port, wait=_BACK) as link:
        machine, running = link.exec(_ASK).splitlines()
    found = boards.by_machine(machine)
    if found is None or found.chip != spec.chip:
        raise UserError(f"the board calls itself {machine!r} now, which is not {spec.name}: check the file", 3)
    if version and version != running:
        raise UserError(f"the board still runs MicroPython {running}, the file holds {version}: flash it again", 3)
    return f"{machine} runs MicroPython {running}"
