"""What the pins of each chip can do, from its data sheet: which exist, are taken, only read, measure voltages."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class ChipPins:
    """The pins of a chip.

    Attributes:
        title: what a person calls it.
        known: numbers that exist.
        taken: number → what is connected there already.
        inputs: those that are inputs only, without pull resistors.
        analog: those that measure voltages beside Wi-Fi.
        analog_alone: those that measure voltages only while Wi-Fi is off.
        wakes: those that end a deep sleep.
        touch: those that feel a touch.
        straps: level, "high" or "low", by which a pin keeps the chip from starting.
    """

    title: str
    known: Container[int]
    taken: dict[int, str]
    inputs: Container[int] = ()
    analog: Container[int] = ()
    analog_alone: Container[int] = ()
    wakes: Sequence[int] = ()
    touch: Sequence[int] = ()
    straps: Mapping[int, str] = field(default_factory=dict)


def _flash(first: int, last: int) -> dict[int, str]:
    return dict.fromkeys(range(first, last + 1), "the flash")


def _usb(first: int) -> dict[int, str]:
    return {first: "the USB port", first + 1: "the USB port"}


_ESP32 = ChipPins(
    "ESP32",
    {*range(24), 25, 26, 27, *range(32, 40)} - {20},
    _flash(6, 11),
    range(34, 40),
    range(32, 40),
    (0, 2, 4, 12, 13, 14, 15, 25, 26, 27),
    (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, *range(32, 40)),
    (0, 2, 4, 12, 13, 14, 15, 27, 32, 33),
    # ESP32 data sheet, "Strapping Pins".
    {0: "low", 12: "high"},
)
# What a Pico's radio, or a WIZnet chip on its board, is wired to (Pico W data sheet, 2.1; W5500-EVB-Pico).
RP2_WIFI = dict.fromkeys((23, 24, 25, 29), "the Wi-Fi chip")
RP2_ETHERNET = dict.fromkeys(range(16, 22), "the Ethernet chip")
# The MAC of an ESP32 has its lines at fixed pins (ESP32 data sheet, "Ethernet MAC").
ESP32_RMII = dict.fromkeys((19, 21, 22, 25, 26, 27), "the Ethernet chip")

# Data sheets of Espressif, "Pin Overview" and "ADC"; RP2040 and Pico W data sheets. MicroPython has no pin where the
# USB port of a C3, C5, C6 or P4 is (ports/esp32/machine_pin.h); that of an S2 or S3 falls silent if they are used.
# What wakes: ports/esp32/modesp32.h for EXT0 and EXT1, ESP-IDF's soc_caps.h for the others; none is tried on a P4, nor
# its touch sensor. What feels: ports/esp32/machine_touchpad.c.
CHIPS = {
    # Its console is a UART, at two pins.
    "esp32": replace(_ESP32, taken=_ESP32.taken | dict.fromkeys((1, 3), "the console")),
    "virtual": _ESP32,
    "esp32s2": ChipPins(
        "ESP32-S2",
        {*range(22), *range(26, 47)},
        _flash(26, 32) | _usb(19),
        (46,),
        range(1, 11),
        range(11, 21),
        range(22),
        range(1, 15),
    ),
    "esp32s3": ChipPins(
        "ESP32-S3",
        {*range(22), *range(26, 49)},
        _flash(26, 32) | _usb(19),
        (),
        range(1, 11),
        range(11, 21),
        range(22),
        range(1, 15),
    ),
    "esp32c3": ChipPins("ESP32-C3", range(22), _flash(12, 17) | _usb(18), (), range(5), (5,), range(6)),
    "esp32c5": ChipPins("ESP32-C5", range(29), _flash(16, 22) | _usb(13), (), range(1, 7), (), range(7)),
    "esp32c6": ChipPins("ESP32-C6", range(31), _flash(24, 30) | _usb(12), (), range(7), (), range(8)),
    "esp32p4": ChipPins("ESP32-P4", range(55), _usb(24), (), {*range(16, 24), *range(49, 55)}),
    "rp2040": ChipPins("RP2040", range(30), {}, (), range(26, 30), (), range(30)),
    "rp2350": ChipPins("RP2350", range(30), {}, (), range(26, 30), (), range(30)),
}
