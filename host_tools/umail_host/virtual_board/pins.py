"""The board's pins as seen from outside: levels, voltages, and interrupts when they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_OUT, _PULL_UP = 3, 2
_RISING, _FALLING = 1, 2


@dataclass
class _State:
    mode: int = -1
    pull: int = 0
    output: int = 0
    driven: int | None = None
    microvolts: int = 0
    trigger: int = 0


class Pin:
    """One pin from outside: what is connected to it, and what the board does with it."""

    def __init__(self, number: int | str, state: _State, changed: Callable[[int | str, int], None]) -> None:
        self._number, self._state, self._changed = number, state, changed

    def __repr__(self) -> str:
        return f"<Pin {self._number} {self.level}>"

    @property
    def level(self) -> int:
        """Its level, 0 or 1: what the board drives, else what is connected, else its pull resistor."""
        state = self._state
        if state.mode == _OUT:
            return state.output
        return state.driven if state.driven is not None else int(state.pull == _PULL_UP)

    def drive(self, level: int | None) -> None:
        """Connect it to a level; None: leave it open, as a released contact does."""
        before = self.level
        self._state.driven = level
        if self.level != before:
            interrupt = self._state.trigger & (_RISING if self.level else _FALLING)
            self._changed(self._number if interrupt else "", self.level)

    @property
    def volts(self) -> float:
        """Voltage that ADC reads there."""
        return self._state.microvolts / 1e6

    @volts.setter
    def volts(self, volts: float) -> None:
        self._state.microvolts = round(volts * 1e6)


class Pins:
    """All pins: ``board.pins[13].drive(0)``, ``board.pins[34].volts = 1.2``, ``board.pins[2].level``.

    A Pico W's light-emitting diode hangs at its Wi-Fi chip: ``board.pins["LED"]``.
    """

    def __init__(self, changed: Callable[[int | str, int], None]) -> None:
        self._states: dict[int | str, _State] = {}
        self._changed = changed

    def __getitem__(self, number: int | str) -> Pin:
        return Pin(number, self._states.setdefault(number, _State()), self._changed)

    def power_lost(self) -> None:
        """Forget modes, levels and interrupts; what is connected outside stays."""
        for state in self._states.values():
            state.mode, state.pull, state.output, state.trigger = -1, 0, 0, 0

    def soft_reset(self) -> None:
        """End interrupts with the program that wanted them; modes and levels stay."""
        for state in self._states.values():
            state.trigger = 0

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "pin.init": self._init,
            "pin.get": lambda number: self[number].level,
            "pin.put": self._put,
            "pin.irq": self._irq,
            "adc.microvolts": lambda number: self._state(number).microvolts,
        }

    def _state(self, number: int | str) -> _State:
        return self._states.setdefault(number, _State())

    def _init(self, number: int | str, mode: int, pull: int, value: int | None) -> None:
        state = self._state(number)
        if value is not None:
            state.output = value
        if mode >= 0:
            state.mode = mode
        if pull >= 0:
            state.pull = pull

    def _put(self, number: int | str, level: int) -> None:
        self._state(number).output = level

    def _irq(self, number: int | str, trigger: int) -> None:
        self._state(number).trigger = trigger
