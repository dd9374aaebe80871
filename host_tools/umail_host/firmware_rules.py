"""The firmware's own modules, run here: what a board would say of its files is said before it gets them."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

from umail_host import paths

_LOCK = threading.Lock()


def module(name: str) -> Any:
    """Return the module ``alertnode.NAME``."""
    folder = str(paths.firmware())
    with _LOCK:
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(f"alertnode.{name}")
        finally:
            sys.path.remove(folder)
