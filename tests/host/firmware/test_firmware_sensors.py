"""Several sensors on one virtual board: each value has its rules, and one reading makes one mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PIN, Rig, rig, settings

SENSORS = {
    "freezer": {"type": "ds18b20", "pin": PIN},
    "room": {"type": "ds18b20", "pin": 5},
    "climate": {"type": "dht22", "pin": 15, "offset": {"humidity": -3}},
}
RULES = [
    {"name": "freezer warm", "of": "freezer", "when": "above", "limit": 30, "hysteresis": 1},
    {"name": "room", "of": "room", "when": "outside", "low": 5, "high": 28},
    {"name": "damp", "of": "climate.humidity", "when": "above", "limit": 70, "to": ["cellar@contoso.com"]},
]


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        made.board.sensors.ds18b20(5).conversion = 0.01
        made.board.sensors.dht(15).interval = 0
        config = settings(made.server, sensors=SENSORS, rules=RULES, interval=1)
        del config["sensor"]
        made.start(config)
        yield made


def test_three_sensors_are_read_together_and_one_reading_makes_one_mail(node: Rig) -> None:
    node.wait_for("freezer 20 °C, room 20 °C, climate.temperature 20 °C, climate.humidity 47 %")
    # (Both at one instant, between two readings.)
    node.board.sensors.ds18b20(5).celsius = node.celsius = 35
    node.wait_for("freezer warm 35 °C is above 30 °C; room 35 °C is above 28 °C: alert mailed to ops@contoso.com")
    node.board.sensors.dht(15).humidity = 90
    node.wait_for("damp 87 % is above 70 %: alert mailed to cellar@contoso.com")
    mails = node.server.inbox.wait(2, 10)
    assert len(mails) == 2
    assert "Limit:     alert below 5 °C or above 28 °C, normal from 5 to 28 °C" in mails[0].get_content()
    assert [mail["To"] for mail in mails if "Damp" in mail["Subject"]] == ["cellar@contoso.com"]


def test_one_that_is_gone_says_which_and_the_others_go_on(node: Rig) -> None:
    node.wait_for("climate.humidity 47 %")
    node.board.sensors.ds18b20(PIN).gone = True
    node.wait_for("the sensor freezer is gone: no DS18B20 answers")
    node.wait_for("freezer sensor is gone: no DS18B20 answers: check its wires and its 4.7 kΩ resistor: alert mailed")
    node.board.sensors.ds18b20(5).celsius = 2
    node.wait_for("room 2 °C is below 5 °C: alert mailed")
    node.board.sensors.ds18b20(PIN).gone = False
    node.wait_for("the sensor freezer is back")
    node.wait_for("freezer sensor is back: recovery mailed")
