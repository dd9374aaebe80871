"""Reads Python's syntax in one thread at a time, as Python 3.11 needs it, in which boards are worked on in several.

There ``ast.parse`` counts its depth for all threads together, and fails by SystemError if another one gets its turn
meanwhile (python/cpython issue 106905; right since 3.12.2 and 3.13).
"""

from __future__ import annotations

import ast
import threading
from typing import Any

_LOCK = threading.RLock()


def parse(source: bytes | str, mode: str = "exec") -> Any:
    """Return what ``ast.parse`` does.

    Raises:
        SyntaxError, ValueError: it is not Python.
    """
    with _LOCK:
        return ast.parse(source, mode=mode)


def literal(text: str) -> Any:
    """Return what ``ast.literal_eval`` does of a text.

    Raises:
        SyntaxError, ValueError: it is not a literal.
    """
    return ast.literal_eval(parse(text.lstrip(" \t"), "eval"))
