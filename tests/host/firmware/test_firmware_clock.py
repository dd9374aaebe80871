"""A clock chip on the wires of a sensor: both are read, by the same bus."""

from __future__ import annotations

import time
from pathlib import Path

from host.firmware.firmware_rig import rig, settings

WIRES = {"scl": 22, "sda": 21}


def test_a_ds3231_shares_its_wires_with_a_sensor(flash: Path, tmp_path: Path) -> None:
    with rig(flash, tmp_path / "board") as node:
        node.board.i2c.bme280().celsius = 21.5
        node.board.i2c.ds3231.set(int(time.time()))
        node.board.wifi.ssid = "another"
        config = settings(node.server, sensors={"air": {"type": "bme280", **WIRES}})
        del config["sensor"]
        config["rules"] = [{"name": "air", "of": "air.temperature", "when": "above", "limit": 40}]
        config["clock"]["ds3231"] = WIRES
        node.start(config)
        node.wait_for("by the DS3231: it was not set")
        node.wait_for("air.temperature 21.5 °C")
        node.board.i2c.bme280().celsius = 41
        node.wait_for("1 mail waits: Wi-Fi is down")
