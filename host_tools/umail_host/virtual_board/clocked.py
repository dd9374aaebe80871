"""Chips of the virtual board that a program clocks bit by bit: HX711 and MAX6675."""

from __future__ import annotations

import math
import time

from umail_host.virtual_board.pins import Pins


class Hx711:
    """An HX711 with a load cell, on a clock and a data pin.

    Attributes:
        raw: what its converter reads, -8388608 to 8388607.
        gone: it is not connected.
        conversion: seconds from one conversion to the next (10 a second).
    """

    def __init__(self, pins: Pins, dout: int, sck: int) -> None:
        self.raw, self.gone, self.conversion = 0, False, 0.1
        self._bits: list[int] = []
        self._due = 0.0
        pins.watch(sck, self._clocked)
        pins[dout].source(self._level)
        self._now = 1

    def _level(self) -> int:
        if self.gone:
            return 1
        if not self._bits:
            return int(time.monotonic() < self._due)
        return self._now

    def _clocked(self, level: int) -> None:
        if not level or self.gone:
            return
        if not self._bits:
            if time.monotonic() < self._due:
                return
            # 24 bits, then the 25th pulse: channel A with a gain of 128 again.
            word = self.raw & 0xFFFFFF
            self._bits = [word >> 23 - i & 1 for i in range(24)] + [1]
        self._now = self._bits.pop(0)
        if not self._bits:
            self._due = time.monotonic() + self.conversion


class Max6675:
    """A MAX6675 with a thermocouple of type K.

    Attributes:
        celsius: of the thermocouple, 0 to 1023.75.
        open: its wire is broken.
        gone: it is not connected.
        conversion: seconds that it must not be asked for a new value.
    """

    def __init__(self, pins: Pins, sck: int, miso: int, cs: int) -> None:
        self.celsius, self.open, self.gone, self.conversion = 20.0, False, False, 0.22
        self._held = 0.0
        self._due = time.monotonic()
        self._word: int | None = None
        pins.watch(cs, self._selected)
        pins.watch(sck, self._clocked)
        pins[miso].source(self._level)

    def _selected(self, level: int) -> None:
        if level:
            self._word, self._due = None, time.monotonic() + self.conversion
            return
        if time.monotonic() >= self._due:
            self._held = self.celsius
        code = max(0, min(4095, math.floor(self._held * 4)))
        self._word = code << 3 | self.open << 2

    def _level(self) -> int:
        # What nobody drives is held high by the board.
        return 1 if self.gone or self._word is None else self._word >> 15 & 1

    def _clocked(self, level: int) -> None:
        if not level and self._word is not None:
            self._word = self._word << 1 & 0xFFFF
