"""The smallest heap in which an alert node reads, alerts and mails, on this computer's MicroPython."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import trips
import wake

from umail_host.deploy import image
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
        _stand_ins(folder / "chip")
        low, high = 32, 400
        if not _mails(micropython, flash, folder, high, names):
            raise RuntimeError(f"the node of {source} mails no alert")
        while high - low > 2:
            middle = (low + high) // 2
            if _mails(micropython, flash, folder, middle, names):
                high = middle
            else:
                low = middle
    return high


def _stand_ins(folder: Path) -> None:
    """Compile what stands in for the chip into ``folder``: on a board it lies in ROM, and takes no heap."""
    folder.mkdir()
    for name in ("device_chip", "device_trips"):
        source = (wake.HERE / f"{name}.py").read_bytes()
        (folder / f"{name}.mpy").write_bytes(image.compile_module(source, name, image.WITHOUT_LINES))


def _mails(micropython: str, flash: Path, folder: Path, heap: int, names: int) -> bool:
    copy = folder / "try"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(flash, copy)
    command = [micropython, "-X", f"heapsize={heap}k", "-m", "device_trips", str(copy), "power-on", "0.5", str(names)]
    env = os.environ | {"MICROPYPATH": str(folder / "chip")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env) as node:
        watch = threading.Timer(_PATIENCE, node.kill)
        watch.start()
        assert node.stdout
        try:
            return any(": alert mailed to " in line for line in node.stdout)
        finally:
            watch.cancel()
            node.kill()
