"""Sensors on pins of their own: DS18B20 on a 1-Wire bus, DHT, HX711, MAX6675, with the faults real ones have."""

from __future__ import annotations

import time
from collections.abc import Callable

from umail_host.virtual_board.clocked import Hx711, Max6675
from umail_host.virtual_board.pins import Pins

_POWER_ON = 85.0  # what a DS18B20 holds until its first conversion


def _crc8(data: bytes) -> int:
    """Compute the Dallas/Maxim CRC-8 of 1-Wire."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x8C if crc & 1 else 0)
    return crc


class Ds18b20:
    """A thermometer on a 1-Wire bus.

    Attributes:
        celsius: the temperature around it.
        gone: it is not connected.
        corrupt: its answers carry a wrong CRC.
        conversion: seconds a conversion takes; before its end the last value is read.
    """

    def __init__(self, serial: int) -> None:
        body = b"\x28" + serial.to_bytes(6, "little")
        self.rom = body + bytes([_crc8(body)])
        self.celsius = 20.0
        self.gone = False
        self.corrupt = False
        self.conversion = 0.75
        self._held = self._next = _POWER_ON
        self._due = 0.0

    def power_lost(self) -> None:
        """Forget the last conversion."""
        self._held = self._next = _POWER_ON

    def convert(self) -> None:
        """Start a conversion."""
        self._next, self._due = self.celsius, time.monotonic() + self.conversion

    def pass_time(self, seconds: float) -> None:
        """Let a sleep be over that took the board's world less time."""
        self._due -= seconds

    def scratch(self) -> bytes:
        """Return the nine bytes of scratchpad."""
        if time.monotonic() >= self._due:
            self._held = self._next
        body = round(self._held * 16).to_bytes(2, "little", signed=True) + b"\x4b\x46\x7f\xff\x0c\x10"
        return body + bytes([_crc8(body) ^ (0x55 if self.corrupt else 0)])


class Dht:
    """A DHT11 or DHT22: as the board asks for it.

    Attributes:
        celsius: temperature around it.
        humidity: relative humidity, percent.
        gone: it does not answer.
        corrupt: its checksum is wrong.
        interval: seconds it needs between measurements; asked earlier it does not answer.
    """

    def __init__(self) -> None:
        self.celsius = 20.0
        self.humidity = 50.0
        self.gone = False
        self.corrupt = False
        self.interval = 2.0
        self._last = -1e9

    def pass_time(self, seconds: float) -> None:
        """Let a sleep be over that took the board's world less time."""
        self._last -= seconds

    def measure(self, whole: bool) -> list[int] | None:
        """Return its five bytes, those of a DHT11 if it is to be ``whole``; None if it does not answer."""
        now = time.monotonic()
        if self.gone or now - self._last < self.interval:
            return None
        self._last = now
        if whole:
            octets = [round(self.humidity), 0, max(round(self.celsius), 0), 0]
        else:
            tenths, sign = abs(round(self.celsius * 10)), 0x80 if self.celsius < 0 else 0
            octets = [*round(self.humidity * 10).to_bytes(2), tenths >> 8 | sign, tenths & 0xFF]
        return [*octets, sum(octets) + self.corrupt & 0xFF]


class Sensors:
    """What is connected where: ``board.sensors.ds18b20(4).celsius = 37.5``, ``board.sensors.dht(5).gone = True``.

    A sensor exists from the first time it is named.

    Args:
        pins: those of the board.
    """

    def __init__(self, pins: Pins) -> None:
        self._pins = pins
        self._cells: dict[tuple[int, int], Hx711] = {}
        self._thermocouples: dict[tuple[int, int, int], Max6675] = {}
        self._thermometers: dict[int, list[Ds18b20]] = {}
        self._dhts: dict[int, Dht] = {}

    def ds18b20(self, pin: int, index: int = 0) -> Ds18b20:
        """Return the thermometer number ``index`` on the bus at ``pin``."""
        bus = self._thermometers.setdefault(pin, [])
        while len(bus) <= index:
            bus.append(Ds18b20(pin << 8 | len(bus) + 1))
        return bus[index]

    def dht(self, pin: int) -> Dht:
        """Return the DHT at ``pin``."""
        return self._dhts.setdefault(pin, Dht())

    def hx711(self, dout: int, sck: int) -> Hx711:
        """Return the HX711 whose data and clock are those pins."""
        if (dout, sck) not in self._cells:
            self._cells[dout, sck] = Hx711(self._pins, dout, sck)
        return self._cells[dout, sck]

    def max6675(self, sck: int, miso: int, cs: int) -> Max6675:
        """Return the MAX6675 on those pins."""
        if (sck, miso, cs) not in self._thermocouples:
            self._thermocouples[sck, miso, cs] = Max6675(self._pins, sck, miso, cs)
        return self._thermocouples[sck, miso, cs]

    def empty(self) -> None:
        """Take all sensors away."""
        for connected in (self._thermometers, self._dhts, self._cells, self._thermocouples):
            connected.clear()

    def power_lost(self) -> None:
        """Forget all, as the board feeds them."""
        for bus in self._thermometers.values():
            for thermometer in bus:
                thermometer.power_lost()

    def pass_time(self, seconds: float) -> None:
        """Let a sleep be over that took the board's world this many seconds less than the board."""
        for dht in self._dhts.values():
            dht.pass_time(seconds)
        for bus in self._thermometers.values():
            for thermometer in bus:
                thermometer.pass_time(seconds)

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "onewire.reset": lambda pin: bool(self._present(pin)),
            "onewire.scan": lambda pin: [list(each.rom) for each in self._present(pin)],
            "onewire.convert": self._convert,
            "onewire.scratch": self._scratch,
            "dht.measure": lambda pin, whole: self._dhts[pin].measure(whole) if pin in self._dhts else None,
        }

    def _present(self, pin: int) -> list[Ds18b20]:
        return [each for each in self._thermometers.get(pin, []) if not each.gone]

    def _convert(self, pin: int) -> None:
        for thermometer in self._present(pin):
            thermometer.convert()

    def _scratch(self, pin: int, rom: list[int]) -> list[int]:
        for thermometer in self._present(pin):
            if thermometer.rom == bytes(rom):
                return list(thermometer.scratch())
        return [255] * 9  # nobody pulls the bus down
