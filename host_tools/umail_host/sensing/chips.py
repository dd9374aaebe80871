"""Reads the chips of one kind that answer on a board's wires: by the node's drivers, in RAM, before it has the node."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umail_host import firmware_rules, paths
from umail_host.deploy import needed
from umail_host.device.board import Board, ExecError
from umail_host.errors import UserError
from umail_host.sensing.look import Bus

SENSORS = 4  # exit status, as that of provisioning for sensors that read something wrong
_DEVICE = Path(__file__).with_name("on_board.py")
_MARK = "\x1eumail-chips "


@dataclass(frozen=True)
class Kind:
    """A type of sensor of which several share their wires, each with an address of its own.

    Attributes:
        name: the type, as a configuration has it.
        keys: its keys (those of its driver).
    """

    name: str
    keys: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Return what the chip is called."""
        return self.name.upper().replace("X", "x")

    @property
    def wires(self) -> list[str]:
        """Return its keys that name a pin."""
        return [key for key, entry in self.keys.items() if entry[0] == "pin"]

    @property
    def usual(self) -> str:
        """Return the address of one that has none in its section; empty: then it must be the only one."""
        default = self.keys["address"][1]
        return written(default) if default else ""

    @property
    def units(self) -> list[str]:
        """Return the units of its values."""
        find = firmware_rules.module("sensors.find")
        return [unit for _, unit, *_ in find.values(find.module(self.name), self.section({}))]

    def section(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return its section as its driver gets it: what is not ``given`` is as usual."""
        return {key: given.get(key, entry[1]) for key, entry in self.keys.items()}

    def possible(self, taken: Collection[str]) -> list[int] | None:
        """Return the addresses that its pins choose among, without those ``taken``; None: each chip has its own."""
        if not self.usual:
            return None
        first, last = self.keys["address"][2:]
        return [address for address in range(first, last + 1) if written(address) not in taken]


def kind(name: object) -> Kind | None:
    """Return the Kind of that name; None if its chips have no addresses, or it is the user's own."""
    find = firmware_rules.module("sensors.find")
    if not isinstance(name, str) or f",{name}," not in find.TYPES:
        return None
    keys = find.module(name).KEYS
    return Kind(name, keys) if "address" in keys else None


def written(address: object) -> str:
    """Return an address as it is shown and compared: ``0x76`` for 118 and "0X76", ``28ff…`` for "28FF…"."""
    return f"0x{address:02x}" if isinstance(address, int) else str(address).lower()


def prepare(link: Board, kind: Kind) -> None:
    """Load what reads the chips of a kind into the RAM of a board that is held still."""
    link.exec(_DEVICE.read_text(encoding="utf-8"))
    loaded: set[str] = set()
    for name in ("buses", kind.name):
        _load(link, name, loaded)


def _load(link: Board, name: str, loaded: set[str]) -> None:
    """Load a module behind those that it imports."""
    if name not in loaded:
        loaded.add(name)
        source = (paths.firmware() / "alertnode" / "sensors" / f"{name}.py").read_text(encoding="utf-8")
        for other in needed.imported(source, "sensors"):
            _load(link, other, loaded)
        link.exec(f"install({name!r}, {source!r})")


def answering(link: Board, kind: Kind, section: Mapping[str, Any], taken: Collection[str]) -> list[tuple[str, str]]:
    """Return (address, what it reads) of each chip that answers as one of that kind.

    Args:
        link: a board that was prepared for the kind.
        kind: which chips.
        section: that of one of them, with the board's numbers for its pins.
        taken: addresses that are not to be asked.

    Raises:
        UserError: the bus can't be read.
    """
    bus = Bus(tuple(section[key] for key in kind.wires), ())
    code = f"chips({_MARK!r}, {kind.name!r}, {kind.section(section)!r}, {kind.possible(taken)!r})"
    try:
        told = link.exec(code, timeout=10)
    except ExecError as error:
        last = error.traceback.strip().splitlines()[-1:]
        raise UserError(f"{bus.name} could not be read: {''.join(last)[:200]}", SENSORS) from None
    # (splitlines takes the mark itself for an end.)
    line = next((line for line in told.split("\n") if line.startswith(_MARK)), _MARK + "[]")
    found = [(written(address), values) for address, values in json.loads(line.removeprefix(_MARK))]
    return [(address, _shown(values, kind.units)) for address, values in found if address not in taken]


def _shown(values: list[float] | None, units: list[str]) -> str:
    if values is None:
        return "no answer"
    amount = firmware_rules.module("texts").amount
    return ", ".join(amount(value, unit) for value, unit in zip(values, units, strict=True))
