"""What a fault is, and the register of all: each one small function under its own name and trigger."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from umail_host.fake_smtp.core import profiles
from umail_host.fake_smtp.core.events import Say

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
        """Send these bytes."""
        self.dialogue.emit(Say(data, self.point in HELD))

    def reply(self, template: str) -> None:
        """Send this reply; see ``replies`` for the places of a template."""
        self.send(self.dialogue.wire(template))

    def adapt(self, **switches: object) -> None:
        """Change this session's profile from here on."""
        self.dialogue.profile = profiles.adapt(self.dialogue.profile, switches)


Action = Callable[[Hit], bool | None]
Condition = Callable[[Hit], bool]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Args:
        name: as in a plan.
        point: its trigger; a default if ``anywhere`` is set and the argument names the point.
        action: what it does. It answers true if the command takes effect all the same, false if it does not,
            and ``None`` if the dialogue goes on as usual.
        when: a further condition.
    """

    name: str
    point: str
    action: Action
    anywhere: bool = False
    when: Condition | None = None

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (self.action.__doc__ or "").strip()

    @property
    def octets(self) -> bool:
        """Is its argument a number of bytes?"""
        return self.summary.endswith(f"{self.name}=BYTES")


FAULTS: dict[str, Fault] = {}
POINTS = (
    *("connect", "banner", "ehlo", "helo", "starttls", "handshake", "auth", "challenge"),
    *("mail", "rcpt", "data", "bdat", "body", "chunk", "content", "rset", "noop", "quit"),
)


def fault(point: str, *, anywhere: bool = False, when: Condition | None = None) -> Callable[[Action], Action]:
    """Register a function as the fault of its own name, with this trigger; its docstring says what it does."""

    def register(action: Action) -> Action:
        name = getattr(action, "__name__", "").strip("_").replace("_", "-")
        _register(point, name, action.__doc__ or "", action, anywhere, when)
        return action

    return register


def end(hit: Hit, method: str, data: bytes = b"") -> bool:
    """Do something to the connection itself, by the method of ``Channel``; the dialogue is over."""
    hit.dialogue.call(method, data)
    return False


def answers(
    point: str,
    name: str,
    template: str,
    summary: str,
    *,
    takes_effect: bool = False,
    closes: bool = False,
    when: Condition | None = None,
) -> None:
    """Register a fault that puts another reply in the place of the right one, and then closes if it ``closes``."""

    def action(hit: Hit) -> bool:
        hit.reply(template)
        if closes:
            hit.dialogue.close()
        return takes_effect

    _register(point, name, summary, action, when=when)


def sends(
    point: str,
    name: str,
    wire: Callable[[Hit], bytes],
    summary: str,
    *,
    takes_effect: bool = True,
    anywhere: bool = False,
) -> None:
    """Register a fault that sends what ``wire`` returns in the place of the right reply."""

    def action(hit: Hit) -> bool:
        hit.send(wire(hit))
        return takes_effect

    _register(point, name, summary, action, anywhere)


def ends(
    point: str,
    name: str,
    method: str,
    summary: str,
    *,
    takes_effect: bool = False,
    anywhere: bool = False,
    when: Condition | None = None,
) -> None:
    """Register a fault that strikes the connection itself; see `end`."""

    def action(hit: Hit) -> bool:
        return end(hit, method) or takes_effect

    _register(point, name, summary, action, anywhere, when)


def changes(name: str, summary: str, **switches: object) -> None:
    """Register a fault that makes the session's profile another from the start."""
    _register("connect", name, summary, lambda hit: hit.adapt(**switches))


def chooses(name: str, summary: str, **choices: str) -> None:
    """Register a fault that chooses the session's certificate or TLS version; see `Session`."""

    def action(hit: Hit) -> None:
        for attribute, value in choices.items():
            setattr(hit.dialogue.session, attribute, value)

    _register("connect", name, summary, action)


def _register(
    point: str, name: str, summary: str, action: Action, anywhere: bool = False, when: Condition | None = None
) -> None:
    action.__doc__ = summary
    FAULTS[name] = Fault(name, point, action, anywhere, when)
