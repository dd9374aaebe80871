"""Sensor chips on the virtual board's I2C bus: registers, commands, conversion times and checksums of the data sheets.

None of this shares code with the drivers in firmware/alertnode/sensors: both are written from the data sheets.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable


class Nack(Exception):
    """The chip does not acknowledge."""


class Chip:
    """One chip.

    Attributes:
        gone: it is not connected.
        corrupt: what it says is falsified on the way: its checksum, if it has one, is wrong.
        conversion: seconds that a conversion takes; None: as the data sheet says.
    """

    def __init__(self, address: int) -> None:
        self.address = address
        self.gone = False
        self.corrupt = False
        self.conversion: float | None = None
        self._due = 0.0

    def power_lost(self) -> None:
        """Forget what the supply keeps."""

    def write(self, data: bytes) -> None:
        """Take bytes; raises Nack."""
        raise NotImplementedError

    def read(self, count: int) -> bytes:
        """Give bytes; raises Nack."""
        raise NotImplementedError

    def take(self, data: bytes) -> bytes:
        """Write; return nothing."""
        self.write(data)
        return b""

    def _begin(self, seconds: float) -> None:
        self._due = time.monotonic() + (seconds if self.conversion is None else self.conversion)

    @property
    def _busy(self) -> bool:
        return time.monotonic() < self._due


def crc8(data: bytes, polynomial: int = 0x31, crc: int = 0xFF) -> int:
    """Compute a CRC-8 whose highest bit goes first; by default that of Sensirion: 0x92 for BE EF."""
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc & 0x80 else 0)) & 0xFF
    return crc


class Registers(Chip):
    """A chip of 8-bit registers with a pointer that counts up."""

    def __init__(self, address: int) -> None:
        super().__init__(address)
        self._registers = bytearray(256)
        self._pointer = 0

    def write(self, data: bytes) -> None:
        """Set the pointer, then registers."""
        if data:
            self._pointer = data[0]
            for i, value in enumerate(data[1:]):
                self._registers[(self._pointer + i) & 0xFF] = value
                self._written((self._pointer + i) & 0xFF)

    def read(self, count: int) -> bytes:
        """Read from the pointer on."""
        self._fill()
        return bytes(self._registers[(self._pointer + i) & 0xFF] for i in range(count))

    def _written(self, register: int) -> None:
        """Take what was written to a register."""

    def _fill(self) -> None:
        """Bring the registers up to date."""


class Bmx280(Registers):
    """A BME280 or BMP280 (``humid``: which). Its trimming is that of the BMP280 data sheet's example, 3.12.

    Attributes:
        celsius, percent, hectopascal: what is around it.
    """

    _T = (27504, 26435, -1000)
    _P = (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
    _TRIM = struct.pack("<HhhHhhhhhhhhx", *_T, *_P)
    _H = (75, 362, 0, 323, 50, 30)  # of one chip

    def __init__(self, address: int, humid: bool, index: int) -> None:
        super().__init__(address)
        self._humid = humid
        self._trim = bytes([self._TRIM[0] + 7 * index]) + self._TRIM[1:]  # each chip has its own
        self.celsius, self.percent, self.hectopascal = 20.0, 50.0, 1013.25
        h1, h2, h3, h4, h5, h6 = self._H
        self._first = self._trim + bytes([h1])
        self._second = struct.pack("<hBBBBb", h2, h3, h4 >> 4, h5 << 4 & 0xF0 | h4 & 0xF, h5 >> 4, h6)
        self.power_lost()

    def power_lost(self) -> None:
        """Start over: trimming, no measurement yet."""
        self._registers[:] = bytes(256)
        self._registers[0xD0] = 0x60 if self._humid else 0x58
        self._registers[0x88:0xA2] = self._first
        if self._humid:
            self._registers[0xE1:0xE8] = self._second
        self._results(0x80000, 0x80000, 0x8000)
        self._measuring = False

    def _results(self, pressure: int, temperature: int, humidity: int) -> None:
        packed = (pressure << 28 | temperature << 4).to_bytes(6, "big") + humidity.to_bytes(2, "big")
        self._registers[0xF7:0xFF] = packed if self._humid else packed[:6] + b"\0\0"

    def _written(self, register: int) -> None:
        if register == 0xE0 and self._registers[0xE0] == 0xB6:
            self.power_lost()
        elif register == 0xF4 and self._registers[0xF4] & 3 in (1, 2):
            self._begin(0.0093)  # data sheet 9.1: oversampling 1 of all three takes 9.3 ms at most
            self._measuring = True

    def _fill(self) -> None:
        # The checksum of the trimming that Bosch's self-test compares.
        if self._humid:
            crc = crc8(bytes(self._registers[0x88:0xA2]) + bytes(self._registers[0xE1:0xE8]), 0x1D) ^ 0xFF
            self._registers[0xE8] = crc ^ (0x55 if self.corrupt else 0)
        self._registers[0xF3] = 8 if self._busy else 0
        if self._measuring and not self._busy:
            self._measuring = False
            self._registers[0xF4] &= 0xFC  # forced mode goes back to sleep
            temperature = _raw(lambda raw: self._celsius(raw)[0], self.celsius, 1 << 20)
            fine = self._celsius(temperature)[1]
            pressure = _raw(lambda raw: -self._pascal(raw, fine), -self.hectopascal * 100, 1 << 20)
            humidity = _raw(lambda raw: self._relative(raw, fine), self.percent, 1 << 16)
            self._results(pressure, temperature, humidity if self._registers[0xF2] & 7 else 0x8000)

    def _celsius(self, raw: int) -> tuple[float, float]:
        """Compensate in floating point, as 8.1 of the BME280 data sheet has it."""
        t1, t2, t3 = struct.unpack_from("<Hhh", self._trim)
        fine = (raw / 16384 - t1 / 1024) * t2 + (raw / 131072 - t1 / 8192) ** 2 * t3
        return fine / 5120, fine

    def _pascal(self, raw: int, fine: float) -> float:
        p1, p2, p3, p4, p5, p6, p7, p8, p9 = struct.unpack_from("<Hhhhhhhhh", self._trim, 6)
        var1 = fine / 2 - 64000
        var2 = (var1 * var1 * p6 / 32768 + var1 * p5 * 2) / 4 + p4 * 65536
        var1 = (1 + (p3 * var1 * var1 / 524288 + p2 * var1) / 524288 / 32768) * p1
        pressure = (1048576 - raw - var2 / 4096) * 6250 / var1
        return float(pressure + (p9 * pressure * pressure / 2147483648 + pressure * p8 / 32768 + p7) / 16)

    def _relative(self, raw: int, fine: float) -> float:
        h1, h2, h3, h4, h5, h6 = self._H
        var = fine - 76800
        humid = (raw - (h4 * 64 + h5 / 16384 * var)) * (
            h2 / 65536 * (1 + h6 / 67108864 * var * (1 + h3 / 67108864 * var))
        )
        return float(humid * (1 - h1 * humid / 524288))


def _raw(value: Callable[[int], float], wanted: float, end: int) -> int:
    """Return the reading of a converter, below ``end``, at which ``value(reading)``, which grows, is ``wanted``."""
    low, high = 0, end - 1
    while low < high:
        middle = (low + high) // 2
        if value(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low


class _Words(Chip):
    """A chip of Sensirion: commands, then words of 16 bits, each with a CRC."""

    def __init__(self, address: int) -> None:
        super().__init__(address)
        self.celsius, self.percent = 20.0, 50.0
        self._answer = b""

    def _words(self, *values: float) -> bytes:
        out = b""
        for value in values:
            word = max(0, min(0xFFFF, round(value))).to_bytes(2, "big")
            out += word + bytes([crc8(word) ^ (0x55 if self.corrupt else 0)])
        return out

    def read(self, count: int) -> bytes:
        """Give the answer once it is there; before that the chip does not acknowledge."""
        if self._busy or not self._answer:
            raise Nack
        answer, self._answer = self._answer, b""
        return (answer + b"\xff" * count)[:count]


class Sht(_Words):
    """An SHT3x or SHT4x, which differ in their command, its time, and the line of the humidity.

    Attributes:
        celsius, percent: what is around it.
    """

    def __init__(self, address: int, command: bytes, seconds: float, zero: float, span: float) -> None:
        super().__init__(address)
        self._command, self._seconds, self._zero, self._span = command, seconds, zero, span

    def write(self, data: bytes) -> None:
        """Take the command for one measurement of high repeatability."""
        if self._busy or data != self._command:
            raise Nack
        self._begin(self._seconds)
        self._answer = self._words((self.celsius + 45) / 175 * 65535, (self.percent - self._zero) / self._span * 65535)


class Scd4x(_Words):
    """An SCD4x: a new measurement each 5 s once it was told to measure.

    Attributes:
        ppm, celsius, percent: CO2, and what is around it.
    """

    _EVERY = 5.0

    def __init__(self, address: int) -> None:
        super().__init__(address)
        self.ppm = 420.0
        self.measuring = False

    def power_lost(self) -> None:
        """Stop measuring."""
        self.measuring, self._answer = False, b""

    def write(self, data: bytes) -> None:
        """Take a command; most are refused while it measures."""
        command = int.from_bytes(data[:2], "big")
        if command == 0x21B1:
            if self.measuring:
                raise Nack
            self.measuring = True
            self._begin(self._EVERY)
        elif command == 0x3F86:
            self.measuring = False
        elif command == 0xE4B8:
            self._answer = self._words(0x8000 if not self.measuring or self._busy else 0x8006)
        elif command == 0xEC05:
            if self._busy or not self.measuring:
                raise Nack
            self._answer = self._words(self.ppm, (self.celsius + 45) / 175 * 65535, self.percent / 100 * 65535)
            self._begin(self._EVERY)
        else:
            raise Nack

    def read(self, count: int) -> bytes:
        """Give the answer to the last command."""
        if not self._answer:
            raise Nack
        answer, self._answer = self._answer, b""
        return (answer + b"\xff" * count)[:count]


class Aht20(Chip):
    """An AHT20.

    Attributes:
        celsius, percent: what is around it.
    """

    def __init__(self, address: int) -> None:
        super().__init__(address)
        self.celsius, self.percent = 20.0, 50.0
        self.power_lost()

    def power_lost(self) -> None:
        """Want to be initialised again."""
        self._calibrated = False
        self._body = bytes(5)

    def write(self, data: bytes) -> None:
        """Take 0xBE (initialise), 0xAC 0x33 0x00 (measure) or 0x71 (status)."""
        if data[:1] == b"\xbe":
            self._calibrated = True
        elif data == b"\xac\x33\x00":
            self._begin(0.08)
            humidity = min(0xFFFFF, round(self.percent / 100 * (1 << 20)))
            temperature = round((self.celsius + 50) / 200 * (1 << 20))
            self._body = (humidity << 20 | temperature).to_bytes(5, "big")
        elif data != b"\x71":
            raise Nack

    def read(self, count: int) -> bytes:
        """Give status, humidity and temperature, CRC."""
        frame = bytes([0x80 * self._busy | 0x10 | 0x08 * self._calibrated]) + self._body
        return (frame + bytes([crc8(frame) ^ (0x55 if self.corrupt else 0)]) + b"\xff" * count)[:count]


class _Wide(Chip):
    """A chip of 16-bit registers."""

    def __init__(self, address: int, registers: dict[int, int]) -> None:
        super().__init__(address)
        self._values = registers
        self._pointer = 0

    def write(self, data: bytes) -> None:
        """Set the pointer, and the register if its value follows."""
        if data:
            self._pointer = data[0]
        if len(data) == 3:
            self._values[self._pointer] = int.from_bytes(data[1:], "big")

    def read(self, count: int) -> bytes:
        """Read the register at the pointer."""
        self._measure()
        word = self._values.get(self._pointer, 0) & 0xFFFF
        return (word.to_bytes(2, "big") + b"\xff" * count)[:count]

    def _measure(self) -> None:
        """Bring the registers up to date."""


class Ina219(_Wide):
    """An INA219.

    Attributes:
        volts, amperes: what it measures, behind a shunt of ``ohms``.
    """

    def __init__(self, address: int) -> None:
        self.volts, self.amperes, self.ohms = 12.0, 0.5, 0.1
        super().__init__(address, {0: 0x399F})

    def _measure(self) -> None:
        self._values[1] = round(self.amperes * self.ohms / 10e-6)
        self._values[2] = round(self.volts / 0.004) << 3 | 2


class Mcp9808(_Wide):
    """An MCP9808.

    Attributes:
        celsius: what is around it.
    """

    def __init__(self, address: int) -> None:
        self.celsius = 20.0
        super().__init__(address, {6: 0x0054, 7: 0x0400})

    def _measure(self) -> None:
        # The three highest bits compare with the limits, which are 0 °C.
        self._values[5] = (0xC000 if self.celsius > 0 else 0x2000) | round(self.celsius * 16) & 0x1FFF
