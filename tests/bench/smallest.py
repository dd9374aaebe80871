"""The smallest heap in which an alert node reads, alerts and mails, on this computer's MicroPython."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import trips
import wake

from umail_host.fake_smtp import FakeServer

# Seconds in which the alert must be out.
_PATIENCE = 20


def config(port: int) -> dict[str, Any]:
    """The configuration of a node that stays awake, with one sensor, whose mail server is at ``port``."""
    return {key: value for key, value in trips.config(port).items() if key not in ("battery", "storm")}


def smallest(micropython: str, source: Path, folder: Path) -> int:
    """Return the smallest heap, in kB, with which the node of ``source`` mails its first alert.

    Args:
        source: the repository, or what ``wake.before`` made of an earlier commit.
        folder: where to put its flash.

    Raises:
        RuntimeError: it mails in no heap.
    """
    users = {trips.USER: wake.SECRETS["mail_password"]}
    with (
        trips.name_server() as names,
        FakeServer("m365-submission", mailboxes=users, hostnames=[trips.HOST]) as server,
    ):
        flash = wake.flash(source, folder / "flash", config(server.port))
        (flash / "root.der").write_bytes(server.ca_der)
        low, high = 32, 400
        if not _mails(micropython, flash, folder / "try", high, names):
            raise RuntimeError(f"the node of {source} mails no alert")
        while high - low > 2:
            middle = (low + high) // 2
            if _mails(micropython, flash, folder / "try", middle, names):
                high = middle
            else:
                low = middle
    return high


def _mails(micropython: str, flash: Path, copy: Path, heap: int, names: int) -> bool:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(flash, copy)
    command = [micropython, "-X", f"heapsize={heap}k", str(wake.HERE / "device_trips.py"), str(copy), "power-on"]
    with subprocess.Popen(
        [*command, "0.5", str(names)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as node:
        watch = threading.Timer(_PATIENCE, node.kill)
        watch.start()
        assert node.stdout
        try:
            return any(": alert mailed to " in line for line in node.stdout)
        finally:
            watch.cancel()
            node.kill()
