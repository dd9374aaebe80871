"""Checks the pins of a configuration against a board: they exist, are free, can do what is asked, are used once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from umail_host.configuration.chip_pins import CHIPS, ESP32_RMII, RP2_ETHERNET, RP2_WIFI, ChipPins
from umail_host.device.boards import BoardSpec

# Keys of a section that name a pin, and those of a bus, which several chips share.
KEYS = ("pin", "scl", "sda", "sck", "mosi", "miso", "cs", "tx", "rx", "power", "power_key")
_BUS = {"scl", "sda", "sck", "mosi", "miso"}
# A DS18B20 shares its wire with others, too.
_ONE_WIRE = "ds18b20"
_ANALOG = ("adc", "battery")
# Types whose key "pin" the board only listens at, and those among them that need its pull resistor if it has one.
_LISTENS = {*_ANALOG, "contact", "pulse", "button", "hx711", "touch"}
_HEXADECIMAL = re.compile("0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?:GPIO|GP|IO)?\s*(\d{1,3})", re.IGNORECASE)


@dataclass(frozen=True)
class Use:
    """One pin in a configuration: dotted key, kind of part, key in its section, the section, what is written."""

    key: str
    kind: str
    role: str
    section: Mapping[str, Any]
    pin: object

    @property
    def written(self) -> str:
        """Return it as a person reads it."""
        return f"GPIO{self.pin}" if isinstance(self.pin, int) else f'"{self.pin}"'

    @property
    def shared(self) -> tuple[str, ...]:
        """Return the part of it that may be used more than once: the same part of the same bus; empty: nothing."""
        if self.role in _BUS:
            return ("bus", self.role)
        return ("wire",) if self.kind == _ONE_WIRE else ()

    @property
    def output(self) -> bool:
        """Tell whether the board must drive it."""
        return self.role not in ("miso", "rx") and not (self.role == "pin" and self.kind in _LISTENS)


def number(text: object) -> object:
    """Return the number in "GPIO4", "GP4", "IO4" or "4"; anything else as it is."""
    found = _NUMBER.fullmatch(text.strip()) if isinstance(text, str) else None
    return int(found[1]) if found else text


def uses(config: Mapping[str, Any]) -> Iterator[Use]:
    """Yield the pins of a configuration as it was written."""
    for path, section in sections(config):
        kind = str(section.get("type", ""))
        for role in KEYS:
            if role in section:
                yield Use(f"{path}.{role}", kind, role, section, number(section[role]))


def sections(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (dotted path, section) of each part of a configuration that has pins."""
    clock = config.get("clock")
    named = [
        ("modem", config.get("modem")),
        ("sensor", config.get("sensor")),
        ("clock.ds3231", clock.get("ds3231") if isinstance(clock, Mapping) else None),
    ]
    for several in ("sensors", "outputs"):
        if isinstance(found := config.get(several), Mapping):
            named += [(f"{several}.{name}", section) for name, section in found.items()]
    for path, section in named:
        if isinstance(section, Mapping):
            yield path, section


def sentences(config: Mapping[str, Any], board: BoardSpec | None) -> list[str]:
    """Return what is wrong with the pins of a configuration, on ``board`` if it is known."""
    found: list[str] = []
    seen: dict[object, Use] = {}
    addresses: dict[tuple[object, ...], str] = {}
    taken = _taken(config, board) if board is not None else {}
    for use in uses(config):
        pin = use.pin
        if board is not None:
            if isinstance(pin, str) and pin in board.pins:
                pin = board.pins[pin]
            if problem := _on_board(use, pin, board, taken):
                found.append(f'"{use.key}" is {use.written}: {problem}.')
        before = seen.setdefault(pin, use)
        if before is not use and not (use.shared and use.shared == before.shared):
            found.append(f'"{use.key}" is {use.written}, and so is "{before.key}": give one of them another pin.')
    for path, section in sections(config):
        if (where := _place(section)) and (other := addresses.setdefault(where, path)) != path:
            found.append(
                f'"{path}" is the same chip as "{other}", on the same wires: tell them apart by "address" '
                "(umail provision lists what answers)."
            )
    return found


