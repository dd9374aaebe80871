"""A sensor and an action of one's own: docs/own-sensor.md is carried out, word by word, on a virtual board."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from host.firmware import firmware_rig
from umail_host import paths
from umail_host.deploy import image, transfer
from umail_host.deploy import run as deploying
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.sensing import look
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

PAGE = (Path(__file__).parents[3] / "docs" / "own-sensor.md").read_text(encoding="utf-8")
# In the place of the driver that mip would bring: as that one, it is made of a bus and an address.
DRIVER = b"""
from alertnode.sensors import bme280


class BME280:
    def __init__(self, i2c, address):
        self.wire = Wire(i2c)
        self.driver = bme280.Driver({"address": address}, self)

    def i2c(self, config):
        return self.wire

    def read_compensated_data(self):
        import time
        time.sleep_ms(self.driver.start())
        celsius, percent, hectopascal = self.driver.read()
        return celsius, hectopascal * 100, percent


class Wire:
    def __init__(self, i2c):
        self.write, self.read = i2c.writeto, i2c.readfrom

    def registers(self, address, first, count):
        self.write(address, bytes([first]))
        return self.read(address, count)
"""


BASE: dict[str, Any] = {
    "board_name": "x",
    "wifi": {"ssid": "x"},
    "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": "a@b.c"},
}


def block(after: str, language: str) -> str:
    """The first block of code in ``language`` behind a text of the page."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE[PAGE.index(after) :], re.DOTALL)
    assert found is not None, after
    return found[1]


def written(folder: Path, **changes: Any) -> Path:
    """The page's files in ``folder``; ``changes`` replace sections of the configuration."""
    (folder / "sensors").mkdir()
    (folder / "outputs").mkdir()
    (folder / "sensors" / "my_bme.py").write_text(block("`sensors/my_bme.py`:", "python"), encoding="utf-8")
    (folder / "outputs" / "my_fan.py").write_text(block("`outputs/my_fan.py`", "python"), encoding="utf-8")
    config = json.loads(block("`greenhouse.json`:", "json")) | changes
    (folder / "greenhouse.json").write_text(json.dumps(config), encoding="utf-8")
    return folder / "greenhouse.json"


def test_the_page_deploys_reads_alerts_and_acts(tmp_path: Path, flash: Path) -> None:
    driver = image.compile_module(DRIVER, "bme280_float.py")
    chip = {f"/lib/alertnode/sensors/{name}.mpy": _module(name) for name in ("bme280", "crc")}
    with firmware_rig.rig(flash, tmp_path / "flash") as rig:
        base = firmware_rig.settings(rig.server)
        path = written(tmp_path, mail=base["mail"], wifi=base["wifi"], clock=base["clock"], interval=0.3)
        bme = rig.board.i2c.bme280()
        bme.celsius, bme.percent, bme.conversion = 21.5, 40.0, 0.0
        settings = Settings.read(path, fresh=True)
        said: list[str] = []
        secrets = {"mail_password": firmware_rig.PASSWORD, "wifi_password": firmware_rig.WIFI_PASSWORD}
        files = {"/lib/bme280_float.mpy": driver, firmware_rig.ROOT: rig.server.ca_der, **chip}
        plan = deploying.Plan(rig.board.port, settings=settings, files=files, secrets=secrets)
        deploying.carry_out(plan, transfer.Report(), lambda *_: None, said.append)[1].close()
        assert [line[:16] for line in said] == ["air.humidity: 40", "air.temperature:"]
        assert said[1] == "air.temperature: 21.5 °C"
        rig.wait_for("21.5 °C")
        bme.celsius = 31.0
        (subject,) = rig.subjects(1)
        assert "31" in subject
        assert rig.board.pins[25].level == 1
        bme.gone = True
        gone = str(rig.server.inbox.wait(2, 15)[1].get_content())
        assert "ENODEV" in gone
        bme.gone, bme.celsius = False, 20.0
        rig.server.inbox.wait(4, 15)
        assert rig.board.pins[25].level == 0


