"""The board's pins as seen from outside: levels, voltages, and interrupts when they change."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_OUT, _OPEN_DRAIN, _PULL_UP = 3, 7, 2
_RISING, _FALLING = 1, 2


@dataclass
class _State:
    mode: int = -1
    pull: int = 0
    output: int = 0
    driven: int | None = None
    microvolts: int = 0
    trigger: int = 0
    source: Callable[[], int] | None = None
    hertz: int = 0
    touched: bool = False
    history: list[int] = field(default_factory=list)


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
        if state.mode == _OUT or (state.mode == _OPEN_DRAIN and not state.output):
            return state.output
        if state.source is not None:
            return state.source()
        # A bus has a resistor of its own to the supply.
        return state.driven if state.driven is not None else int(state.pull == _PULL_UP or state.mode == _OPEN_DRAIN)

    @property
    def history(self) -> list[int]:
        """Levels that the board has put out, one after the other; clear it when you have looked."""
        return self._state.history

    @property
    def hertz(self) -> int:
        """Frequency that PWM puts out there; 0: none."""
        return self._state.hertz

    def source(self, level: Callable[[], int]) -> None:
        """Connect it to a chip, which is asked for the level."""
        self._state.source = level

    def drive(self, level: int | None) -> None:
        """Connect it to a level; None: leave it open, as a released contact does."""
        before = self.level
        self._state.driven = level
        if self.level != before:
            interrupt = self._state.trigger & (_RISING if self.level else _FALLING)
            self._changed(self._number if interrupt else "", self.level)

    @property
    def touched(self) -> bool:
        """Whether a finger is on the pad there, if the chip feels that."""
        return self._state.touched

    @touched.setter
    def touched(self, touched: bool) -> None:
        self._state.touched = touched
        self._changed("", self.level)

    def pulse(self, count: int = 1, rest: int = 1, seconds: float = 0.05) -> None:
        """Leave the level ``rest`` and come back, ``count`` times, as a meter's contact does; ``seconds`` for each."""
        for _ in range(count):
            self.drive(1 - rest)
            time.sleep(seconds / 2)
            self.drive(rest)
            time.sleep(seconds / 2)

    @property
    def volts(self) -> float:
        """Voltage that ADC reads there."""
        return self._state.microvolts / 1e6

    @volts.setter
    def volts(self, volts: float) -> None:
        self._state.microvolts = round(volts * 1e6)


class Pins:
    """All pins: ``board.pins[13].drive(0)``, ``board.pins[34].volts = 1.2``, ``board.pins[2].level``.

    A Pico W's light-emitting diode is on its Wi-Fi chip: ``board.pins["LED"]``.
    """

    def __init__(self, changed: Callable[[int | str, int], None]) -> None:
        self._states: dict[int | str, _State] = {}
        self._changed = changed
        self._watched: dict[int | str, Callable[[int], None]] = {}

    def __getitem__(self, number: int | str) -> Pin:
        return Pin(number, self._states.setdefault(number, _State()), self._changed)

    def watch(self, number: int | str, changed: Callable[[int], None]) -> None:
        """Call ``changed(level)`` in the board's thread whenever the board puts another level out there."""
        self._watched[number] = changed

    def wanted(self, name: str) -> bool:
        """Return whether the board waits for the interrupt of that name: ``pin13``; other names are not of pins."""
        number = name.removeprefix("pin")
        return number == name or any(str(each) == number and state.trigger for each, state in self._states.items())

    def puts(self, number: int | str) -> int | None:
        """Return the level that the board drives; None: it does not drive that pin."""
        state = self._state(number)
        return state.output if state.mode == _OUT else None

    def power_lost(self) -> None:
        """Forget modes, levels and interrupts; what is connected outside stays."""
        for state in self._states.values():
            state.mode, state.pull, state.output, state.trigger, state.hertz = -1, 0, 0, 0, 0

    def pull(self, number: int | str) -> int:
        """Return the pull resistor that the board has set: 0 none, 1 down, 2 up."""
        return self._state(number).pull

    def hold(self, pulls: dict[int, int]) -> None:
        """Set pull resistors, as a sleeping chip does."""
        for number, pull in pulls.items():
            self._state(number).pull = pull

    def open_drain(self, number: int | str) -> None:
        """Let the board pull the pin low or let it go, as a bus does."""
        self._init(number, _OPEN_DRAIN, 0, 1)

    def empty(self) -> None:
        """Disconnect everything."""
        self._states.clear()
        self._watched.clear()

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
            "pin.pwm": self._pwm,
            "touch.touched": lambda number: self._state(number).touched,
            "adc.microvolts": lambda number: self._state(number).microvolts,
        }

    def _state(self, number: int | str) -> _State:
        return self._states.setdefault(number, _State())

    def _init(self, number: int | str, mode: int, pull: int, value: int | None) -> None:
        state = self._state(number)
        if mode >= 0:
            state.mode = mode
        if value is not None:
            self._put(number, value)
        if pull >= 0:
            state.pull = pull

    def _put(self, number: int | str, level: int) -> None:
        state = self._state(number)
        if state.output != level or not state.history:
            state.history = [*state.history[-999:], level]
        changed = state.output != level
        state.output = level
        if changed and number in self._watched:
            self._watched[number](level)

    def _pwm(self, number: int | str, hertz: int) -> None:
        self._state(number).hertz = hertz

    def _irq(self, number: int | str, trigger: int) -> None:
        self._state(number).trigger = trigger
