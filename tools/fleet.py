"""A fleet of boards after a regional power cut, simulated event by event with the library's own policy.

How it works. Each board is two simpy processes around one ``umail.policy.Policy``: one puts its alerts, as the outbox
does, the other sends what is due. Boards share mailboxes, and a mailbox does what Exchange does: so many sessions at a
time (432 for the next), so many mails a minute (the excess waits, holding its session), so many recipients a day (554,
which asks for 24 hours). The tenant has a limit a day over all its mailboxes. Mailboxes have nothing else in common,
so of a very large fleet some are simulated, with their share of the tenant's limit, and the counts are scaled up.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from umail.errors import MailError
from umail.policy import DAY, MINUTE, Policy

# What Microsoft publishes for a mailbox (docs/microsoft-365.md).
SESSIONS = 3
PER_MINUTE = 30
RECIPIENTS_PER_DAY = 10_000
# Seconds on an ESP32: DNS, TCP, TLS and login; one mail on the open connection; a refused session.
OPENING = 4.0
ONE_MAIL = 0.6
REFUSED = 3.0
# The boards boot within so many seconds after the power is back.
BOOTING = 20.0
# No more boards than this are simulated; the rest of a fleet is the same again.
MOST = 2_000
HORIZON = 7 * DAY

# What happens on each board: (seconds after its boot, key, recovery). The power flickers, a freezer is too warm, its
# reading flaps about the limit for half an hour, and then all is well again.
EVENTS: tuple[tuple[float, str, bool], ...] = (
    (0.0, "power", False),
    (90.0, "power", False),
    (240.0, "power", False),
    *((300.0 + 60 * i, "temperature", i % 2 == 1) for i in range(30)),
)


@dataclass(frozen=True)
class Variant:
    """How boards behave: the keyword arguments of ``Policy``, and whether chance is used."""

    name: str
    jitter: bool = True
    options: dict[str, int] = field(default_factory=dict)


NO_STORM = {"window": 0, "per_hour": 0}
FIXED = {"first": 60, "ceiling": 60, "per_minute": 0, "per_day": 0, **NO_STORM}
VARIANTS = (
    Variant("as many devices do: every 60 s, no jitter, every alert", jitter=False, options=FIXED),
    Variant("back-off without jitter, every alert", jitter=False, options=NO_STORM),
    Variant("back-off with jitter, every alert", options=NO_STORM),
    Variant("storm control, back-off without jitter", jitter=False),
    Variant("storm control and jitter: the defaults"),
)


@dataclass
class Outcome:
    """What became of a fleet; times in seconds after the power came back."""

    boards: int
    mailboxes: int
    scale: float
    put: int = 0
    sent: int = 0
    sessions: int = 0
    rejected: int = 0
    refused: int = 0
    dead: int = 0
    # Of each board, when its first mail and when its last one had arrived.
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)

    def share(self, times: list[float], part: float) -> float | None:
        """Return the time by which this part of the boards had theirs, or None when they never did."""
        wanted = max(1, round(part * self.boards / self.scale))
        return sorted(times)[wanted - 1] if len(times) >= wanted else None


class Tenant:
    """The limit a day over all mailboxes; 0: none."""

    def __init__(self, per_day: int) -> None:
        self.per_day = per_day
        self.count = 0
        self.day = 0

    def take(self, now: float) -> bool:
        """Count one recipient; False when the day is full."""
        day = int(now // DAY)
        if day != self.day:
            self.day = day
            self.count = 0
        if self.per_day and self.count >= self.per_day:
            return False
        self.count += 1
        return True


class Mailbox:
    """What Exchange allows one login."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.sessions = 0
        self.free_at = 0.0
        self.quota = Tenant(RECIPIENTS_PER_DAY)

    def delay(self, now: float) -> float:
        """Return seconds for which the next mail is held to keep to the rate."""
        start = max(self.free_at, now)
        self.free_at = start + MINUTE / PER_MINUTE
        return start - now


