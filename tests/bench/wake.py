"""What a wake of an alert node on battery costs if nothing is due: instructions of its imports and its start."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from umail_host.deploy import image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GOAL = 10_000_000
CONFIG = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": {"route": "m365.submission", "username": "esp32@contoso.com", "to": ["ops@contoso.com"]},
    "sensor": {"type": "adc", "pin": 4},
    "rules": [{"name": "temperature", "when": "above", "limit": 30, "hysteresis": 1}],
    "interval": 600,
    "battery": {"budget": 60},
    "clock": {"zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
}
SECRETS = {"mail_password": "opens-only-the-fake-server", "wifi_password": "opens-only-the-fake-air"}


def flash(source: Path, folder: Path, config: Mapping[str, Any] = CONFIG) -> Path:
    """Make a board's flash in ``folder`` from the repository ``source`` (its lib and firmware), as deployed."""
    files = image.package(source / "lib" / "umail", image.LIBRARY)
    files |= image.package(source / "firmware" / "alertnode", image.FIRMWARE)
    files["/main.py"] = (source / "firmware" / "main.py").read_bytes()
    files["/config.json"] = json.dumps(config).encode()
    files["/secrets.json"] = json.dumps(SECRETS).encode()
    for path, octets in files.items():
        target = folder / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(octets)
    return folder


def before(commit: str, folder: Path) -> Path | None:
    """The repository's lib and firmware as they were at ``commit``; None if git does not know it."""
    command = ["git", "-C", str(ROOT), "archive", commit, "lib", "firmware"]
    found = subprocess.run(command, capture_output=True, check=False)
    if found.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def run(micropython: str, board: Path, cause: str, tool: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Start the node on ``board`` for ``cause`` (see device_wake.py), until it sleeps."""
    command = [*tool, micropython, "-X", "heapsize=400k", str(HERE / "device_wake.py"), str(board), cause]
    # (PyPI's `micropython` is CPython that becomes it: the count is not to depend on the order of its dicts.)
    env = os.environ | {"PYTHONHASHSEED": "0"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)


def instructions(micropython: str, board: Path) -> tuple[int, str]:
    """Return the instructions of a quiet wake, from main.py to the sleep, and what the console said meanwhile.

    Raises:
        RuntimeError: valgrind told no count, or the board did not go to sleep.
    """
    tool = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    run(micropython, board, "power-on")
    counts = []
    for cause in ("nothing", "deep-sleep"):
        done = run(micropython, board, cause, tool)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if found is None or (cause != "nothing" and "\nasleep " not in done.stdout):
            raise RuntimeError(done.stdout + done.stderr)
        counts.append(int(found[1]))
    return counts[1] - counts[0], done.stdout
