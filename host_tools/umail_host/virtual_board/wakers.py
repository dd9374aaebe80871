"""What ends a deep sleep of the virtual board beside its time: levels at pins, as an ESP32 knows them."""

from __future__ import annotations

from umail_host.virtual_board.pins import Pins

EXT0, EXT1, TIMER, TOUCH, GPIO = 2, 3, 4, 5, 7  # machine.wake_reason()


class Wakers:
    """The pins that may wake the chip.

    Args:
        pins: those of the board.
    """

    def __init__(self, pins: Pins) -> None:
        self._pins = pins
        self._known: dict[int, tuple[list[int], int]] = {}

    def clear(self) -> None:
        """Let no pin wake it."""
        self._known.clear()

    def add(self, reason: int, pins: list[int], level: int) -> None:
        """Let ``pins`` wake it at ``level``, with ``reason``."""
        self._known[reason] = (pins, level)

    def held(self, chip: str) -> dict[int, int]:
        """Return the pull resistors that hold pins in the sleep that begins: most chips let go of what was set.

        ESP-IDF's sleep_modes.c: an ESP32 has the same resistors awake and asleep, and EXT0 keeps them on; by GPIO, each
        pin is pulled away from the level that wakes.
        """
        held: dict[int, int] = {}
        for reason, (pins, level) in self._known.items():
            if reason == EXT0 and chip == "esp32":
                held |= {pin: self._pins.pull(pin) for pin in pins}
            elif reason == GPIO:
                held |= dict.fromkeys(pins, 1 if level else 2)
        return held

    def found(self) -> tuple[int, list[int]] | None:
        """Return the reason for which it wakes now, and the pins that ``wake_pins()`` tells; None: it does not."""
        for reason, (pins, level) in self._known.items():
            if reason == TOUCH:
                found = [pin for pin in pins if self._pins[pin].touched]
                if found:
                    return reason, []
                continue
            found = [pin for pin in pins if self._pins[pin].level == level]
            # EXT1 wakes at any high pin, but at low ones only if all are.
            if found and (reason != EXT1 or level or len(found) == len(pins)):
                return reason, found if reason != EXT0 else []
        return None
