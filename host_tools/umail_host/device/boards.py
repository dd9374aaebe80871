"""Reads a board's description, boards/NAME/board.toml, and says in one sentence what is wrong with one."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umail_host import firmware_rules, paths
from umail_host.errors import UserError

FILE_NAME = "board.toml"

_CHIPS = ("virtual", "esp32", "esp32s2", "esp32s3", "esp32c3", "esp32c5", "esp32c6", "esp32p4", "rp2040", "rp2350")
_PORTS = ("unix", "esp32", "rp2")
_METHODS = ("none", "esptool", "uf2")
_USB_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")


@dataclass(frozen=True)
class Partition:
    """One region of the flash: its name, offset and size in bytes."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class BoardSpec:
    """What the host tools know of a board.

    Attributes:
        name: name of its folder.
        title: what a person calls it.
        chip: esptool's name of the chip, ``rp2040``, ``rp2350``, or ``virtual``.
        port: MicroPython's port: ``esp32``, ``rp2`` or ``unix``.
        nvs: whether secrets go into ``esp32.NVS``; a file if there is none.
        wifi: whether its MicroPython has ``network.WLAN``.
        ethernet: ``LAN`` or ``WIZNET5K``, the class of ``network`` for a cable; empty if there is none.
        wired: what the configuration's section ``ethernet`` need not say, as the board has it.
        heap: bytes of MicroPython's first heap.
        grown: bytes to which it can grow in internal RAM and leave Wi-Fi and TLS their room.
        psram: bytes of external RAM that the plain board has; 0 if there is none.
        watchdog: the longest time-out of ``machine.WDT``, ms; 0 for no limit.
        deepsleep: ``machine.deepsleep`` takes fewer ms than this.
        flash_size: bytes of flash of the smallest such board.
        filesystem: bytes of it that MicroPython leaves for files.
        layout: the flash's regions, in order.
        usb: USB ids ``vid:pid`` in lower-case hex; bridge chips are shared by many boards.
        firmware: stem of MicroPython's firmware files; empty if none is flashed.
        flash_method: ``esptool``, ``uf2`` or ``none``.
        flash_offset: address a firmware file is written to.
        pins: name → number or MicroPython's pin name; configuration may use these names.
    """

    name: str
    title: str
    chip: str
    port: str
    nvs: bool
    wifi: bool
    ethernet: str
    wired: Mapping[str, int | str]
    heap: int
    grown: int
    psram: int
    watchdog: int
    deepsleep: int
    flash_size: int
    filesystem: int
    layout: tuple[Partition, ...]
    usb: tuple[str, ...]
    firmware: str
    flash_method: str
    flash_offset: int
    pins: Mapping[str, int | str]

    @property
    def slots(self) -> tuple[Partition, ...]:
        """The regions of which the boot loader starts one, ``ota_0`` and so on; none if it has no choice."""
        return tuple(region for region in self.layout if region.name.startswith("ota_"))

    @property
    def program(self) -> Partition | None:
        """The region into which MicroPython is flashed; None if the layout names none."""
        return next((region for region in self.layout if region.name in ("factory", "ota_0")), None)

    @property
    def cable(self) -> bool:
        """Whether the board has an Ethernet socket of its own, which a configuration uses by ``"ethernet": {}``."""
        return bool(self.wired) or self.ethernet == "WIZNET5K"


def names() -> list[str]:
    """Return the names of the boards known, sorted."""
    return sorted(path.parent.name for path in paths.boards().glob(f"*/{FILE_NAME}"))


def load(name: str) -> BoardSpec:
    """Return the description of the board ``name``.

    Raises:
        UserError: there is no such board, or its file is wrong.
    """
    file = paths.boards() / name / FILE_NAME
    if not file.is_file():
        known = names()
        close = difflib.get_close_matches(name, known, 1, 0.5)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        raise UserError(f"there is no board {name!r}: {hint} (docs/porting.md says how to add one)")
    return read(file)


def load_all() -> list[BoardSpec]:
    """Return the descriptions of all boards, by name."""
    return [load(name) for name in names()]


def by_machine(machine: str) -> BoardSpec | None:
    """Return the board that ``machine`` (``sys.implementation._machine``) names, else the first with its chip, or None.

    MicroPython ends that text in the chip: "Seeed XIAO ESP32C3 with ESP32-C3", "ESP32C3 module with ESP32-C3".
    """
    if machine.startswith("Virtual board"):
        return load("virtual")
    title, _, chip = machine.rpartition(" with ")
    known = load_all()
    named = [board for board in known if board.title == title]
    chip = chip.lower().replace("-", "").removesuffix("picod4")  # a package with an ESP32 in it
    return next((board for board in named or known if named or board.chip == chip), None)


