"""A DS3231 on the virtual board's I2C bus: a clock with its own battery."""

from __future__ import annotations

import calendar
import time

from umail_host.virtual_board.chips import Chip

_STATUS, _STOPPED = 15, 0x80  # register and flag OSF of the data sheet


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _from_bcd(value: int) -> int:
    return (value >> 4) * 10 + (value & 15)


class Ds3231(Chip):
    """The clock chip; it runs while the board has no power.

    Attributes:
        gone: it is not connected.
        drift: seconds it gains in a day.
    """

    def __init__(self, address: int) -> None:
        super().__init__(address)
        self.drift = 0.0
        self._registers = bytearray(19)
        self._pointer = 0
        self.battery_failed()

    def battery_failed(self) -> None:
        """Start over in 2000, as with an empty battery, and say so in the flag OSF."""
        self.set(946_684_800)
        self._registers[_STATUS] = _STOPPED

    def set(self, unix_time: float) -> None:
        """Set it, as if it had been set long ago; the flag is cleared."""
        self._unix, self._since = unix_time, time.monotonic()
        self._registers[_STATUS] = 0

    def now(self) -> float:
        """Return what it shows, seconds of Unix time."""
        return self._unix + (time.monotonic() - self._since) * (1 + self.drift / 86400)

    def read(self, count: int) -> bytes:
        """Read registers, their address wrapping as in the chip."""
        t = time.gmtime(self.now())
        fields = (t.tm_sec, t.tm_min, t.tm_hour, t.tm_wday + 1, t.tm_mday, t.tm_mon, t.tm_year % 100)
        self._registers[:7] = bytes(_bcd(field) for field in fields)
        return bytes(self._registers[(self._pointer + i) % 19] for i in range(count))

    def write(self, data: bytes) -> None:
        """Write the register pointer, then registers; the time starts to run from what is written."""
        if not data:
            return
        self._pointer, data = data[0], data[1:]
        if not data:
            return
        self.read(0)
        for i, value in enumerate(data):
            self._registers[(self._pointer + i) % 19] = value
        if self._pointer < 7:
            second, minute, hour, _, day, month, year = (_from_bcd(value) for value in self._registers[:7])
            self._unix = calendar.timegm((2000 + year, month % 80, day, hour, minute, second))
            self._since = time.monotonic()
