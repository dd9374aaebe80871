"""The board's I2C bus: chips that answer at their addresses as their data sheets say, and a bus that is held low."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TypeVar

from umail_host.virtual_board.chips import Aht20, Bmx280, Chip, Ina219, Mcp9808, Nack, Scd4x, Sht
from umail_host.virtual_board.ds3231 import Ds3231
from umail_host.virtual_board.pins import Pins

_FIRST, _LAST = 0x08, 0x77  # what MicroPython's scan() asks for
_CLOCKS = 9  # that a chip needs to finish the byte in which it was interrupted, and to see no acknowledgement
_Chip = TypeVar("_Chip", bound=Chip)


class I2c:
    """The bus: ``board.i2c.ds3231.set(...)``, ``board.i2c.bme280().celsius = 21.5``, ``board.i2c.hold()``.

    A chip is there once it is named; ``index`` 1 is a second one at the same address, which answers at the same time.

    Args:
        pins: those of the board.
    """

    def __init__(self, pins: Pins) -> None:
        self._pins = pins
        self._chips: list[Chip] = []
        self._wires: tuple[int | str, int | str] | None = None
        self._held: int | None = None

    @property
    def ds3231(self) -> Ds3231:
        """The clock at address 0x68."""
        return self._named(Ds3231, 0x68, 0, lambda: Ds3231(0x68))

    def bme280(self, address: int = 0x76, index: int = 0) -> Bmx280:
        """Return a BME280: temperature, humidity, pressure."""
        return self._named(Bmx280, address, index, lambda: Bmx280(address, True, index))

    def bmp280(self, address: int = 0x76, index: int = 0) -> Bmx280:
        """Return a BMP280: temperature, pressure."""
        return self._named(Bmx280, address, index, lambda: Bmx280(address, False, index))

    def sht3x(self, address: int = 0x44, index: int = 0) -> Sht:
        """Return an SHT30, SHT31 or SHT35."""
        return self._named(Sht, address, index, lambda: Sht(address, b"\x24\x00", 0.0155, 0.0, 100.0))

    def sht4x(self, address: int = 0x44, index: int = 0) -> Sht:
        """Return an SHT40, SHT41 or SHT45."""
        return self._named(Sht, address, index, lambda: Sht(address, b"\xfd", 0.0083, -6.0, 125.0))

    def aht20(self, index: int = 0) -> Aht20:
        """Return an AHT20; its address is 0x38."""
        return self._named(Aht20, 0x38, index, lambda: Aht20(0x38))

    def scd4x(self, index: int = 0) -> Scd4x:
        """Return an SCD40 or SCD41; its address is 0x62."""
        return self._named(Scd4x, 0x62, index, lambda: Scd4x(0x62))

    def ina219(self, address: int = 0x40, index: int = 0) -> Ina219:
        """Return an INA219 with a shunt of 0.1 Ω."""
        return self._named(Ina219, address, index, lambda: Ina219(address))

    def mcp9808(self, address: int = 0x18, index: int = 0) -> Mcp9808:
        """Return an MCP9808."""
        return self._named(Mcp9808, address, index, lambda: Mcp9808(address))

    def hold(self, clocks: int | None = _CLOCKS) -> None:
        """Hold the data line low, as a chip whose master was reset within a byte does.

        Args:
            clocks: pulses on the clock line after which it lets go; None: never, as with a short circuit.
        """
        self._held = clocks if clocks is not None else -1
        self._pull()

    def release(self) -> None:
        """Let the data line go."""
        self._held = None
        self._pull()

    def empty(self) -> None:
        """Take all chips away, and let the lines go."""
        self._chips.clear()
        self._held = self._wires = None

    def power_lost(self) -> None:
        """Restart the chips: the board feeds them."""
        for chip in self._chips:
            chip.power_lost()

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {"i2c.open": self._open, "i2c.scan": self._scan, "i2c.read": self._read, "i2c.write": self._write}

    def _named(self, kind: type[_Chip], address: int, index: int, make: Callable[[], _Chip]) -> _Chip:
        there = [chip for chip in self._chips if chip.address == address and isinstance(chip, kind)]
        while len(there) <= index:
            there.append(make())
            self._chips.append(there[-1])
        return there[index]

    def _open(self, scl: int | str, sda: int | str) -> None:
        self._wires = (scl, sda)
        self._pins.open_drain(scl)
        self._pins.open_drain(sda)
        self._pins.watch(scl, self._clocked)
        self._pull()

    def _pull(self) -> None:
        if self._wires is not None:
            self._pins[self._wires[1]].drive(0 if self._held is not None else None)

    def _clocked(self, level: int) -> None:
        if level and self._held is not None and self._held > 0:
            self._held = self._held - 1 or None
            self._pull()

    def _scan(self, soft: bool) -> list[int]:
        if self._held is not None:
            # A master made of software sees every address acknowledged: the data line is low.
            return list(range(_FIRST, _LAST + 1)) if soft else []
        return sorted({chip.address for chip in self._chips if not chip.gone})

    def _read(self, soft: bool, address: int, count: int) -> list[int]:
        if self._is_held(soft):
            return [0] * count
        return list(self._all(address, lambda chip: chip.read(count), bytes([0xFF]) * count))

    def _write(self, soft: bool, address: int, data: list[int]) -> int:
        if not self._is_held(soft):
            self._all(address, lambda chip: chip.take(bytes(data)), b"")
        return len(data)

    def _is_held(self, soft: bool) -> bool:
        if self._held is not None and not soft:
            raise OSError(errno.ETIMEDOUT)
        return self._held is not None

    def _all(self, address: int, ask: Callable[[Chip], bytes], idle: bytes) -> bytes:
        """Ask all chips at ``address``: a bit that one of them pulls low is low for all."""
        answers = []
        for chip in self._chips:
            if chip.address == address and not chip.gone:
                try:
                    answers.append(ask(chip))
                except Nack:
                    pass
        if not answers:
            raise OSError(errno.ENODEV)  # what MicroPython raises if no chip acknowledges
        for answer in answers:
            idle = bytes(one & other for one, other in zip(idle, answer, strict=True))
        return idle