class Board:
    """One board: its policy, and the mails that wait as times from when they may go."""

    def __init__(self, env: simpy.Environment, mailbox: Mailbox, variant: Variant, seed: int, out: Outcome) -> None:
        self.env = env
        self.mailbox = mailbox
        self.out = out
        chance = random.Random(seed)
        self.start = chance.random() * BOOTING
        self.policy = Policy(chance.random if variant.jitter else lambda: 0.999, **variant.options)
        self.due: list[int] = []
        self.held: dict[str | None, int] = {}
        self.awake = env.event()
        self.left = len(EVENTS)
        self.attempts = 0
        self.heard = False

    def alerts(self) -> Generator[simpy.Event, Any, None]:
        """Put what happens, as ``Outbox.put`` does."""
        begun = self.env.now + self.start
        for after, key, recovery in EVENTS:
            yield self.env.timeout(begun + after - self.env.now)
            now = int(self.env.now)
            until, group = self.policy.admit(now, key, recovery, False)
            self.left -= 1
            self.out.put += 1
            if until and self.held.get(group, 0) > now:
                # It becomes part of the one that is held already.
                continue
            if until:
                self.held[group] = until
            self.due.append(until or now)
            if not self.awake.triggered:
                self.awake.succeed()

    def sender(self) -> Generator[simpy.Event, Any, None]:
        """Send what is due, as ``Outbox.flush`` does."""
        while self.due or self.left:
            if not self.due:
                self.awake = self.env.event()
                yield self.awake
                continue
            now = int(self.env.now)
            wait = max(min(self.due) - now, self.policy.wait(now))
            if wait > 0:
                self.awake = self.env.event()
                yield self.env.timeout(wait) | self.awake
                continue
            yield from self._session()
        self.out.last.append(self.env.now)

    def _session(self) -> Generator[simpy.Event, Any, None]:
        box = self.mailbox
        self.out.sessions += 1
        if box.sessions >= SESSIONS:
            yield self.env.timeout(REFUSED)
            self.out.rejected += 1
            self._failed(MailError("mail", "temporary", "", 432, "4.3.2", "connections"), 0)
            return
        box.sessions += 1
        yield self.env.timeout(OPENING)
        while self.due and min(self.due) <= self.env.now and not self.policy.wait(int(self.env.now)):
            if not box.quota.take(self.env.now) or not box.tenant.take(self.env.now):
                self.out.refused += 1
                self._failed(MailError("body", "temporary", "", 554, "5.2.0", "daily_limit"), DAY)
                break
            yield self.env.timeout(box.delay(self.env.now) + ONE_MAIL)
            self.due.remove(min(self.due))
            self.out.sent += 1
            self.attempts = 0
            self.policy.worked()
            self.policy.spend(int(self.env.now), 1)
            if not self.heard:
                self.heard = True
                self.out.first.append(self.env.now)
        box.sessions -= 1

    def _failed(self, error: MailError, least: int) -> None:
        now = int(self.env.now)
        self.attempts += 1
        self.policy.spend(now, 0)
        state, until = self.policy.failed(now, error, self.attempts, 0, now, least)
        at = self.due.index(min(self.due))
        if state == "dead":
            self.out.dead += 1
            del self.due[at]
        elif state == "deferred":
            self.due[at] = until


def simulate(boards: int, per_mailbox: int, variant: Variant, tenant_per_day: int = 0, seed: int = 1) -> Outcome:
    """Run one fleet to its end, or for a week."""
    mailboxes = -(-boards // per_mailbox)
    simulated = min(mailboxes, max(1, MOST // per_mailbox))
    count = boards if simulated == mailboxes else simulated * per_mailbox
    out = Outcome(boards, mailboxes, boards / count)
    env = simpy.Environment()
    tenant = Tenant(int(tenant_per_day * simulated / mailboxes))
    pool = [Mailbox(tenant) for _ in range(simulated)]
    for number in range(count):
        board = Board(env, pool[number % simulated], variant, seed * 1_000_003 + number, out)
        env.process(board.alerts())
        env.process(board.sender())
    env.run(until=HORIZON)
    for name in ("put", "sent", "sessions", "rejected", "refused", "dead"):
        setattr(out, name, round(getattr(out, name) * out.scale))
    return out
