"""`umail config check`: contacts, pads and meters that wake a board, and those that cannot, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from host.config.test_config_check import GOOD, METER, changed, problems
from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.settings import Settings

BATTERY = {"battery": {"budget": 60}}
PAD = {"type": "touch", "pin": 14, "threshold": 400}
RAIN = {"type": "pulse", "pin": 27}
WAKING = {"sensors": {"door": {"type": "contact", "pin": 13, "wake": True}}, "rules": GOOD["rules"][1:], "outputs": {}}


@pytest.mark.parametrize(
    ("board", "doors", "words"),
    [
        ("ESP32_GENERIC", [{"pin": 13}], ""),
        ("ESP32_GENERIC", [{"pin": 13, "pull": "none"}, {"pin": 14, "pull": "none"}], ""),
        ("ESP32_GENERIC_S3", [{"pin": 21, "pull": "none"}], ""),
        ("ESP32_GENERIC_C3", [{"pin": 5, "pull": "none"}], ""),
        ("RPI_PICO_W", [{"pin": 3}, {"pin": "GP4"}], ""),
        (
            "ESP32_GENERIC",
            [{"pin": 5}],
            '"sensors.door0.pin" is GPIO5, which does not wake an ESP32 from its deep sleep',
        ),
        ("ESP32_GENERIC_C3", [{"pin": "GPIO6", "pull": "none"}], "give one of 0 to 5, or leave"),
        ("ESP32_GENERIC", [{"pin": 13, "pull": "none"}, {"pin": 14}], '"sensors.door1.pull" is "up"'),
        ("ESP32_GENERIC_S3", [{"pin": 21}], 'give "none", and the pin a resistor of 10 kΩ to 3.3 V.'),
        ("ESP32_GENERIC_C6", [{"pin": 3, "pull": "down", "closed": 1}], "a resistor of 10 kΩ to GND."),
        ("ESP32_GENERIC_P4", [{"pin": 3}], "umail does not know how a contact wakes an ESP32-P4"),
        ("ESP32_GENERIC", [{"pin": 13, "pull": "none"}, PAD], ""),
        ("ESP32_GENERIC", [{"pin": 13}, PAD], '"sensors.door0.pull" is "up"'),
        ("ESP32_GENERIC_S3", [{"pin": 13, "pull": "none"}, PAD], '"sensors.door1.wake": a touch does not wake'),
        ("ESP32_GENERIC_C3", [{"pin": 5, "pull": "none"}, PAD | {"pin": 4}], "has no touch sensor that MicroPython"),
        ("RPI_PICO_W", [{"pin": 5}, PAD], "has no touch sensor that MicroPython reads: take a contact instead"),
        ("ESP32_GENERIC", [{"pin": 13, "pull": "none"}, PAD | {"pin": 25}], "sense a touch there: give one of 0, 2"),
        ("ESP32_GENERIC", [{"pin": 13, "pull": "none"}, RAIN | {"pull": "none"}], ""),
        (
            "ESP32_GENERIC_C6",
            [{"pin": 3, "pull": "none"}, RAIN | {"pin": 4, "pull": "none"}],
            "counts each pulse only if nothing else",
        ),
        (
            "ESP32_GENERIC",
            [{"pin": 13, "pull": "none"}, PAD, RAIN | {"pull": "none"}],
            'leave "wake" out of sensors.door0, sensors.door1, or the counter.',
        ),
        ("RPI_PICO_W", [{"pin": 5}, RAIN], "the light sleep of a Pico stops the clock"),
        ("ESP32_GENERIC_S3", [{"pin": 4, "pull": "none"}, RAIN | {"pin": 5, "edge": "rising"}], "of 10 kΩ to GND."),
    ],
)
def test_a_contact_that_cannot_wake_its_chip_is_refused_with_the_reason(
    board: str, doors: list[dict[str, Any]], words: str
) -> None:
    sensors = {f"door{i}": {"type": "contact", "wake": True} | door for i, door in enumerate(doors)}
    rules = [{"name": "open", "of": "door0", "when": "open"}]
    found = problems(GOOD | WAKING | BATTERY | {"sensors": sensors, "rules": rules}, board)
    assert [line for line in found if words and words in line] == found[: 1 if words else 0]
    assert len(found) == (1 if words else 0), found


def test_a_meter_on_battery_needs_to_wake_the_board_and_then_may_be_there() -> None:
    (line,) = problems(changed(**METER) | BATTERY)
    assert 'give it "wake": true, so that each pulse wakes the board, or leave "battery" out.' in line
    meter = METER | {"sensors__door": METER["sensors__door"] | {"wake": True}}
    assert problems(changed(**meter) | BATTERY) == []


def test_a_contact_that_wakes_a_board_on_mains_is_refused() -> None:
    assert problems(GOOD | WAKING | BATTERY) == []
    (line,) = problems(GOOD | WAKING)
    assert '"sensors.door.wake" wakes a board on battery, and this one never sleeps' in line


def test_a_release_that_cannot_wake_its_chip_is_refused_before_anything_is_copied() -> None:
    door = {"type": "contact", "pin": 3, "pull": "none", "wake": True}
    settings = Settings.of(GOOD | WAKING | BATTERY | {"sensors": {"door": door}}, fresh=True)
    board = boards.load("ESP32_GENERIC_C3")
    with pytest.raises(UserError, match=r'"sensors.door.wake": needs MicroPython 1.27 or newer.* has 1.26'):
        settings.file(board, (1, 26))
    settings.file(board, (1, 27))
    settings.file(boards.load("ESP32_GENERIC"), (1, 22))
