"""Two chips of a kind on one wire or bus: provisioning shows both and asks which is which, as only addresses tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.sensing import which
from umail_host.virtual_board import VirtualBoard
from umail_host.virtual_board.i2c import I2c

PIN = 4
I2C = {"scl": 22, "sda": 21}


@pytest.fixture(scope="module")
def virtual(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path_factory.mktemp("board")) as board:
        for index, celsius in enumerate((21.5, -18.0)):
            board.sensors.ds18b20(PIN, index).celsius = celsius
        yield board


class Person:
    """Answers, and keeps what was shown."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.shown: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None  # called at each question

    def ask(self, text: str, default: str, problem: Any) -> str:
        self.shown.append(text)
        self.meanwhile()
        while (answer := self.answers.pop(0)) and problem(answer):
            self.shown.append(problem(answer))
        return answer


def config(*pins: object, **more: Any) -> dict[str, Any]:
    names = ("freezer", "room", "loft")
    return {"sensors": {name: {"type": "ds18b20", "pin": pin} for name, pin in zip(names, pins, strict=False)}, **more}


def test_each_gets_the_address_that_was_pointed_at_and_the_last_one_is_not_asked_for(virtual: VirtualBoard) -> None:
    roms = [virtual.sensors.ds18b20(PIN, index).rom.hex() for index in (0, 1)]
    person = Person("r", "3", "2")
    written = config("GPIO4", 4)
    found = which.settle(written, virtual.port, person.ask, person.shown.append)
    assert found["sensors"]["freezer"]["address"] == roms[1]
    assert found["sensors"]["room"]["address"] == roms[0]
    assert "address" not in written["sensors"]["freezer"]
    shown = "\n".join(person.shown)
    assert f"1: {roms[0]}, 21.5 °C" in shown
    assert f"2: {roms[1]}, -18 °C" in shown
    assert shown.count("Which of them is freezer") == 2
    assert "Which of them is room" not in shown
    assert "answer one of r, 1, 2" in shown
    assert f'sensors.room.address = "{roms[0]}" (write it into your file)' in shown


def test_one_that_has_an_address_keeps_it_and_a_pins_name_is_the_boards(virtual: VirtualBoard) -> None:
    roms = [virtual.sensors.ds18b20(PIN, index).rom.hex() for index in (0, 1)]
    written = config("one_wire", "one_wire")
    written["sensors"]["room"]["address"] = roms[0].upper()
    person = Person()
    found = which.settle(written, virtual.port, person.ask, person.shown.append)
    assert found["sensors"]["freezer"]["address"] == roms[1]


def test_fewer_that_answer_than_are_configured_are_told(virtual: VirtualBoard) -> None:
    person = Person("1", "1")
    with pytest.raises(UserError, match=r"2 DS18B20 .* answer, and 3 are configured \(freezer, room, loft\): check"):
        which.settle(config(4, 4, 4), virtual.port, person.ask, person.shown.append)


@pytest.mark.parametrize(
    "written",
    [
        *(config(4), config(4, 5), {}, [], None, {"sensors": []}, {"sensors": {"a": 1, "b": {"type": "ds18b20"}}}),
        {"sensor": I2C | {"type": "bme280", "address": 0x77}},
        {"sensors": {"air": I2C | {"type": "aht20"}, "oven": {"type": "max6675", "cs": 5}, "own": I2C | {"type": "x"}}},
        {"sensor": {"type": "bme280", "scl": 22}},
    ],
)
def test_without_anything_to_ask_the_board_is_left_alone(written: Any) -> None:
    person = Person()
    assert which.settle(written, "/dev/null/none", person.ask, person.shown.append) == written


@pytest.fixture
def bus(virtual: VirtualBoard) -> Iterator[I2c]:
    virtual.i2c.empty()
    yield virtual.i2c
    virtual.i2c.empty()


def on_bus(*kinds: str) -> dict[str, Any]:
    names = ("freezer", "room", "loft")
    return {"sensors": {name: I2C | {"type": kind} for name, kind in zip(names, kinds, strict=False)}}


def test_two_on_i2c_are_shown_by_what_they_read_as_often_as_wanted(virtual: VirtualBoard, bus: I2c) -> None:
    room, freezer = bus.bme280(0x76), bus.bme280(0x77)
    room.celsius, room.percent, room.hectopascal = 21.4, 45.0, 1000.0
    freezer.celsius = -18.2
    person = Person("r", "2")
    person.meanwhile = lambda: setattr(freezer, "celsius", 4.0)
    written = on_bus("bme280", "bme280")
    written["sensors"]["room"] |= {"scl": "GPIO22", "sda": "21"}
    found = which.settle(written, virtual.port, person.ask, person.shown.append)
    assert found["sensors"]["freezer"]["address"] == "0x77"
    assert found["sensors"]["room"]["address"] == "0x76"
    shown = "\n".join(person.shown)
    assert len(re.findall(r"1: 0x76, 21\.\d+ °C, (45|44\.9\d?|45\.0\d) %, (1000|999\.9\d?|1000\.0\d) hPa", shown)) == 2
    assert re.search(r"2: 0x77, -18\.[12]\d* °C, .*\n.*freezer.*\n.*\n  2: 0x77, (4|3\.99|4\.01) °C", shown)
    assert "Which of them is freezer (warm it in your hand; r reads them again)" in shown
    assert "Which of them is room" not in shown
    assert 'sensors.room.address = "0x76" (write it into your file)' in shown


