"""Chips on the board's I2C bus: a DS3231 clock with its own battery."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable

_ENODEV = 19  # what MicroPython raises if no chip acknowledges its address
_STATUS, _STOPPED = 15, 0x80  # register and flag OSF of the data sheet
_ADDRESS = 0x68


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _from_bcd(value: int) -> int:
    return (value >> 4) * 10 + (value & 15)


class Ds3231:
    """The clock chip; it runs while the board has no power.

    Attributes:
        gone: it is not connected.
        drift: seconds it gains in a day.
    """

    def __init__(self) -> None:
        self.gone = False
        self.drift = 0.0
        self._registers = bytearray(19)
        self.battery_failed()

    def battery_failed(self) -> None:
        """Start anew in 2000, as with an empty battery, and say so in the flag OSF."""
        self.set(946_684_800)
        self._registers[_STATUS] = _STOPPED

    def set(self, unix_time: float) -> None:
        """Set it, as if it had been set long ago; the flag is cleared."""
        self._unix, self._since = unix_time, time.monotonic()
        self._registers[_STATUS] = 0

    def now(self) -> float:
        """Return what it shows, seconds of Unix time."""
        return self._unix + (time.monotonic() - self._since) * (1 + self.drift / 86400)

    def read(self, register: int, count: int) -> list[int]:
        """Read registers, their address wrapping as in the chip."""
        t = time.gmtime(self.now())
        fields = (t.tm_sec, t.tm_min, t.tm_hour, t.tm_wday + 1, t.tm_mday, t.tm_mon, t.tm_year % 100)
        self._registers[:7] = bytes(_bcd(field) for field in fields)
        return [self._registers[(register + i) % 19] for i in range(count)]

    def write(self, register: int, data: list[int]) -> None:
        """Write registers; the time starts to run from what is written."""
        self.read(0, 7)
        for i, value in enumerate(data):
            self._registers[(register + i) % 19] = value
        if register < 7:
            second, minute, hour, _, day, month, year = (_from_bcd(value) for value in self._registers[:7])
            self._unix = calendar.timegm((2000 + year, month % 80, day, hour, minute, second))
            self._since = time.monotonic()


class I2c:
    """The bus: ``board.i2c.ds3231.set(...)``. The clock is there once it is named."""

    def __init__(self) -> None:
        self._clock: Ds3231 | None = None

    @property
    def ds3231(self) -> Ds3231:
        """The clock at address 0x68."""
        if self._clock is None:
            self._clock = Ds3231()
        return self._clock

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "i2c.scan": lambda: [_ADDRESS] if self._clock is not None and not self._clock.gone else [],
            "i2c.read": lambda address, register, count: self._chip(address).read(register, count),
            "i2c.write": lambda address, register, data: self._chip(address).write(register, data),
        }

    def _chip(self, address: int) -> Ds3231:
        if address != _ADDRESS or self._clock is None or self._clock.gone:
            raise OSError(_ENODEV)
        return self._clock
