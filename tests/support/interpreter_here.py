"""Finds the MicroPython that the tests run on."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMED = "UMAIL_MICROPYTHON"


def here() -> str | None:
    """Return the path of the interpreter beside this Python, else of the one on PATH."""
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    return found and str(Path(found).absolute())


def named_or_here() -> str | None:
    """Return the interpreter that `make test MICROPYTHON=…` names, else the one that is `here`."""
    return os.environ.get(NAMED) or here()
