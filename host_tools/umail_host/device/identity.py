"""Asks a board what it is and what runs on it, and finds the description that fits."""

from __future__ import annotations

from umail_host.device import boards, maintenance, ports
from umail_host.device.board import Board
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError

_NO_BOARD = 3  # exit status
_PROBE = """
import sys
print(sys.implementation._machine)
print(".".join(str(n) for n in sys.implementation.version[:3]))
try:
    import machine, binascii
    print(binascii.hexlify(machine.unique_id()).decode())
except Exception:
    print("")
try:
    import alertnode
    print(alertnode.VERSION)
except Exception:
    print("")
"""


def machine(link: Board) -> str:
    """Return what the board calls itself, such as ``Generic ESP32 module with ESP32``."""
    return link.exec("import sys\nprint(sys.implementation._machine)").strip()


def release(link: Board) -> tuple[int, ...]:
    """Return the release of its MicroPython, such as (1, 27, 0)."""
    return tuple(map(int, link.exec("import sys\nprint(*sys.implementation.version[:3])").split()))


def unique_id(link: Board) -> str:
    """Return the id that its chip was made with, in hexadecimal."""
    return link.exec("import machine, binascii\nprint(binascii.hexlify(machine.unique_id()).decode())").strip()


def describe(device: str) -> dict[str, str]:
    """Return what the board on ``device`` says of itself; it restarts afterwards.

    Raises:
        UserError: it does not answer.
    """
    with maintenance.held(device) as link:
        name, version, unique, node = link.exec(_PROBE).split("\n")[:4]
    found = boards.by_machine(name)
    return {
        "board": found.name if found else "",
        "machine": name,
        "micropython": version,
        "id": unique,
        "alertnode": node,
    }


def choose(name: str, wanted: str = "") -> BoardSpec:
    """Return the description of the board that calls itself ``name``.

    Args:
        wanted: the description that the user named; empty to find it.

    Raises:
        UserError: no description fits, or the wanted one is another chip's.
    """
    found = boards.by_machine(name)
    if not wanted:
        if found is None:
            raise UserError(
                f"the board calls itself {name!r}, which no description fits: name one with --board, "
                "or add one (docs/porting.md)",
                _NO_BOARD,
            )
        return found
    spec = boards.load(wanted)
    if found is not None and found.chip != spec.chip and "virtual" not in (found.chip, spec.chip):
        raise UserError(f"the board calls itself {name!r}, which is not {wanted}: leave --board out", _NO_BOARD)
    return spec


def connected(port: str) -> str:
    """Return the name of the board at ``port`` (empty: the only one): its USB id tells, or its MicroPython.

    Raises:
        UserError: neither does, or there is none.
    """
    port = port or ports.only()
    candidates = next((found.candidates for found in ports.found() if found.device == port), ())
    if len(candidates) == 1:
        return candidates[0]
    try:
        with maintenance.held(port, wait=3, reset=False) as link:
            spec = boards.by_machine(machine(link))
    except UserError:
        spec = None
    if spec is None:
        known = ", ".join(candidates or [spec.name for spec in boards.load_all() if spec.firmware])
        raise UserError(f"can't tell which board is at {port}: name it with --board ({known})", _NO_BOARD)
    return spec.name
