"""A plan of faults: which fault strikes at which occurrence of its trigger, reproducible from a seed.

Written ``NAME[=ARGUMENT][@OCCURRENCE][,…]``. The occurrence counts how often the fault's trigger was reached, over all
connections: ``@2`` the second time only, ``@2-`` from then on, ``@1-3`` the first three, ``@30%`` each time by chance.
Without one it strikes every time.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from umail_host.fake_smtp.core import profiles
from umail_host.fake_smtp.core.events import Note, Say

if TYPE_CHECKING:
    from umail_host.fake_smtp.core.dialogue import Dialogue

# Replies at these points may wait for the rest of the client's flight.
HELD = frozenset(("mail", "rcpt", "rset", "chunk", "content"))


@dataclass(slots=True)
class Hit:
    """A fault strikes: what its function may look at and do.

    Args:
        dialogue: the session that is struck.
        point: where in the dialogue; ``wire``: the reply that would have been sent there.
        argument: what stood behind ``=``.
        random: the plan's source of chance.
    """

    dialogue: Dialogue
    point: str
    wire: bytes
    argument: str
    random: random.Random

    def send(self, data: bytes) -> None:
        """Send these octets."""
        self.dialogue.emit(Say(data, self.point in HELD))

    def reply(self, template: str) -> None:
        """Send this reply; see ``replies`` for the places of a template."""
        self.send(self.dialogue.wire(template))

    def adapt(self, **switches: object) -> None:
        """From here on this session's profile is another one."""
        self.dialogue.profile = profiles.adapt(self.dialogue.profile, switches)


Action = Callable[[Hit], bool | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Args:
        name: as in a plan.
        point: its trigger; a default where ``anywhere`` is set and the argument names the point.
        action: what it does. It answers true where the command takes effect all the same, false where it does not,
            and ``None`` where the dialogue goes on as usual.
        when: a further condition.
    """

    name: str
    point: str
    action: Action
    anywhere: bool = False
    when: Callable[[Hit], bool] | None = None

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.action.__doc__ or "").strip()

    @property
    def octets(self) -> bool:
        """Is its argument a number of octets?"""
        return self.summary.endswith(f"{self.name}=OCTETS")


FAULTS: dict[str, Fault] = {}
POINTS = (
    *(
        "connect",
        "banner",
        "ehlo",
        "helo",
        "starttls",
        "handshake",
        "auth",
        "challenge",
        "mail",
        "rcpt",
        "data",
        "bdat",
    ),
    *("body", "chunk", "content", "rset", "noop", "quit"),
)


def fault(
    point: str, name: str = "", *, anywhere: bool = False, when: Callable[[Hit], bool] | None = None
) -> Callable[[Action], Action]:
    """Register a function as the fault of its own name, with this trigger."""

    def register(action: Action) -> Action:
        title = name or getattr(action, "__name__", "").strip("_").replace("_", "-")
        FAULTS[title] = Fault(title, point, action, anywhere, when)
        return action

    return register


def end(hit: Hit, method: str, data: bytes = b"") -> bool:
    """Do something to the connection itself, by the method of ``Channel``; the dialogue is over."""
    hit.dialogue.call(method, data)
    return False


def answers(point: str, name: str, template: str, summary: str, *, takes_effect: bool = False) -> None:
    """Register a fault that puts another reply in the place of the right one."""

    def action(hit: Hit) -> bool:
        hit.reply(template)
        return takes_effect

    action.__doc__ = summary
    FAULTS[name] = Fault(name, point, action)


def changes(name: str, summary: str, **switches: object) -> None:
    """Register a fault that makes the session's profile another from the start."""

    def action(hit: Hit) -> None:
        hit.adapt(**switches)

    action.__doc__ = summary
    FAULTS[name] = Fault(name, "connect", action)


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
        """The trigger was reached: is it this fault's turn?"""
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
        """Strike, where a fault is due at this point; see ``Dialogue``."""
        turns = []
        for planned in self.faults:
            if planned.point == point:
                hit = Hit(dialogue, point, wire, planned.argument, self._random)
                # Every fault counts, also where another one strikes first.
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
        """Is a fault of that name in the plan?"""
        return any(planned.fault.name == name for planned in self.faults)


def known() -> dict[str, Fault]:
    """All faults by name, in the order of a session."""
    from umail_host.fake_smtp.faults import mail, session  # noqa: F401  # importing them registers them

    return FAULTS


def parse(text: str, seed: int = 0) -> Plan:
    """The plan that is written so.

    Raises:
        ValueError: no such fault, point or occurrence; the text says which there are.
    """
    names = "|".join(re.escape(name) for name in sorted(known(), key=len, reverse=True))
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
        takes = "write a number of octets behind =" if planned.fault.octets else "write it without ="
        raise ValueError(f"{planned.argument!r} in {item!r} says nothing to {planned.fault.name}; {takes}")
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
    """The item as it would be written."""
    argument = f"={planned.argument}" if planned.argument else ""
    occurrence = f"@{planned.first}-"
    if planned.chance < 1:
        occurrence = f"@{round(planned.chance * 100)}%"
    elif planned.last is not None:
        occurrence = f"@{planned.first}" if planned.last == planned.first else f"@{planned.first}-{planned.last}"
    elif planned.first == 1:
        occurrence = ""
    return f"{planned.fault.name}{argument}{occurrence}"