@pytest.mark.parametrize(
    ("kind", "addresses", "reading"),
    [
        ("bmp280", (0x76, 0x77), "20 °C, 1013.2"),
        ("sht3x", (0x44, 0x45), "20 °C, 50 %"),
        ("sht4x", (0x44, 0x46), "20 °C, 50 %"),
        ("mcp9808", (0x18, 0x1F), "20 °C"),
        ("ina219", (0x40, 0x4F), "12 V, 0.5 A, 6 W"),
    ],
)
def test_each_kind_that_has_several_addresses_is_asked_for(
    virtual: VirtualBoard, bus: I2c, kind: str, addresses: tuple[int, int], reading: str
) -> None:
    first, second = [(getattr(bus, kind)(address), f"0x{address:02x}")[1] for address in addresses]
    person = Person("2")
    found = which.settle(on_bus(kind, kind), virtual.port, person.ask, person.shown.append)
    assert [found["sensors"][name]["address"] for name in ("freezer", "room")] == [second, first]
    assert f"  1: {first}, {reading}" in "\n".join(person.shown)
    assert ("warm it" in "".join(person.shown)) == ("°C" in reading)


def test_one_that_several_chips_may_be_is_asked_for_with_its_pins_by_name(virtual: VirtualBoard, bus: I2c) -> None:
    for address in (0x40, 0x41):
        bus.ina219(address).ohms = 0.01
    person = Person("2")
    written = {"sensor": {"type": "ina219", "scl": "scl", "sda": "sda", "shunt": 0.01}}
    found = which.settle(written, virtual.port, person.ask, person.shown.append)
    assert found["sensor"]["address"] == "0x41"
    assert person.shown[0] == "  1: 0x40, 12 V, 0.5 A, 6 W"
    assert person.shown[2] == "Which of them is the sensor (r reads them again)"
    assert person.shown[3] == '  sensor.address = "0x41" (write it into your file)'


def test_one_takes_the_address_that_no_other_can_have_and_nobody_is_asked(virtual: VirtualBoard, bus: I2c) -> None:
    bus.bmp280(0x76)
    bus.bme280(0x77)
    person = Person()
    found = which.settle(on_bus("bme280", "bmp280"), virtual.port, person.ask, person.shown.append)
    assert found["sensors"]["freezer"]["address"] == "0x77"
    assert "address" not in found["sensors"]["room"], "it is at its usual one"
    bus.bme280(0x76)
    written = on_bus("bme280", "bme280")
    written["sensors"]["room"]["address"] = 0x77
    assert which.settle(written, virtual.port, person.ask, person.shown.append) == written


def test_an_address_that_another_sensor_has_is_not_written_to(virtual: VirtualBoard, bus: I2c) -> None:
    theirs = bus.mcp9808(0x44)  # an INA219's driver would write to its register 0
    bus.ina219(0x41)
    written = on_bus("ina219", "sht3x")
    written["sensors"]["room"]["address"] = "0X44"
    asked: list[bytes] = []
    theirs.write = asked.append  # type: ignore[method-assign]
    found = which.settle(written, virtual.port, Person().ask, str)
    assert found["sensors"]["freezer"]["address"] == "0x41"
    assert not asked


def test_fewer_on_i2c_than_are_configured_are_told_and_one_alone_is_left_as_it_is(
    virtual: VirtualBoard, bus: I2c
) -> None:
    two, one = on_bus("bme280", "bme280"), on_bus("bme280")
    bus.bme280(0x76)
    bus.bmp280(0x77)
    person = Person()
    text = r"on I2C \(scl 22, sda 21\), 1 BME280 .* answer, and 2 are configured .* two at one address answer as one"
    with pytest.raises(UserError, match=text):
        which.settle(two, virtual.port, person.ask, person.shown.append)
    bus.empty()
    assert which.settle(one, virtual.port, person.ask, person.shown.append) == one
    bus.hold(clocks=None)
    assert which.settle(one, virtual.port, person.ask, person.shown.append) == one
    with pytest.raises(UserError, match=r"I2C \(scl 22, sda 21\) could not be read: .*the I2C bus is held low"):
        which.settle(two, virtual.port, person.ask, person.shown.append)
    assert person.shown == []


def test_the_boards_own_program_is_not_what_reads(virtual: VirtualBoard, bus: I2c) -> None:
    bus.bme280(0x76)
    bus.bme280(0x77)
    with Board(virtual.port) as link:
        link.enter()
        for folder in ("/lib", "/lib/alertnode", "/lib/alertnode/sensors"):
            link.make_folder(folder)
        for name in ("__init__", "sensors/__init__", "sensors/bme280", "sensors/i2c", "sensors/crc"):
            link.put(f"/lib/alertnode/{name}.py", b"VERSION = '0.0.1'\n")
        link.hard_reset()
    person = Person("1")
    found = which.settle(on_bus("bme280", "bme280"), virtual.port, person.ask, person.shown.append)
    assert found["sensors"]["room"]["address"] == "0x77"
