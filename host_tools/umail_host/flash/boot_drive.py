"""Copies a UF2 to the boot drive of a Raspberry Pi board, which is asked to show it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import string
import time
from collections.abc import Iterable
from pathlib import Path

from umail_host.device import maintenance, ports
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError

# What the boot ROMs call themselves in INFO_UF2.TXT.
_CHIPS = {"RPI-RP2": "rp2040", "RP2350": "rp2350"}


def write(file: Path, board: BoardSpec, drive: Path | None, port: str) -> None:
    """Copy ``file`` to the boot drive; the board then restarts by itself.

    Args:
        drive: where it is mounted; None: found, once the board at ``port`` (empty: the only one) was asked to show it.

    Raises:
        UserError: there is none, it is another chip's, or the copy failed.
    """
    found = drive or find_drive()
    if found is None:
        # A board that runs MicroPython goes into its boot loader when asked to.
        with contextlib.suppress(UserError), maintenance.held(port or ports.only(), reset=False) as link:
            link.exec("import machine\nmachine.bootloader()", timeout=1)
        found = _wait_for_drive()
    copy(file, board, found)


def _wait_for_drive() -> Path:
    for _ in range(20):
        if (found := find_drive()) is not None:
            return found
        time.sleep(0.5)
    raise UserError("no boot drive here: hold BOOTSEL while you plug the board in, or name it with --drive", 3)


def find_drive(folders: Iterable[Path] | None = None) -> Path | None:
    """Return the boot drive of a Raspberry Pi board, if one is mounted; it has a file INFO_UF2.TXT."""
    for folder in _mounted() if folders is None else folders:
        if (folder / "INFO_UF2.TXT").is_file():
            return folder
    return None


def _mounted() -> Iterable[Path]:
    if os.name == "nt":
        return [Path(f"{letter}:/") for letter in string.ascii_uppercase]
    return [found for top in ("/media", "/run/media", "/Volumes") for found in Path(top).glob("*/*")] + [
        *Path("/media").glob("*"),
        *Path("/Volumes").glob("*"),
    ]


def copy(file: Path, board: BoardSpec, drive: Path) -> None:
    """Copy a UF2 ``file`` to the boot drive; the board then restarts by itself.

    Raises:
        UserError: the drive is another chip's, or the copy failed.
    """
    try:
        info = (drive / "INFO_UF2.TXT").read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise UserError(f"{drive} is not the boot drive of a board: hold BOOTSEL while you plug it in", 3) from None
    identity = re.search(r"Board-ID:\s*(\S+)", info)
    if identity is None or _CHIPS.get(identity[1]) != board.chip:
        raise UserError(f"{drive} belongs to {identity[1] if identity else 'an unknown board'}, not {board.name}", 3)
    try:
        shutil.copyfile(file, drive / file.name)
    except OSError as error:
        raise UserError(f"{file} could not be copied to {drive}: {error.strerror}", 3) from None
