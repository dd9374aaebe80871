"""Chips on the virtual board's SPI bus, each chosen by its CS pin."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from umail_host.virtual_board.pins import Pins


class _Selected:
    """A chip that hears while its CS is low.

    Attributes:
        gone: it is not connected, and the data line floats.
    """

    # SPI modes, polarity << 1 | phase, that the chip understands.
    modes: tuple[int, ...] = (0,)

    def __init__(self) -> None:
        self.gone = False

    def select(self) -> None:
        """CS has gone low: a transfer begins."""
        raise NotImplementedError

    def exchange(self, byte: int) -> int:
        """Take one byte and give another at the same time."""
        raise NotImplementedError


class Max31865(_Selected):
    """A MAX31865 with a Pt100 or Pt1000.

    Attributes:
        celsius: of the Pt100.
        nominal, reference: resistance at 0 °C, and of the reference resistor, in Ω.
        fault: what the fault register says, 0: nothing. Bit 5 is an open wire (REFIN- > 0.85 × V BIAS).
    """

    modes = (1, 3)

    def __init__(self) -> None:
        super().__init__()
        self.celsius, self.nominal, self.reference = 20.0, 100.0, 430.0
        self.fault = 0
        self.conversion = 0.0625  # data sheet: 62.5 ms at most with the 50 Hz filter
        self._registers = bytearray(8)
        self._due = 0.0
        self._address: int | None = None

    def select(self) -> None:
        """Expect an address."""
        self._address = None

    def exchange(self, byte: int) -> int:
        """Take the address, then read or write registers from it on."""
        if self._address is None:
            self._address = byte
            return 0
        register = self._address & 7
        if self._address & 0x80:
            self._write(register, byte)
            answer = 0
        else:
            self._fill()
            answer = self._registers[register]
        self._address = self._address & 0x80 | (register + 1) & 7
        return answer

    def _write(self, register: int, value: int) -> None:
        if register == 0:
            if value & 0x20 and value & 0x80:  # one shot, with the bias on
                self._due = time.monotonic() + self.conversion
            self._registers[0] = value & 0xDD
        elif 3 <= register <= 6:
            self._registers[register] = value

    def _fill(self) -> None:
        if self._due and time.monotonic() >= self._due:
            self._due = 0.0
            code = max(0, min(0x7FFF, round(self._ohms() / self.reference * 32768)))
            self._registers[1], self._registers[2] = code >> 7, (code << 1 & 0xFE) | bool(self.fault)
            self._registers[7] = self.fault

    def _ohms(self) -> float:
        """Return the resistance by the equation of Callendar and Van Dusen (IEC 60751)."""
        t = self.celsius
        below = -4.183e-12 * (t - 100) * t**3 if t < 0 else 0.0
        return self.nominal * (1 + 3.9083e-3 * t - 5.775e-7 * t * t + below)


_Chip = TypeVar("_Chip", bound=_Selected)


class Spi:
    """The bus: ``board.spi.max31865(cs=5).celsius = 80``. A chip is there once it is named.

    Args:
        pins: those of the board.

    Attributes:
        idle: what the data line reads while no chip drives it.
    """

    def __init__(self, pins: Pins) -> None:
        self._pins = pins
        self._chips: dict[int, _Selected] = {}
        self.idle = 0xFF

    def max31865(self, cs: int) -> Max31865:
        """Return the MAX31865 whose CS is the pin ``cs``."""
        return self._named(cs, Max31865)

    def empty(self) -> None:
        """Take all chips away."""
        self._chips.clear()
        self.idle = 0xFF

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {"spi.transfer": self._transfer}

    def _named(self, cs: int, kind: type[_Chip]) -> _Chip:
        chip = self._chips.get(cs)
        if not isinstance(chip, kind):
            chip = self._chips[cs] = kind()
            self._pins.watch(cs, lambda level: None if level else self._chips[cs].select())
        return chip

    def _transfer(self, mode: int, data: list[int]) -> list[int]:
        heard = [
            chip
            for cs, chip in self._chips.items()
            if self._pins.puts(cs) == 0 and not chip.gone and mode in chip.modes
        ]
        answer = []
        for byte in data:
            out = self.idle if not heard else 0xFF
            for chip in heard:
                out &= chip.exchange(byte)
            answer.append(out)
        return answer
