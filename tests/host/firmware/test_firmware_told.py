"""What a board says of a sensor that never answered, and of its own steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from host.firmware.firmware_rig import PIN, Rig, installed, rig, settings


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made


def test_a_sensor_that_never_answered_is_told_with_its_pin_and_one_that_is_lost_later_is_not_so_told(
    node: Rig,
) -> None:
    node.board.sensors.ds18b20(PIN).gone = True
    sensors = {"freezer": {"type": "ds18b20", "pin": PIN}}
    config = settings(node.server, sensors=sensors)
    del config["sensor"]
    node.start(config)
    node.wait_for("did not answer since start: freezer (DS18B20 on GPIO4): no DS18B20 answers: check its wires")
    node.wait_for("alert mailed to ops@contoso.com")
    node.board.sensors.ds18b20(PIN).gone = False
    node.wait_for("freezer sensor is back: recovery mailed")
    node.board.sensors.ds18b20(PIN).gone = True
    node.wait_for("the sensor freezer is gone: no DS18B20 answers")
    node.wait_for("freezer sensor is gone: no DS18B20 answers")
    first, _back, lost = node.server.inbox.wait(3, 20)
    assert first["Subject"] == "Freezer sensor did not answer since start: DS18B20 on GPIO4 (freezer-3)"
    assert "freezer sensor did not answer since start: freezer (DS18B20 on GPIO4): no DS18B20" in first.get_content()
    assert "Freezer sensor gone: no DS18B20 answers" in lost["Subject"]
    assert "Sensor:    DS18B20 on GPIO4" in lost.get_content()


def test_on_battery_it_is_told_once_over_all_wakes_and_a_later_loss_is_a_loss(tmp_path: Path, micropython: str) -> None:
    german = settings(SimpleNamespace(port=587), battery={"budget": 30}, interval=600, language="de")
    with rig(installed(tmp_path / "flash", config=german), tmp_path / "board") as node:
        node.board.sensors.ds18b20(PIN).gone = True
        node.start(settings(node.server, battery={"budget": 30}, interval=600, language="de"))
        node.wait_for("hat seit dem Start nicht geantwortet: DS18B20 an GPIO4: kein DS18B20 antwortet", 30)
        node.wait_for("Alarm gesendet an ops@contoso.com", 30)
        node.board.sensors.ds18b20(PIN).gone = False
        node.wait_for("Entwarnung gesendet", 30)
        node.board.sensors.ds18b20(PIN).gone = True
        node.wait_for("der Sensor ist ausgefallen", 30)
        node.wait_for("Alarm gesendet", 30)
        first, _back, lost = node.server.inbox.wait(3, 20)
        console = node.board.console.text
    assert first["Subject"] == "Sensor hat seit dem Start nicht geantwortet: DS18B20 an GPIO4 (freezer-3)"
    assert lost["Subject"].startswith("Sensor ausgefallen: kein DS18B20 antwortet")
    assert console.count("nicht geantwortet: DS18B20 an GPIO4: kein DS18B20 antwortet") <= 3


def test_with_debug_each_step_from_power_on_to_the_sleep_is_told_with_its_milliseconds(node: Rig) -> None:
    # (Far more than a busy computer lets the board notice its association late.)
    node.board.wifi.dhcp = 0.6
    node.celsius = 35
    node.start(settings(node.server, battery={"budget": 30}, interval=600, debug=True))
    first = node.wait_for("debug: asleep after")
    node.celsius = 20
    # (A wake that has nothing to mail has few steps.)
    node.wait_for("recovery mailed", 30)
    steps = [(name, int(took), int(total)) for name, took, total in _STEP.findall(first)]
    names = [name for name, _took, _total in steps]
    for before, after in pairwise(_ORDER):
        assert names.index(before) < names.index(after), names
    assert {name: took for name, took, _ in steps}["DHCP"] >= 100
    totals = [total for _name, _took, total in steps]
    assert totals == sorted(totals)
    assert all(total - took >= 0 for _name, took, total in steps)


_STEP = re.compile(r"debug: ([\w ]+?) (\d+) ms, (\d+) ms in all")
_ORDER = ("start", "association", "DHCP", "NTP", "sensors", "outbox", "DNS", "TCP", "SMTP greeting", "TLS", "SMTP auth")
_ORDER += ("SMTP mail", "SMTP body")


def test_without_debug_no_step_is_told(node: Rig) -> None:
    node.start(settings(node.server))
    node.wait_for("20 °C")
    assert "debug" not in node.board.console.text
