"""Puts MicroPython on a board: checks the firmware file, then lets esptool write it (a UF2: see boot_drive).

esptool runs as a program of its own. A file is checked against its chip, the room on the flash, the checksums in it
and, if one is given, a SHA-256; afterwards the board itself is asked what it runs.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.flash import esp_image, uf2

# MicroPython's own names: BOARD[-VARIANT]-DATE-vVERSION.
_NAME = re.compile(r"(([A-Z][A-Z0-9_]*)(?:-[A-Z0-9_]+)*)-\d{8}-(?:unstable-)?v.*\.(?:bin|uf2|app-bin)")
# What marks the line of esptool's output that says why it failed, and what to do about some reasons.
_REASONS = ("fatal error", "No module named", "Error")
_HINTS = (
    ("Wrong chip", "the board is a different one, see `umail boards`"),
    ("MD5", "flash it again with --erase and a shorter cable; if that fails too, the flash is worn out"),
    ("No module named", "pip install esptool"),
    ("ould not open", "is the port right, and free?"),
)


def page(board: BoardSpec) -> str:
    """Return the name of the page of micropython.org that offers the firmware of ``board``: variants share one."""
    return board.firmware.partition("-")[0]


def where_from(board: BoardSpec) -> str:
    """Return a sentence on where the firmware of ``board`` is found."""
    kind = "uf2" if board.flash_method == "uf2" else "bin"
    return (
        f"get {board.firmware}-DATE-vVERSION.{kind} from https://micropython.org/download/{page(board)}/ "
        f"and name the file, or let it be fetched: umail flash latest --board {board.name}"
    )


def check_file(file: Path, board: BoardSpec, sha256: str = "") -> str:
    """Check a firmware file before anything is written; returns its SHA-256 in hex.

    Args:
        sha256: what it must be; empty when not known.

    Raises:
        UserError: it can't be read, is none, is damaged, another chip's or too large, or its hash differs.
    """
    if board.flash_method == "none":
        raise UserError(f"{board.name} has no firmware to flash: it runs MicroPython already")
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} can't be read ({error.strerror}): {where_from(board)}") from None
    digest = hashlib.sha256(octets).hexdigest()
    if sha256 and digest != sha256.lower():
        raise UserError(
            f"{file} has SHA-256 {digest}, not the one given: it is damaged or another release, download it again"
        )
    check_octets(str(file), octets, board)
    return digest


def check_octets(file: str, octets: bytes, board: BoardSpec) -> None:
    """Check what a firmware file holds; ``file`` is what it is called.

    Raises:
        UserError: it is none, is damaged, another board's, another chip's or too large.
    """
    check = _check_uf2 if board.flash_method == "uf2" else _check_esp
    check(file, octets, board)
    check_name(file, board)


def _check_esp(file: str, octets: bytes, board: BoardSpec) -> None:
    chip = esp_image.chip(octets)
    if not chip:
        raise UserError(f"{file} is not a firmware of an ESP32: {where_from(board)}")
    if chip != board.chip:
        raise UserError(f"{file} is for {chip}, {board.name} has {board.chip}: {where_from(board)}")
    program = board.program
    end = program.offset + program.size if program else board.flash_size
    if board.flash_offset + len(octets) > end:
        raise UserError(f"{file} ends at {board.flash_offset + len(octets):#x}, the region for firmware at {end:#x}")
    # The boot loader comes first, and MicroPython where the layout says.
    parts = {"boot loader": 0} | ({"MicroPython": program.offset - board.flash_offset} if program else {})
    for part, start in parts.items():
        if found := esp_image.problem(octets[start:]):
            raise UserError(f"{file} is damaged ({part}: {found}): download it again")


def _check_uf2(file: str, octets: bytes, board: BoardSpec) -> None:
    held = uf2.read(octets)
    if held is None:
        raise UserError(f"{file} is not a UF2 file: {where_from(board)}")
    if held.problem:
        raise UserError(f"{file} is damaged, {held.problem}: download it again")
    if held.chip != board.chip:
        raise UserError(f"{file} is for {held.chip}, {board.name} has {board.chip}: {where_from(board)}")
    room = board.layout[0].size if board.layout else board.flash_size
    if held.end > room:
        raise UserError(f"{file} ends at {held.end:#x}, the region for firmware at {room:#x}: {where_from(board)}")


def check_name(file: str, board: BoardSpec) -> None:
    """Refuse a file that is named for another board, with the same chip perhaps."""
    found = _NAME.fullmatch(Path(file).name)
    if found is not None and board.firmware not in (found[1], found[2]):
        # A variant of the same board, or another board.
        named = found[1] if found[2] == page(board) else found[2]
        raise UserError(
            f"{file} is for {named} by its name, not for {board.name}: give --board {named}, or rename the "
            "file if it is the right one"
        )


def version_in(name: str) -> str:
    """Return the version in a firmware file's name, such as ``1.28.0``; empty if there is none."""
    found = re.search(r"-v(\d+\.\d+(?:\.\d+)?)", name)
    return found[1] if found else ""


def write(
    file: Path,
    board: BoardSpec,
    port: str,
    *,
    erase: bool,
    baud: int,
    echo: Callable[[str], None],
    more: Iterable[str] = (),
) -> None:
    """Let esptool write ``file``; it refuses another chip than the board's, and verifies what it wrote.

    Args:
        erase: erase the whole flash first, the user's files too.
        echo: called with each piece of esptool's output.
        more: further options of esptool's, before its command.

    Raises:
        UserError: esptool is missing or failed; the sentence holds its reason.
    """
    start = [sys.executable, "-m", "esptool", "--chip", board.chip, "--port", port, "--baud", str(baud), *more]
    if erase:
        _esptool([*start, "erase-flash"], echo)
    _esptool([*start, "write-flash", hex(board.flash_offset), str(file)], echo)


def _esptool(command: list[str], echo: Callable[[str], None]) -> None:
    tail: deque[str] = deque(maxlen=30)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line.strip())
            echo(line)
    if process.returncode:
        reason = next((line for line in reversed(tail) if any(word in line for word in _REASONS)), "it said nothing")
        hint = next((hint for word, hint in _HINTS if word in reason), "hold BOOT while you plug it in, and try again")
        raise UserError(f"esptool did not succeed ({reason.rpartition('occurred: ')[2]}): {hint}", 3)
