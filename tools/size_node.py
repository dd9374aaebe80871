"""Measures what an alert node keeps in RAM while it waits, by what its configuration asks for."""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from umail_host.errors import UserError

_ROOT = Path(__file__).resolve().parents[1]
# What lies where on the stack depends on the length of the flash's path.
_FOLDERS = ("flash", "flash of one", "the flash of a node")
_LED = {"light": {"type": "led", "pin": 2}}


def waiting(micropython: str) -> dict[str, tuple[int, int]]:
    """Return the bytes of heap in use after the start and after a mail, by what the node has.

    They are measured by tests/bench/waiting.py, whose node has one DS18B20, or three sensors of three kinds.

    Raises:
        UserError: a node did not come as far as waiting; the sentence holds what it said.
    """
    sys.path.insert(0, str(_ROOT / "tests" / "bench"))
    try:
        bench = import_module("waiting")
    finally:
        del sys.path[0]
    configurations: dict[str, dict[str, Any]] = {
        "one sensor": bench.ONE,
        "one sensor and updates": bench.ONE | {"update": {"url": "http://192.0.2.1"}},
        "three sensors": bench.THREE,
        "three sensors and an output": bench.THREE | {"outputs": _LED},
        "three sensors and a summary": bench.THREE | {"summary": "07:00"},
    }
    return {name: _in_use(bench, micropython, config) for name, config in configurations.items()}


def _in_use(bench: Any, micropython: str, config: dict[str, Any]) -> tuple[int, int]:
    """Return the least of several measurements: an old pointer on the stack keeps 10 kB of garbage in some of them."""
    found = []
    for name in _FOLDERS:
        with tempfile.TemporaryDirectory() as folder:
            flash = Path(folder) / name
            try:
                found.append([bench.in_use(micropython, _ROOT, flash, config, state)[0] for state in ("new", "mailed")])
            except RuntimeError as error:
                raise UserError(f"the node whose RAM is measured did not wait: {error}", 1) from error
    new, mailed = map(min, zip(*found, strict=True))
    return new, mailed
