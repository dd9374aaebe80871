"""A plan of faults: which fault strikes at which occurrence of its trigger, reproducible from a seed.

Written ``NAME[=ARGUMENT][@OCCURRENCE][,…]``. The occurrence counts how often the fault's trigger was reached, over all
connections: ``@2`` the second time only, ``@2-`` from then on, ``@1-3`` the first three, ``@30%`` each time by chance.
Without one it strikes every time.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from umail_host.fake_smtp.core.events import Note
from umail_host.fake_smtp.faults.registry import FAULTS, POINTS, Fault, Hit

if TYPE_CHECKING:
    from umail_host.fake_smtp.core.dialogue import Dialogue

_ITEM = re.compile(r"(?P<name>[a-z0-9.-]+)(?:=(?P<argument>.*?))?(?:@(?P<occurrence>[\d%-]+))?\Z", re.DOTALL)
_OCCURRENCE = re.compile(r"(?P<first>\d+)(?P<range>-(?P<last>\d+)?)?\Z")


@dataclass(slots=True)
class Planned:
    """A fault and when it strikes."""

    fault: Fault
    argument: str = ""
    first: int = 1
    last: int | None = None
    chance: float = 1.0
    count: int = 0

    @property
    def point(self) -> str:
        """Its trigger."""
        return self.argument.split(" ", 1)[0] if self.fault.anywhere and self.argument else self.fault.point

    def due(self, chance: random.Random) -> bool:
        """Count that the trigger was reached, and return whether it is this fault's turn."""
        self.count += 1
        within = self.first <= self.count and (self.last is None or self.count <= self.last)
        return within and (self.chance >= 1 or chance.random() < self.chance)


class Plan:
    """The faults of a server; given to it as its ``strike``.

    Args:
        faults: what strikes when, as ``parse`` reads it.
        seed: of all chance in it.
    """

    def __init__(self, faults: list[Planned], seed: int = 0) -> None:
        self.faults = faults
        self.seed = seed
        self._random = random.Random(seed)

    def __call__(self, dialogue: Dialogue, point: str, wire: bytes) -> bool | None:
        """Strike if a fault is due at this point; see ``Dialogue``."""
        turns = []
        for planned in self.faults:
            if planned.point == point:
                hit = Hit(dialogue, point, wire, planned.argument, self._random)
                # Every fault counts, even if another one strikes first.
                if (not planned.fault.when or planned.fault.when(hit)) and planned.due(self._random):
                    turns.append((planned.fault, hit))
        for fault, hit in turns:
            dialogue.session.faults.append(fault.name)
            dialogue.emit(Note(f"fault {fault.name}: {fault.summary}"))
            effect = fault.action(hit)
            if effect is not None:
                return effect
        return None

    def has(self, name: str) -> bool:
        """Return whether a fault of that name is in the plan."""
        return any(planned.fault.name == name for planned in self.faults)


def parse(text: str, seed: int = 0) -> Plan:
    """Read a plan as it is written.

    Raises:
        ValueError: no such fault, point or occurrence; the text says which there are.
    """
    names = "|".join(re.escape(name) for name in sorted(FAULTS, key=len, reverse=True))
    # An argument may hold commas: only one that a fault's name follows ends an item.
    items = re.split(rf",(?=(?:{names})(?:[=@,]|\Z))", text) if text else []
    return Plan([_item(item) for item in items], seed)


def _item(item: str) -> Planned:
    found = _ITEM.match(item.strip())
    if not found or found["name"] not in FAULTS:
        near = sorted(name for name in FAULTS if name.split("-")[0] == item.split("-")[0]) or sorted(FAULTS)
        raise ValueError(f"no fault {item!r}; there are: {', '.join(near)}")
    planned = Planned(FAULTS[found["name"]], found["argument"] or "")
    if planned.fault.anywhere and planned.point not in POINTS:
        raise ValueError(f"no point {planned.point!r} for {item!r}; there are: {', '.join(POINTS)}")
    if planned.argument and not planned.fault.anywhere and not (planned.fault.octets and planned.argument.isdecimal()):
        takes = "write a number of bytes behind =" if planned.fault.octets else "write it without ="
        raise ValueError(f"{planned.fault.name} takes no argument {planned.argument!r} (in {item!r}); {takes}")
    _time(planned, found["occurrence"], item)
    return planned


def _time(planned: Planned, occurrence: str | None, item: str) -> None:
    if not occurrence:
        return
    if occurrence.endswith("%") and occurrence[:-1].isdecimal() and int(occurrence[:-1]) <= 100:
        planned.chance = int(occurrence[:-1]) / 100
        return
    numbers = _OCCURRENCE.match(occurrence)
    if numbers:
        planned.first = int(numbers["first"])
        planned.last = int(numbers["last"]) if numbers["last"] else None if numbers["range"] else planned.first
    if not numbers or planned.first < 1 or (planned.last is not None and planned.last < planned.first):
        raise ValueError(f"no occurrence {occurrence!r} in {item!r}; write @2, @2-, @1-3 or @30%")


def describe(planned: Planned) -> str:
    """Return the item as it would be written."""
    argument = f"={planned.argument}" if planned.argument else ""
    occurrence = f"@{planned.first}-"
    if planned.chance < 1:
        occurrence = f"@{round(planned.chance * 100)}%"
    elif planned.last is not None:
        occurrence = f"@{planned.first}" if planned.last == planned.first else f"@{planned.first}-{planned.last}"
    elif planned.first == 1:
        occurrence = ""
    return f"{planned.fault.name}{argument}{occurrence}"
