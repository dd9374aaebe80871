"""What an alert node takes of the heap while it waits: with three sensors now, with one at an earlier commit."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import wake

BEFORE = "62eb206"
_DS18B20 = {"type": "ds18b20", "pin": 4}
ONE: dict[str, Any] = {
    **{key: value for key, value in wake.CONFIG.items() if key != "battery"},
    "interval": 60,
    "sensor": _DS18B20,
}
THREE: dict[str, Any] = {
    **{key: value for key, value in ONE.items() if key != "sensor"},
    "sensors": {
        "freezer": _DS18B20,
        "door": {"type": "contact", "pin": 5},
        "battery": {"type": "adc", "pin": 34, "scale": 2},
    },
    "rules": [
        {"name": "freezer", "of": "freezer", "when": "above", "limit": -15, "hysteresis": 1},
        {"name": "door", "of": "door", "when": "open", "for": 120},
        {"name": "battery", "of": "battery", "when": "below", "limit": 0.4, "hysteresis": 0.1},
    ],
}


def in_use(micropython: str, source: Path, folder: Path, config: dict[str, Any], state: str) -> tuple[int, set[str]]:
    """Return the heap (bytes) that a node of ``source`` has in use while it waits, and the modules it has loaded.

    Args:
        source: the repository, or what ``wake.before`` made of an earlier commit.
        folder: where to put its flash; what is there has been started before.
        state: "new", or "mailed": after a mail.

    Raises:
        RuntimeError: it never came so far.
    """
    board = folder if folder.exists() else wake.flash(source, folder, config)
    command = [micropython, "-X", "heapsize=400k", str(wake.HERE / "device_wait.py"), str(board), state]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"in use: (\d+)\nmodules: (.*)", done.stdout)
    if found is None or (state == "mailed") != ("not sent:" in done.stdout):
        raise RuntimeError(done.stdout + done.stderr)
    return int(found[1]), set(found[2].split())