def read(file: Path) -> BoardSpec:
    """Return the description in ``file``; its folder's name is the board's.

    Raises:
        UserError: not TOML, or a key is missing, unknown or wrong; the sentence names file and key.
    """
    try:
        with file.open("rb") as stream:
            table = tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file} is not TOML: {error}") from None
    except OSError as error:
        raise UserError(f"{file} can't be read: {error.strerror}") from None
    _check(file, table)
    flash, usb, memory, limits = table["flash"], table["usb"], table["memory"], table["limits"]
    return BoardSpec(
        name=file.parent.name,
        title=table["title"],
        chip=table["chip"],
        port=table["port"],
        nvs=table["nvs"],
        wifi=table["wifi"],
        ethernet=table["ethernet"]["driver"],
        wired={key: value for key, value in table["ethernet"].items() if key != "driver"},
        heap=memory["heap"],
        grown=memory["grown"],
        psram=memory["psram"],
        watchdog=limits["watchdog"],
        deepsleep=limits["deepsleep"],
        flash_size=flash["size"],
        filesystem=flash["filesystem"],
        layout=tuple(Partition(**region) for region in flash["layout"]),
        usb=tuple(usb["ids"]),
        firmware=table["firmware"]["name"],
        flash_method=table["firmware"]["method"],
        flash_offset=table["firmware"]["offset"],
        pins=table["pins"],
    )


# A rule says whether a value fits, and in words what fits.
_Rule = tuple[Callable[[Any], bool], str]


def _one_of(*values: str) -> _Rule:
    return (lambda value: value in values), "one of " + ", ".join(f'"{value}"' for value in values)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_layout(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(region, dict)
        and set(region) == {"name", "offset", "size"}
        and isinstance(region["name"], str)
        and _is_size(region["offset"])
        and _is_size(region["size"])
        for region in value
    )


def _is_ethernet(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("driver") not in ("", "LAN", "WIZNET5K"):
        return False
    known = firmware_rules.module("config_network").ETHERNET
    return all(key == "driver" or (key in known and isinstance(value[key], int | str)) for key in value)


def _is_pins(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_size(pin) or (isinstance(pin, str) and pin) for pin in value.values())


_TEXT: _Rule = (lambda value: isinstance(value, str), "a text in quotes")
_SIZE: _Rule = (_is_size, "a whole number of bytes, 0 or more (0x1000 and 2_097_152 are fine)")
_MILLISECONDS: _Rule = (_is_size, "a whole number of milliseconds, 0 or more")
_BOOL: _Rule = (lambda value: isinstance(value, bool), "true or false")
_IDS: _Rule = (
    lambda value: isinstance(value, list) and all(isinstance(i, str) and _USB_ID.fullmatch(i) for i in value),
    'a list of USB ids "vid:pid" in lower-case hex, such as ["303a:1001"]',
)
_SCHEMA: dict[str, Any] = {
    "title": _TEXT,
    "chip": _one_of(*_CHIPS),
    "port": _one_of(*_PORTS),
    "nvs": _BOOL,
    "wifi": _BOOL,
    "ethernet": (
        _is_ethernet,
        'a table with driver = "LAN", "WIZNET5K" or "", and keys of the configuration\'s section ethernet',
    ),
    "memory": {"heap": _SIZE, "grown": _SIZE, "psram": _SIZE},
    "limits": {"watchdog": _MILLISECONDS, "deepsleep": _MILLISECONDS},
    "flash": {
        "size": _SIZE,
        "filesystem": _SIZE,
        "layout": (_is_layout, 'a list of {name = "…", offset = …, size = …}'),
    },
    "usb": {"ids": _IDS},
    "firmware": {"name": _TEXT, "method": _one_of(*_METHODS), "offset": _SIZE},
    "pins": (_is_pins, 'a table of name = pin number, or the name MicroPython gives the pin, such as "LED"'),
}


def _check(file: Path, table: dict[str, Any]) -> None:
    _check_keys(file, table, _SCHEMA, "")
    flash = table["flash"]
    end = 0
    for region in flash["layout"]:
        if region["offset"] < end:
            raise UserError(f"{file}: region {region['name']!r} of flash.layout overlaps the one before it: sort them")
        end = region["offset"] + region["size"]
    if end > flash["size"] or flash["filesystem"] > flash["size"]:
        raise UserError(f"{file}: flash.size is {flash['size']}, yet layout or filesystem needs more: enlarge it")


def _check_keys(file: Path, table: Any, schema: dict[str, Any], prefix: str) -> None:
    if not isinstance(table, dict):
        raise UserError(f"{file}: {prefix.rstrip('.')} must be a table, [{prefix.rstrip('.')}]")
    for key in table:
        if key not in schema:
            close = difflib.get_close_matches(key, schema, 1)
            hint = f"did you mean {prefix}{close[0]}?" if close else f"known are {', '.join(schema)}"
            raise UserError(f"{file}: unknown key {prefix}{key}: {hint}")
    for key, rule in schema.items():
        expected = "a table" if isinstance(rule, dict) else rule[1]
        if key not in table:
            raise UserError(f"{file}: {prefix}{key} is missing: it must be {expected}")
        if isinstance(rule, dict):
            _check_keys(file, table[key], rule, f"{prefix}{key}.")
        elif not rule[0](table[key]):
            raise UserError(f"{file}: {prefix}{key} is {table[key]!r}; it must be {expected}")
