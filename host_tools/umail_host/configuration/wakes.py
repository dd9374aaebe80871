"""Says which contacts cannot wake the board that sleeps on battery, and why: the chip, its pins, their resistors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umail_host.configuration import pins
from umail_host.configuration.chip_pins import CHIPS
from umail_host.device.boards import BoardSpec

# Chips that know only esp32.wake_on_gpio, and the release of MicroPython that brought it.
_BY_GPIO = ("esp32c3", "esp32c5", "esp32c6")
_BY_GPIO_SINCE = (1, 27)


def contacts(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the sensors that are to wake the board, by their path in a configuration, checked or as it was written."""
    one, several = config.get("sensor"), config.get("sensors")
    named = {"sensor": one} if isinstance(one, Mapping) else {}
    if isinstance(several, Mapping):
        named |= {f"sensors.{name}": section for name, section in several.items() if name}
    return {path: section for path, section in named.items() if isinstance(section, Mapping) and section.get("wake")}


def since(chip: str) -> tuple[int, ...]:
    """Return the release of MicroPython from which on contacts wake a chip."""
    return _BY_GPIO_SINCE if chip in _BY_GPIO else (0,)


def sentences(value: Mapping[str, Any], board: BoardSpec | None) -> list[str]:
    """Return what is wrong.

    Args:
        value: the checked configuration.
        board: the board it is for, if that is known.
    """
    found = contacts(value)
    if not value["battery"]:
        return [
            f'"{path}.wake" wakes a board on battery, and this one never sleeps: remove it, or give "battery" as well.'
            for path in found
        ]
    if board is None:
        return []
    chip = CHIPS[board.chip]
    wrong = []
    for path, section in found.items():
        pin = pins.number(section["pin"])
        pin = board.pins.get(pin, pin) if isinstance(pin, str) else pin
        if not chip.wakes:
            wrong.append(f'"{path}.wake": umail does not know how a contact wakes an {chip.title}: leave it out.')
        elif isinstance(pin, int) and pin not in chip.wakes:
            wrong.append(
                f'"{path}.pin" is GPIO{pin}, which does not wake an {chip.title} from its deep sleep: '
                f'give one of {_listed(chip.wakes)}, or leave "wake" out.'
            )
        elif board.port == "esp32" and section["pull"] != "none" and not _holds(board.chip, len(found)):
            wrong.append(
                f'"{path}.pull" is "{section["pull"]}", and {_why(board.chip, chip.title)} in its deep sleep: '
                f'give "none", and the pin a resistor of 10 kΩ to {"3.3 V" if section["closed"] == 0 else "GND"}.'
            )
    return wrong


def _holds(chip: str, count: int) -> bool:
    """Return whether the pins' own resistors hold in a deep sleep: on an ESP32 at the one pin of EXT0.

    ESP-IDF, sleep_modes.c: EXT1 lets go of them; an S2 or S3 has others for its sleep, which MicroPython does not set;
    wake_on_gpio pulls each pin away from the level that it waits for.
    """
    return chip == "esp32" and count == 1


def _why(chip: str, title: str) -> str:
    if chip == "esp32":
        return "an ESP32 holds only one pin that wakes it"
    return f"the {title} does not hold a pin that wakes it so"


def _listed(numbers: Any) -> str:
    """Return ``0, 2, 4, 12 to 15``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a} to {b}" for a, b in runs)
