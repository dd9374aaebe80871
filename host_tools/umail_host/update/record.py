"""Remembers beside the fleet's file what was published for each board: its version, of what content, and when."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from umail_host.errors import UserError


@dataclass(frozen=True)
class Published:
    """What was published last for a board: number, digest of the content by the board's key, Unix seconds, file."""

    name: str
    version: int
    digest: str
    at: int
    file: str


def path(fleet: Path) -> Path:
    """Return where that of the file ``fleet`` is."""
    return fleet.with_suffix(".updates.json")


def load(fleet: Path) -> dict[str, Published]:
    """Return what was published, by the id of its board.

    Raises:
        UserError: the record is damaged.
    """
    file = path(fleet)
    try:
        boards = json.loads(file.read_bytes())["boards"]
        return {str(identity): Published(**entry) for identity, entry in boards.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{file} can't be read: bring it back from your backup; without it, remove it: versions then go on by the "
            "clock"
        ) from None


def save(fleet: Path, boards: dict[str, Published]) -> None:
    """Keep what was published; whole or not at all.

    Raises:
        UserError: it can't be written.
    """
    entries = {identity: asdict(boards[identity]) for identity in sorted(boards)}
    write(path(fleet), json.dumps({"version": 1, "boards": entries}, indent=1).encode())


def write(file: Path, octets: bytes) -> None:
    """Write a file; whoever reads it meanwhile gets the old one or the new one.

    Raises:
        UserError: it can't be written.
    """
    lay(file, octets)
    switch(file)


def lay(file: Path, octets: bytes) -> None:
    """Lay what a file is to hold ready beside it, until ``switch``.

    Raises:
        UserError: it can't be written.
    """
    try:
        _part(file).write_bytes(octets)
    except OSError as error:
        raise UserError(f"{file} can't be written: {error.strerror}") from None


def switch(file: Path) -> None:
    """Give a file what was laid ready.

    Raises:
        UserError: it can't be written.
    """
    try:
        os.replace(_part(file), file)
    except OSError as error:
        raise UserError(f"{file} can't be written: {error.strerror}") from None


def _part(file: Path) -> Path:
    return file.with_name(file.name + ".part")
