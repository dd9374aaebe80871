"""Says which contacts cannot wake the board that sleeps on battery, and why: the chip, its pins, their resistors.

A contact is what is open or closed, the pulses of a meter, a touch pad.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umail_host.configuration import pins
from umail_host.configuration.chip_pins import CHIPS
from umail_host.device.boards import BoardSpec

# Chips that know only esp32.wake_on_gpio, and the release of MicroPython that brought it.
_BY_GPIO = ("esp32c3", "esp32c5", "esp32c6")
_BY_GPIO_SINCE = (1, 27)
# Chips that a touch wakes. An S2 or S3 wakes by one pad with a threshold of its own (ESP-IDF, sleep_modes.c:
# touch_wakeup_prepare), for which MicroPython has no function up to 1.29: TouchPad.config() forgets the number there.
_FEELS = ("esp32", "virtual")
_DEAF = (
    "a touch does not wake an %s from its deep sleep, as MicroPython sets no threshold for that there: "
    'leave "wake" out, or take a contact.'
)
_LOST = (
    "the light sleep of a Pico stops the clock that its pins need to notice a pulse, so most would be lost: "
    "count on a board on mains, or on an ESP32."
)


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
    wrong = _together(found, board)
    for path, section in found.items():
        pin = pins.number(section["pin"])
        pin = board.pins.get(pin, pin) if isinstance(pin, str) else pin
        if section["type"] == "touch":
            # (A chip without a touch sensor is refused with its pin.)
            wrong += [f'"{path}.wake": {_DEAF % chip.title}'] if chip.touch and board.chip not in _FEELS else []
        elif section["type"] == "pulse" and board.port == "rp2":
            wrong.append(f'"{path}.wake": {_LOST}')
        elif not chip.wakes:
            wrong.append(f'"{path}.wake": umail does not know how a contact wakes an {chip.title}: leave it out.')
        elif isinstance(pin, int) and pin not in chip.wakes:
            wrong.append(
                f'"{path}.pin" is GPIO{pin}, which does not wake an {chip.title} from its deep sleep: '
                f'give one of {pins.listed(chip.wakes)}, or leave "wake" out.'
            )
        elif board.port == "esp32" and section["pull"] != "none" and not _holds(board.chip, len(found)):
            wrong.append(
                f'"{path}.pull" is "{section["pull"]}", and {_why(board.chip, chip.title)} in its deep sleep: '
                f'give "none", and the pin a resistor of 10 kΩ to {"GND" if _is_high(section) else "3.3 V"}.'
            )
    return wrong


def _is_high(section: Mapping[str, Any]) -> bool:
    """Return whether the contact connects its pin to the supply."""
    return section.get("closed") == 1 or section.get("edge") == "rising"


def _together(found: Mapping[str, Mapping[str, Any]], board: BoardSpec) -> list[str]:
    """Return which meter would lose pulses beside what else wakes the chip."""
    meters = [path for path, section in found.items() if section["type"] == "pulse"]
    kinds = [section["type"] for section in found.values()]
    if not meters or len(found) == 1 or board.port == "rp2":
        return []
    if len(meters) == 1 and "touch" not in kinds and board.chip not in _BY_GPIO:
        return []
    others = ", ".join(path for path in found if path != meters[0])
    return [
        f'"{meters[0]}.wake" counts each pulse only if nothing else takes what wakes this chip: '
        f'leave "wake" out of {others}, or the counter.'
    ]


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
