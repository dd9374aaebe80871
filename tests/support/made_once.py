"""What one run of the tests makes once and all of its workers use, such as the compiled library."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that ``make`` has filled, called by the first worker of this run that asks for ``name``.

    Whoever wants to change what lies in it takes a copy.
    """
    base = factory.getbasetemp()
    # pytest-xdist gives each worker a folder in that of the run.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    shared.mkdir(exist_ok=True)
    folder, under_way = shared / name, shared / f"{name}.new"
    with _locked(shared / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(under_way, ignore_errors=True)
            under_way.mkdir()
            make(under_way)
            under_way.rename(folder)
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl  # what is made once runs on MicroPython, which Windows does not have here

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
