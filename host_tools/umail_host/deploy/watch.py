"""Notices that files on this computer were changed (`--watch`), by looking at them again and again.

There is nothing to install for it, and it is the same on every system.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

State = dict[Path, tuple[int, int]]


def files(folders: Iterable[Path]) -> Iterator[Path]:
    """Return all Python files below the folders, and those among them that are files themselves."""
    for folder in folders:
        yield from sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]


def changes(folders: list[Path], pause: Callable[[], None] = lambda: time.sleep(0.5)) -> Iterator[list[Path]]:
    """Yield the files that were changed, made or removed, once none changes any more; never ends."""
    known = _state(folders)
    while True:
        pause()
        now = _state(folders)
        if now == known:
            continue
        # An editor may still be writing.
        while True:
            pause()
            after = _state(folders)
            if after == now:
                break
            now = after
        yield sorted(path for path in known.keys() | now.keys() if known.get(path) != now.get(path))
        known = now


def _state(folders: list[Path]) -> State:
    found = {}
    for path in files(folders):
        try:
            status = path.stat()
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found
