"""Measures how much heap the alert node has in use at most, on a virtual board that has more than enough."""

from __future__ import annotations

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from host.firmware import test_firmware_summary as summaries
from host.firmware.firmware_rig import PASSWORD, WIFI_PASSWORD, rig, settings
from umail_host import paths
from umail_host.deploy import image, transfer
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

KIND = "ESP32_GENERIC"
# The values of the third sensor.
CLIMATE = ("climate.temperature", "climate.humidity")
# As main.py, but that each collection that the node asks for tells how much is in use, if that is more than before.
TELLING = b"""import gc
import sys
class Telling:
    most = 0
telling = Telling()
for name in dir(gc):
    setattr(telling, name, getattr(gc, name))
gc.collect()
begin = gc.mem_alloc()
def collect():
    gc.collect()
    used = gc.mem_alloc() - begin
    if used > telling.most:
        telling.most = used
        print("heap in use: %d" % used)
telling.collect = collect
sys.modules["gc"] = telling
from alertnode import start
start.WINDOW = 200
start.main()
"""


def used(folder: Path, heap: int | None = 1 << 20, **changes: Any) -> int:
    """Return the bytes in use at most until an alert, its recovery, and a summary if there is one, were mailed."""
    config = settings(SimpleNamespace(port=587), interval=1, **changes)
    if "sensors" in config:
        del config["sensor"]
    needs = Settings.of(config)
    files = image.build(boards.load(KIND), needs=needs, keyed="update" in config) | {"/main.py": TELLING}
    if "update" in config:
        files |= {f"/{name}": (paths.firmware() / name).read_bytes() for name in image.SWITCH}
    with VirtualBoard(folder / "flash", KIND) as virtual, Board(virtual.port) as link:
        link.enter()
        transfer.deploy(link, files)
    with rig(folder / "flash", folder / "board", kind=KIND, heap=heap) as node:
        node.board.sensors.ds18b20(5).conversion = 0.01
        node.board.sensors.dht(15).interval = 0
        node.board.pins[0].drive(1)
        config["mail"]["port"] = node.server.port
        kept = {}
        if "summary" in config:
            config["clock"]["zone"] = "UTC0"
            config["summary"] = {"at": time.strftime("%H:%M", time.gmtime(time.time() - 120)), "spread": 0}
            more = CLIMATE if "climate" in config["sensors"] else ()
            kept = summaries.kept(folder / "history", int(time.time()) // 60 * 60, 20, more)
        node.celsius = 35
        secrets = {"mail_password": PASSWORD, "wifi_password": WIFI_PASSWORD}
        if "update" in config:
            secrets["fleet_key"] = "11" * 32
        node.start(config, kept, secrets)
        node.subjects(1 + bool(kept), 40)
        node.celsius = 20
        node.subjects(2 + bool(kept), 40)
        return max(int(found) for found in re.findall(r"heap in use: (\d+)", node.board.console.text))
