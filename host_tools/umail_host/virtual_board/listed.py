"""Lists the virtual boards that `umail board` runs on this computer: a small file for each, while it runs."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from umail_host.errors import UserError

VARIABLE = "UMAIL_BOARDS"


@dataclass(frozen=True)
class Listed:
    """One that runs: its port, the board that it imitates, and its id in hexadecimal."""

    device: str
    board: str
    id: str


def folder() -> Path:
    """Return where the files are; ``UMAIL_BOARDS`` names another folder."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    run = os.environ.get("XDG_RUNTIME_DIR")
    who = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(run) / "umail-boards" if run else Path(tempfile.gettempdir()) / f"umail-boards-{who}"


@contextlib.contextmanager
def listing(board: Listed) -> Iterator[None]:
    """List ``board`` as one of this process's.

    Raises:
        UserError: the folder can't be written, or is somebody else's.
    """
    place = folder()
    file = place / f"{os.getpid()}-{board.id}.json"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and place.stat().st_uid != os.getuid():
            raise UserError(f"{place} belongs to somebody else: name a folder of yours by {VARIABLE}")
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(board)), encoding="utf-8")
        new.replace(file)
    except OSError as error:
        raise UserError(f"{place} can't be written: {error.strerror}; name another folder by {VARIABLE}") from None
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def found() -> list[Listed]:
    """Return those that run, sorted by id; what one that was killed has left is passed over and removed."""
    boards = []
    for file in sorted(folder().glob("*-*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            board = Listed(**json.loads(file.read_text(encoding="utf-8")))
            if _runs(int(file.name.partition("-")[0])) and Path(board.device).exists():
                boards.append(board)
            else:
                file.unlink(missing_ok=True)
    return sorted(boards, key=lambda board: (board.id, board.device))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
