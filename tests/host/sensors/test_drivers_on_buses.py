"""Drivers on the virtual board's buses, on real MicroPython: right values, and a sentence for whatever fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from umail_host import paths
from umail_host.device.board import Board
from umail_host.virtual_board import VirtualBoard

# What a driver is to read: what is around its chip, and what may be made of it.
World = Callable[[VirtualBoard], Any]
I2C = {"scl": 22, "sda": 21}
SPI = {"sck": 18, "mosi": 23, "miso": 19, "cs": 5}
CELL = {"pin": 25, "sck": 26}
ON_BOARD = """
import json, sys, time
from alertnode.sensors import buses, ds18b20, pulse as buses_pulse
def chip(kind, config, times=1):
    module = __import__('alertnode.sensors.' + kind)
    module = getattr(module.sensors, kind)
    driver, out = None, []
    for i in range(times):
        try:
            if driver is None:
                driver = module.Driver(config, lent)
            time.sleep_ms(driver.start())
            out.append(driver.read())
        except OSError as error:
            out.append(str(error))
    return out
"""


class Bench:
    """A virtual board that has the drivers.

    Attributes:
        virtual: the board, with the world around it.
    """

    def __init__(self, virtual: VirtualBoard, link: Board) -> None:
        self.virtual, self._link = virtual, link

    def read(self, kind: str, config: dict[str, Any], times: int = 1) -> list[Any]:
        """Read a sensor ``times`` times; a text stands for each reading that is missing."""
        answer = self._link.exec(f"print(json.dumps(chip({kind!r}, {config!r}, {times})))", timeout=30)
        found: list[Any] = json.loads(answer)
        return found

    def run(self, code: str) -> Any:
        """Run code there; return what it prints, JSON."""
        return json.loads(self._link.exec(code) or "null")

    def values(self, kind: str, config: dict[str, Any]) -> list[float]:
        """Read it once, rightly."""
        (found,) = self.read(kind, config)
        assert isinstance(found, list), found
        return found

    def why(self, kind: str, config: dict[str, Any]) -> str:
        """Read it once; return why the reading is missing."""
        (found,) = self.read(kind, config)
        assert isinstance(found, str), found
        return found


@pytest.fixture(scope="module")
def drivers(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Iterator[tuple[VirtualBoard, Board]]:
    with VirtualBoard(tmp_path_factory.mktemp("flash")) as virtual, Board(virtual.port) as link:
        link.enter()
        for folder in ("/lib", "/lib/alertnode", "/lib/alertnode/sensors"):
            link.make_folder(folder)
        link.put("/lib/alertnode/__init__.py", (paths.firmware() / "alertnode" / "__init__.py").read_bytes())
        for file in (paths.firmware() / "alertnode" / "sensors").glob("*.py"):
            link.put(f"/lib/alertnode/sensors/{file.name}", file.read_bytes())
        link.exec(ON_BOARD)
        yield virtual, link


@pytest.fixture
def bench(drivers: tuple[VirtualBoard, Board]) -> Bench:
    virtual, link = drivers
    virtual.disconnect()
    link.exec("lent = buses.Buses(time.sleep_ms)")
    return Bench(virtual, link)


def test_each_i2c_chip_gives_its_values(bench: Bench) -> None:
    i2c = bench.virtual.i2c
    bme, bmp = i2c.bme280(0x77), i2c.bmp280(0x76)
    bme.celsius, bme.percent, bme.hectopascal = -12.34, 61.5, 987.65
    bmp.celsius, bmp.hectopascal = 31.0, 1024.0
    assert bench.values("bme280", I2C | {"address": 0x77}) == pytest.approx([-12.34, 61.5, 987.65], abs=0.06)
    assert bench.values("bmp280", I2C | {"address": 0x76}) == pytest.approx([31.0, 1024.0], abs=0.06)
    for kind, address in (("sht3x", 0x44), ("sht4x", 0x45)):
        sht = getattr(i2c, kind)(address)
        sht.celsius, sht.percent = -7.5, 42.0
        assert bench.values(kind, I2C | {"address": address}) == pytest.approx([-7.5, 42.0], abs=0.01)
    aht = i2c.aht20()
    aht.celsius, aht.percent = 22.25, 33.0
    assert bench.values("aht20", I2C) == pytest.approx([22.25, 33.0], abs=0.01)
    ina = i2c.ina219(0x41)
    ina.volts, ina.amperes = 3.7, -0.25
    found = bench.values("ina219", I2C | {"address": 0x41, "shunt": 0.1})
    assert found == pytest.approx([3.7, -0.25, 0.925], abs=0.005)
    i2c.mcp9808(0x1F).celsius = -10.5
    assert bench.values("mcp9808", I2C | {"address": 0x1F}) == [-10.5]


def test_an_scd4x_is_started_read_and_started_again_after_its_supply_failed(bench: Bench) -> None:
    scd = bench.virtual.i2c.scd4x()
    scd.conversion, scd.ppm = 0.0, 1234
    assert bench.values("scd4x", I2C) == pytest.approx([1234, 20, 50], abs=0.01)
    # The board's program began anew; the chip has gone on.
    assert scd.measuring
    assert bench.values("scd4x", I2C) == pytest.approx([1234, 20, 50], abs=0.01)


def test_each_spi_and_clocked_chip_gives_its_value(bench: Bench) -> None:
    pt = bench.virtual.spi.max31865(5)
    settings = SPI | {"wires": 3, "nominal": 100, "reference": 430}
    for celsius in (-80.0, 0.0, 21.5, 300.0):
        pt.celsius = celsius
        assert bench.values("max31865", settings) == pytest.approx([celsius], abs=0.04)
    couple = bench.virtual.sensors.max6675(14, 12, 15)
    couple.celsius = 612.25
    assert bench.values("max6675", {"sck": 14, "miso": 12, "cs": 15}) == [612.25]
    cell = bench.virtual.sensors.hx711(25, 26)
    for raw in (0, 1, -1, 123456, -8388607):
        cell.raw = raw
        assert bench.values("hx711", CELL) == [raw]


@pytest.mark.parametrize(
    ("celsius", "octets"),
    [(125, "d007"), (85, "5005"), (25.0625, "9101"), (10.125, "a200"), (0.5, "0800"), (0, "0000"), (-0.5, "f8ff"),
     (-10.125, "5eff"), (-25.0625, "6ffe"), (-55, "90fc")],
)  # fmt: skip
def test_a_ds18b20_gives_the_table_of_its_data_sheet(bench: Bench, celsius: float, octets: str) -> None:
    # DS18B20, table 1, the low byte first. (85 °C is believed only from a chip that was hot.)
    there = bench.virtual.sensors.ds18b20(4)
    there.celsius, there.conversion = (celsius if celsius != 85 else 84), 0.0
    settings = {"pin": 4, "address": ""}
    if celsius == 85:
        bench.run(f"p = ds18b20.Driver({settings!r}, lent)\np.start(), p.read()")
        there.celsius = 85
        assert bench.run("p.start()\nprint(json.dumps(p.read()))") == [85]
    else:
        assert bench.values("ds18b20", settings) == [celsius]
    assert there.scratch()[:2].hex() == octets


@pytest.mark.parametrize(
    ("kind", "celsius", "percent", "octets"),
    [
        # Aosong AM2302 (DHT22), "Data calculation": 65.2 %, 35.1 °C; the temperature below zero is its -10.1 °C.
        ("dht22", 35.1, 65.2, "028c015fee"),
        ("dht22", -10.1, 65.2, "028c806573"),
        # Aosong DHT11, "Data calculation": 53 %, 24 °C.
        ("dht11", 24, 53, "350018004d"),
    ],
)
def test_a_dht_gives_the_example_of_its_data_sheet(
    bench: Bench, kind: str, celsius: float, percent: float, octets: str
) -> None:
    there = bench.virtual.sensors.dht(15)
    there.interval, there.celsius, there.humidity = 0.0, celsius, percent
    assert bytes(there.measure(kind == "dht11") or ()).hex() == octets
    assert bench.values(kind, {"pin": 15, "quantity": ""}) == pytest.approx([celsius, percent])
    assert bench.values(kind, {"pin": 15, "quantity": "humidity"}) == pytest.approx([percent])
    there.corrupt = True
    assert bench.why(kind, {"pin": 15, "quantity": ""}) == f"{kind.upper()}: checksum error"
    there.gone = True
    assert bench.why(kind, {"pin": 15, "quantity": ""}) == f"{kind.upper()}: no answer"


def test_what_the_board_knows_of_itself_are_sensors_too(bench: Bench) -> None:
    bench.virtual.pins[34].volts = 1.85
    assert bench.values("battery", {"pin": 34, "divider": 2, "samples": 4}) == pytest.approx([3.7])
    assert bench.values("chip", {}) == pytest.approx([(128 - 32) / 1.8])
    assert 1000 < bench.values("flash", {})[0] <= 2048
    assert bench.why("wifi", {}) == "Wi-Fi is down"
    assert "use the type battery" in bench.why("supply", {})


KINDS = {
    "bme280": I2C | {"address": 0x76},
    "bmp280": I2C | {"address": 0x76},
    "sht3x": I2C | {"address": 0x44},
    "sht4x": I2C | {"address": 0x44},
    "aht20": I2C,
    "scd4x": I2C,
    "ina219": I2C | {"address": 0x40, "shunt": 0.1},
    "mcp9808": I2C | {"address": 0x18},
}


def chip(virtual: VirtualBoard, kind: str, index: int = 0) -> Any:
    """The chip of a kind at its usual address."""
    return getattr(virtual.i2c, kind)(index=index)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chip_that_is_missing_comes_and_goes_with_a_sentence(bench: Bench, kind: str) -> None:
    there = chip(bench.virtual, kind)
    there.conversion, there.gone = 0.0, True
    assert "I2C address 0x" in bench.why(kind, KINDS[kind])
    assert "check its wires" in bench.why(kind, KINDS[kind])
    there.gone = False
    assert len(bench.values(kind, KINDS[kind])) >= 1


@pytest.mark.parametrize("kind", ["bme280", "sht3x", "sht4x", "aht20", "scd4x"])
def test_a_wrong_checksum_is_a_missing_reading(bench: Bench, kind: str) -> None:
    there = chip(bench.virtual, kind)
    there.conversion, there.corrupt = 0.0, True
    assert "wrong checksum" in bench.why(kind, KINDS[kind])


@pytest.mark.parametrize("kind", ["bme280", "sht3x", "sht4x", "aht20"])
def test_two_chips_at_one_address_are_no_value(bench: Bench, kind: str) -> None:
    first, second = chip(bench.virtual, kind), chip(bench.virtual, kind, 1)
    first.celsius, second.celsius = 21.7, 4.2
    assert "two chips at one address" in bench.why(kind, KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_bus_that_a_chip_holds_is_freed_by_nine_clocks(bench: Bench, kind: str) -> None:
    there = chip(bench.virtual, kind)
    there.conversion = 0.0
    bench.virtual.i2c.hold()
    assert len(bench.values(kind, KINDS[kind])) >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_bus_that_stays_low_is_a_sentence_and_no_hang(bench: Bench, kind: str) -> None:
    chip(bench.virtual, kind)
    bench.virtual.i2c.hold(clocks=None)
    assert "held low" in bench.why(kind, KINDS[kind])


def test_another_chip_at_the_address_is_named(bench: Bench) -> None:
    bench.virtual.i2c.bmp280()
    assert bench.why("bme280", KINDS["bme280"]) == "at I2C address 0x76 is a BMP280, not a BME280"
    bench.virtual.i2c.sht3x(0x40)
    assert "no chip answers" in bench.why("ina219", KINDS["ina219"])


def test_a_chip_that_lost_its_supply_between_question_and_answer_gives_no_value(bench: Bench) -> None:
    bme = bench.virtual.i2c.bme280()
    bme.conversion = 3600.0
    assert bench.why("bme280", KINDS["bme280"]) == "the chip is still measuring"
    bme.power_lost()
    bme.conversion = 0.0
    assert bench.values("bme280", KINDS["bme280"])[0] == pytest.approx(20, abs=0.05)


def test_a_pt100_a_thermocouple_and_a_load_cell_that_fail_are_named(bench: Bench) -> None:
    settings = SPI | {"wires": 4, "nominal": 100, "reference": 430}
    for idle in (0xFF, 0x00):
        bench.virtual.spi.idle = idle
        assert "no MAX31865 answers" in bench.why("max31865", settings)
    pt = bench.virtual.spi.max31865(5)
    pt.fault = 0x20
    assert bench.why("max31865", settings) == "the Pt's wires are broken or shorted (fault 0x20)"
    pins = {"sck": 14, "miso": 12, "cs": 15}
    assert "no MAX6675 answers" in bench.why("max6675", pins)
    couple = bench.virtual.sensors.max6675(14, 12, 15)
    couple.open = True
    assert bench.why("max6675", pins) == "the thermocouple's wire is broken"
    assert "no HX711 answers" in bench.why("hx711", CELL)
    bench.virtual.pins[25].drive(0)  # shorted to ground: it looks ready for ever
    assert "no HX711 answers" in bench.why("hx711", CELL)
    bench.virtual.pins[25].drive(None)
    bench.virtual.sensors.hx711(25, 26).raw = 0x7FFFFF
    assert "overloaded" in bench.why("hx711", CELL)


def test_pulses_are_counted_between_readings_and_a_bounce_is_none(bench: Bench) -> None:
    meter = bench.virtual.pins[12]
    settings = {"pin": 12, "pull": "up", "edge": "falling", "debounce": 0.02}
    bench.run(f"p = buses_pulse.Driver({settings!r}, lent)")
    work = "for i in range(20): time.sleep_ms(50)\nprint(json.dumps(p.read()))"
    with ThreadPoolExecutor() as pool:
        begun = pool.submit(bench.run, work)
        meter.pulse(5, seconds=0.1)
        meter.pulse(2, seconds=0.001)
        total, rate = begun.result()
        assert total == 6
        assert rate > 100
        assert bench.run(work) == [total, 0]
        # A board's ticks tell at most 6.2 days from one another.
        bench.run("p._pulse = (time.ticks_ms() - 7 * 24 * 3600 * 1000) & 0x3FFFFFFF")
        begun = pool.submit(bench.run, work)
        meter.pulse(1, seconds=0.1)
        assert begun.result()[0] == 7