def _module(name: str) -> bytes:
    return image.compile_module((paths.firmware() / "alertnode" / "sensors" / f"{name}.py").read_bytes(), f"{name}.py")


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("sensors/my_bme.py", "def raed():\n    return 1\n", "does not say how to read the sensor: write def read()"),
        ("sensors/my_bme.py", "class Sensor:\n    pass\n", "class Sensor has no def read(self)"),
        ("sensors/my_bme.py", "def read(:\n", "my_bme.py, line 1, is not Python"),
        ("sensors/my_bme.py", "VALUES = 3\ndef read():\n    return 1\n", "VALUES is not a list of names and units"),
        ("sensors/my_bme.py", "VALUES = (('a', ''), ('a', ''))\ndef read():\n    pass\n", "a name of its own for each"),
        ("sensors/my_bme.py", "VALUES = made()\ndef read():\n    pass\n", "VALUES must be written out"),
        ("outputs/my_fan.py", "def akt(event):\n    pass\n", "has no def act(event)"),
    ],
)
def test_a_part_that_is_not_one_is_told_before_anything_is_copied(
    tmp_path: Path, name: str, source: str, words: str
) -> None:
    path = written(tmp_path)
    (tmp_path / name).write_text(source, encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(words)):
        Settings.read(path, fresh=True)


def test_a_part_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "sensors" / "my_bme.py").unlink()
    with pytest.raises(UserError, match=r"put a file sensors/my_bme\.py beside the configuration"):
        Settings.read(path, fresh=True)


def test_only_the_drivers_that_a_configuration_needs_are_deployed(tmp_path: Path) -> None:
    spec = boards.load("virtual")
    rules = [{"name": "x", "of": "a.temperature", "when": "above", "limit": 30}]
    air = BASE | {"sensors": {"a": {"type": "sht3x", "scl": 22, "sda": 21}}, "rules": rules}
    names = {path.rsplit("/", 1)[-1] for path in image.build(spec, config=Settings.of(air)) if "/sensors/" in path}
    wanted = ("buses", "find", "group", "reading", "i2c", "crc", "sht3x", "sht4x")
    assert names == {f"{name}.mpy" for name in wanted}
    own = image.build(spec, config=Settings.read(written(tmp_path), fresh=True))
    assert {"/lib/sensors/my_bme.mpy", "/lib/outputs/my_fan.mpy", "/lib/alertnode/sensors/own.mpy"} <= own.keys()
    assert "/lib/alertnode/sensors/ds18b20.mpy" not in own
    everything = image.build(spec)
    assert {"/lib/alertnode/sensors/scd4x.mpy", "/lib/alertnode/outputs/led.mpy"} <= everything.keys()


def test_a_board_is_asked_for_readings_and_buses(tmp_path: Path, flash: Path) -> None:
    with VirtualBoard(_copy(flash, tmp_path / "flash")) as virtual, Board(virtual.port) as link:
        link.enter()
        for index, celsius in enumerate((-18.5, 4.0)):
            one = virtual.sensors.ds18b20(4, index)
            one.celsius, one.conversion = celsius, 0.0
        roms = [virtual.sensors.ds18b20(4, index).rom.hex() for index in (0, 1)]
        virtual.i2c.sht4x().celsius = 22.0
        sensors: dict[str, Any] = {
            "freezer": {"type": "ds18b20", "pin": 4, "address": roms[0]},
            "fridge": {"type": "ds18b20", "pin": 4, "address": roms[1]},
            "air": {"type": "sht4x", "scl": 22, "sda": 21},
            "loft": {"type": "bme280", "scl": 22, "sda": 21},
        }
        rules = [{"name": "x", "of": "fridge", "when": "above", "limit": 8}]
        link.put("/config.json", json.dumps(BASE | {"sensors": sensors, "rules": rules}).encode())
        seen = look.sensors(link)
        assert [one.line for one in seen.readings if one.text] == [
            "air.humidity: 50 %",
            "air.temperature: 22 °C",
            "freezer: -18.5 °C",
            "fridge: 4 °C",
        ]
        assert all("no chip answers at I2C address 0x76" in one.line for one in seen.readings if not one.text)
        wire, bus = seen.buses
        assert bus.line == "I2C (scl 22, sda 21): 0x44 (SHT3x or SHT4x)"
        assert sorted(wire.found) == sorted(roms)
        virtual.i2c.hold(clocks=None)
        assert "held low" in look.sensors(link).buses[1].line
        assert [check.state for check in look.checks(seen)] == ["ok"] * 4 + ["warning"] * 3 + ["ok"] * 2


def _copy(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    return target
