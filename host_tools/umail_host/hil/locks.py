"""One user at a time for each port on this computer, and a way to say that one is wanted."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def folder() -> Path:
    """Return the folder of the locks of all runs on this computer."""
    path = Path(tempfile.gettempdir()) / "umail-hil"
    path.mkdir(mode=0o777, exist_ok=True)
    return path


class PortLock:
    """A lock that ends with the process that holds it.

    Args:
        name: of the port, fit for a file name.
    """

    def __init__(self, name: str) -> None:
        self._path = folder() / f"{name}.lock"
        self._file: int | None = None

    def take(self) -> bool:
        """Take it if it is free; whether it is ours now."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(file)
        except OSError:
            os.close(file)
            return False
        os.truncate(file, 0)
        os.write(file, f"process {os.getpid()}\n".encode())
        self._file = file
        return True

    def free(self) -> None:
        """Give it back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def holder(self) -> str:
        """Who holds it, for a sentence."""
        try:
            return self._path.read_text(encoding="utf-8").strip() or "another program"
        except OSError:
            return "another program"


class Wanted:
    """Stands while somebody waits for a board: who holds one gives it back after its test.

    Args:
        run: the folder of this run, which its processes share.
    """

    def __init__(self, run: Path) -> None:
        self._folder = run / "wanted"
        self._mine = self._folder / str(os.getpid())

    def __enter__(self) -> Wanted:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._mine.touch()
        return self

    def __exit__(self, *_: object) -> None:
        self._mine.unlink(missing_ok=True)

    def by_others(self) -> bool:
        """Tell whether another process waits."""
        try:
            return any(path != self._mine for path in self._folder.iterdir())
        except OSError:
            return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