def notes(config: Mapping[str, Any], board: BoardSpec) -> list[str]:
    """Return a note for each pin by whose level at the reset the chip chooses how it starts."""
    found = []
    for use in uses(config):
        pin = board.pins.get(use.pin, use.pin) if isinstance(use.pin, str) else use.pin
        if isinstance(pin, int) and (level := CHIPS[board.chip].straps.get(pin)):
            found.append(
                f'"{use.key}" is {use.written}: if it is {level} while the board starts, MicroPython does not run; '
                "another pin is safer"
            )
    return found


def _place(section: Mapping[str, Any]) -> tuple[object, ...] | None:
    """Return what tells a chip on a bus from another; None if it is alone on its pins."""
    kind = section.get("type")
    if kind == _ONE_WIRE:
        return (number(section.get("pin")), str(section.get("address", "")).lower())
    if "scl" in section and kind:
        address = section.get("address", kind)
        if isinstance(address, str) and _HEXADECIMAL.fullmatch(address):
            address = int(address, 16)
        return (number(section.get("scl")), number(section.get("sda")), address)
    return None


def _taken(config: Mapping[str, Any], board: BoardSpec) -> dict[Any, str]:
    """Return what is connected to the pins of a board as it is used: its flash, its radio, its Ethernet."""
    taken: dict[Any, str] = dict(CHIPS[board.chip].taken)
    if board.port == "rp2":
        taken |= RP2_WIFI if board.wifi else RP2_ETHERNET
    elif "ethernet" in config:
        if board.chip in ("esp32", "virtual"):
            taken |= ESP32_RMII
        wires = {**board.wired, **config["ethernet"]} if isinstance(config["ethernet"], Mapping) else board.wired
        taken |= {
            number(wires[key]): "the Ethernet chip" for key in ("mdc", "mdio", "power", "ref_clk") if key in wires
        }
    return taken


def _on_board(use: Use, pin: object, board: BoardSpec, taken: Mapping[Any, str]) -> str:
    """Return what is wrong with a pin on a board; empty: nothing."""
    chip = CHIPS[board.chip]
    if isinstance(pin, str):
        if board.port == "rp2" and pin in ("LED", "WL_GPIO0", "WL_GPIO1", "WL_GPIO2"):
            return "" if use.output and use.role == "pin" else "that pin belongs to the Wi-Fi chip: give a number"
        names = ", ".join(board.pins)
        return f"{board.name} has no pin of that name: give a number, or one of {names}"
    if not isinstance(pin, int) or isinstance(pin, bool):
        return ""
    if pin not in chip.known:
        return f"the {chip.title} of {board.name} has no such pin: {_suggest(use, board)}"
    if pin in taken:
        return f"{taken[pin]} of {board.name} is connected there: {_suggest(use, board)}"
    if pin in chip.inputs and use.output:
        return f"the {chip.title} can only read that pin: {_suggest(use, board)}"
    return _as_input(use, pin, chip, board)


def _as_input(use: Use, pin: int, chip: ChipPins, board: BoardSpec) -> str:
    if use.kind in _ANALOG and use.role == "pin":
        if pin in chip.analog_alone:
            return f"the {chip.title} measures no voltage there while Wi-Fi is on: {_suggest(use, board)}"
        if pin not in chip.analog:
            return f"the {chip.title} measures no voltage there: {_suggest(use, board)}"
    if use.kind == "touch" and pin not in chip.touch:
        if not chip.touch:
            return f"the {chip.title} has no touch sensor that MicroPython reads: take a contact instead"
        return f"the {chip.title} can't sense a touch there: give one of {listed(chip.touch)}"
    pull = use.section.get("pull", "up")
    if pin in chip.inputs and use.kind in ("contact", "pulse", "button") and pull != "none":
        return (
            f'the {chip.title} has no pull resistor there: give "pull": "none" and a resistor of 10 kΩ, '
            "or take another pin"
        )
    return ""


def listed(numbers: Iterable[int]) -> str:
    """Return ``0, 2, 4, 12 to 15``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a} to {b}" for a, b in runs)


def usual_name(role: str, kind: str) -> str:
    """Return what a board's description calls the pin that serves as ``role`` of a part of that kind."""
    if role != "pin":
        return role
    return {
        "adc": "adc",
        "battery": "adc",
        "contact": "contact",
        "ds18b20": "one_wire",
        "led": "led",
        "dht11": "dht",
        "dht22": "dht",
    }.get(kind, "one_wire")


def _suggest(use: Use, board: BoardSpec) -> str:
    name = usual_name(use.role, use.kind)
    return f"give another, such as {board.pins[name]}" if name in board.pins else "give another"
