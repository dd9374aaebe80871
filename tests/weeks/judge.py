"""Judges from outside what a board did: by what its sensor showed and what reached the provider. Pure."""

from __future__ import annotations

import binascii
import email
import email.message
import email.policy
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from weeks.causes import APART, CAUSES, ONE_PROVIDER

# What only a program that works says.
_WORKS = ("safe mode", "crashed", "sensor is gone", "did not answer since start")

# On the console and in subjects, where a digit behind the point shows that a value was measured: it, and which event.
_VALUE = re.compile(r"[Tt]emperature (\d+(?:\.\d*[1-9])?)(?:\.0)? °C(?: is|,) (above|back|limit)")
_KINDS = {"limit": "above"}
_HELD = re.compile(r"Such mails that were held back in \d+ minutes: (\d+)")
_TOLD = re.compile(r"Mails that (?:were|could|cannot) [^:]*: (\d+)\.")
_DOUBTFUL = ("flash_write", "flash_full", "flash_read", "memory", "wear", "versions", "upgrade", "rot")
# Seconds within which an alert is delivered in a world that is well.
AT_ONCE = 60
# Bounds on what is written: bytes of the logs and the outbox at any time, bytes and erased blocks a day.
LOG, OUTBOX, WRITTEN, ERASED = 16384 + 400, 131072 + 8192, 12_000_000, 2000
HEAP = 150_000
# Connections that are open at the same time.
SOCKETS = 2
SENT_AT_MOST = 4
# What a mail tells of was read so many milliseconds before it at the most: after five days a mail is given up.
TOLD_WITHIN = 6 * 86_400_000
# An outbox that is put aside held so many mails at the most.
MOST_WAITING = 50
# A board on battery tries its radio again after four hours at the most, and wakes every half an hour.
BATTERY = 4 * 3600 + 1800


@dataclass
class Mail:
    """One mail that the provider took."""

    at: int
    mid: str
    subject: str
    text: str


@dataclass
class Fault:
    """Something wrong from ``begin`` to ``end`` (milliseconds)."""

    label: str
    begin: int
    end: int
    extra: int = 0
    # Another way was open all the time.
    passable: bool = False

    @property
    def bound(self) -> int:
        """Milliseconds after its end within which what waited is delivered."""
        return 1000 * (CAUSES[self.label].bound + self.extra)


@dataclass
class Verdict:
    """What is wrong (sentences), and the figures for the table."""

    wrong: list[str] = field(default_factory=list)
    # Label → the longest time in seconds from its end to a delivery, and how many were judged by it.
    longest: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Story:
    """The log, sorted by what it tells."""

    lines: list[tuple[int, str, str]] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def of(self, what: str) -> Iterator[tuple[int, str]]:
        """The lines of one kind: (when, text)."""
        return ((at, text) for at, word, text in self.lines if word == what)


def read(log: list[str], events: list[dict[str, Any]], battery: bool = False) -> Story:
    """Take the log apart; ``events`` are those of the plan; ``battery``: the board sleeps between its readings."""
    story = Story()
    for line in log:
        at, what, text = line.split(" ", 2)
        story.lines.append((int(at), what, text))
    for at, text in story.of("takes"):
        mid, _, octets = text.split(" ")
        message = email.message_from_bytes(binascii.a2b_base64(octets), policy=email.policy.default)
        body = message.get_body(("plain",))
        story.mails.append(Mail(at, mid, str(message["Subject"]), body.get_content() if body else ""))
    for event in events:
        if label := event.get("label"):
            begin = event["at"] * 1000
            fault = Fault(label, begin, begin + 1000 * max(event.get("lasts", 0), event.get("off", 0)))
            fault.passable = label in ("ipv4", "mechanism") or (label in ONE_PROVIDER and not event.get("both", True))
            story.faults.append(fault)
    for at, label in story.of("meets"):
        # A radio that is stuck is noticed when it is wanted next, by a board on battery days later.
        met = [fault for fault in story.faults if fault.label == label and fault.begin <= at]
        if met:
            met[-1].end = max(met[-1].end, at)
    _lives(story)
    for fault in story.faults:
        fault.extra = BATTERY if battery and fault.label not in APART else 0
    return story


def _lives(story: Story) -> None:
    """Note the time between a stop and the next start as a fault of its own."""
    stopped: tuple[int, str] | None = None
    struck = ""
    for at, what, text in story.lines:
        if what == "strikes":
            struck = text
        elif what == "stops" and text != "sleep":
            stopped = (at, struck if struck in CAUSES else "crash" if text == "reset" else "cut")
            struck = ""
        elif what == "boot" and stopped:
            story.faults.append(Fault(stopped[1], stopped[0], at))
            stopped = None


def owed(story: Story) -> dict[tuple[str, str], int]:
    """The alerts and recoveries that a person must hear of: ("above" or "back", value) → when it was read.

    A reading counts if the board did not stop at the same instant. Where it may have forgotten that an excursion was
    under way, the end of that is not owed.
    """
    found: dict[tuple[str, str], int] = {}
    # (A board that hangs at a reading puts nothing any more, though its watchdog waits for two minutes.)
    stops = {at for what in ("stops", "strikes") for at, text in story.of(what)}
    active: str | None = None
    sure = True
    blurred = False
    for at, what, text in story.lines:
        if what == "says" and "this excursion may be mailed again" in text:
            blurred = True
        elif what == "boot" and text != "sleep":
            lost = blurred or any(
                fault.label in ("flash_read", "flash_write", "versions", "upgrade", "memory")
                and fault.begin <= at + 60000
                and fault.end >= at - 60000
                for fault in story.faults
            )
            sure = sure and not lost
            blurred = False
        elif what == "reads":
            certain = at not in stops
            above = float(text) > 30
            text = shown(text)
            if above:
                if active is None or not sure:
                    if certain and active is None:
                        found.setdefault(("above", text), at)
                    active, sure = text, certain and (active is None or sure)
            elif active is not None:
                if certain and sure:
                    found.setdefault(("back", text), at)
                active, sure = None, certain
    return found


def shown(value: str) -> str:
    """A value as the firmware shows it."""
    return f"{float(value):g}"


def _values(text: str) -> list[tuple[str, str]]:
    """Return value and kind of each event that a text names."""
    return [(value, _KINDS.get(kind, kind)) for value, kind in _VALUE.findall(text)]


def judge(
    log: list[str], events: list[dict[str, Any]], heap: list[int] | None = None, battery: bool = False
) -> Verdict:
    """Judge a log by all invariants; ``heap``: the bytes in use, day by day."""
    story = read(log, events, battery)
    verdict = Verdict()
    due = owed(story)
    verdict.counts["owed"] = len(due)
    verdict.counts["mails"] = len(story.mails)
    _lost(story, due, verdict)
    _twice(story, verdict)
    _late(story, due, verdict)
    _bounds(story, verdict, heap or [])
    _alive(story, verdict)
    return verdict


def _lost(story: Story, due: dict[tuple[str, str], int], verdict: Verdict) -> None:
    """Find what was owed and neither came nor was told."""
    known: set[tuple[str, str]] = set()
    # When a mail told of others without naming them, and of how many.
    told: list[tuple[int, int]] = []
    for mail in {mail.mid: mail for mail in story.mails}.values():
        known.update((kind, value) for value, kind in _values(mail.subject + "\n" + mail.text))
        count = sum(int(count) - 1 for count in _HELD.findall(mail.text))
        count += sum(int(count) for count in _TOLD.findall(mail.text))
        count += MOST_WAITING * ("was put aside" in mail.text)
        told += [(mail.at, mail.at - TOLD_WITHIN)] * count
    in_ram = {
        (kind, value) for _, text in story.of("says") if "kept in RAM only" in text for value, kind in _values(text)
    }
    stops = [at for at, text in story.of("stops")]
    for key, at in due.items():
        if key in known:
            continue
        excuse = next((one for one in told if one[1] <= at <= one[0]), None)
        if excuse:
            told.remove(excuse)
            verdict.counts["told in another mail"] += 1
        elif key in in_ram and any(stop >= at for stop in stops):
            verdict.counts["in RAM only, told on the console, gone with the power"] += 1
        else:
            verdict.wrong.append(f"lost: {key[1]} °C ({key[0]}), read at {at}, never came and nobody was told")


def _twice(story: Story, verdict: Verdict) -> None:
    """Find what came twice though the board knew that it had come."""
    takes: dict[str, list[int]] = defaultdict(list)
    for mail in story.mails:
        takes[mail.mid].append(mail.at)
    knows: dict[str, list[int]] = defaultdict(list)
    for at, mid in story.of("knows"):
        knows[mid].append(at)
    stops = [at for at, text in story.of("stops")]
    shaky = [fault for fault in story.faults if fault.label in _DOUBTFUL]
    for mid, times in takes.items():
        if len(times) > SENT_AT_MOST:
            verdict.wrong.append(f"twice: {mid} came {len(times)} times")
        for before, after in pairwise(times):
            verdict.counts["came again in the uncertain window, with the same Message-ID"] += 1
            heard = [at for at in knows[mid] if before <= at < after]
            if not heard or any(heard[0] <= stop <= heard[0] + 5000 for stop in stops):
                continue
            if any(fault.begin <= after and fault.end >= heard[0] - 1000 for fault in shaky):
                continue
            verdict.wrong.append(f"twice: {mid} came at {before} and at {after}, and its reply was read at {heard[0]}")
    first: dict[tuple[str, str], Mail] = {}
    for mail in story.mails:
        match = _values(mail.subject)
        if not match:
            continue
        key = match[0][1], match[0][0]
        other = first.setdefault(key, mail)
        if other.mid != mail.mid:
            begun = min((at for at, text in story.of("reads") if shown(text) == key[1]), default=0)
            # (Power that goes while a board sleeps stops nothing: only its start tells.)
            resets = stops + [at for at, cause in story.of("boot") if cause != "sleep"]
            if any(begun <= reset <= mail.at for reset in resets):
                verdict.counts["mailed again after a reset"] += 1
            else:
                verdict.wrong.append(f"twice: {key[1]} °C ({key[0]}) came as {other.mid} and as {mail.mid}")


def _late(story: Story, due: dict[tuple[str, str], int], verdict: Verdict) -> None:
    """Find what came later than the causes before it allow."""
    came: dict[tuple[str, str], int] = {}
    for mail in story.mails:
        for value, kind in _values(mail.subject):
            came.setdefault((kind, value), mail.at)
    for key, read_at in due.items():
        at = came.get(key)
        if at is None:
            continue
        # (While another way is open the world is well, but for an attempt that was under way or has to fail first.)
        before = [
            replace(fault, end=min(fault.end, max(fault.begin, read_at))) if fault.passable else fault
            for fault in story.faults
            if fault.begin <= at
        ]
        if any(fault.end > at for fault in before):
            verdict.counts["came while something was still wrong"] += 1
            continue
        label, bound = "nothing", read_at + 1000 * AT_ONCE
        for fault in before:
            if fault.end + fault.bound > bound and fault.end + fault.bound >= read_at:
                label, bound = fault.label, fault.end + fault.bound
        # Since then the world is well.
        end = max([read_at] + [fault.end for fault in before])
        late = (at - end) // 1000
        verdict.longest[label] = max(verdict.longest.get(label, 0), late)
        if at > bound:
            verdict.wrong.append(f"late: {key[1]} °C ({key[0]}) came {late} s after the end of: {label}")


def _bounds(story: Story, verdict: Verdict, heap: list[int]) -> None:
    """Find what was written, or kept in memory, beyond the bounds."""
    written = erases = 0
    for at, text in story.of("day"):
        words = text.split(" ")
        day = dict(zip(words[::2], words[1::2], strict=False))
        for name, bound in (("log", LOG), ("outbox", OUTBOX), ("sockets", SOCKETS)):
            if int(day.get(name, 0)) > bound:
                verdict.wrong.append(f"bounds: {name} {day[name]} at {at}, more than {bound}")
        for name, before, bound in (("written", written, WRITTEN), ("erases", erases, ERASED)):
            passed = int(day[name]) - before
            verdict.counts[f"most {name} a day"] = max(verdict.counts[f"most {name} a day"], passed)
            if passed > bound:
                verdict.wrong.append(f"bounds: {name} {passed} in the day before {at}, more than {bound}")
        written, erases = int(day["written"]), int(day["erases"])
    if len(heap) > 3 and max(heap[2:]) > min(heap[2:]) + HEAP:
        verdict.wrong.append(f"bounds: the heap grew from {min(heap[2:])} to {max(heap[2:])} bytes")


def _alive(story: Story, verdict: Verdict) -> None:
    """Find a life in which the node neither read nor sent, and whatever must never be said."""
    begun, works = 0, True
    for at, what, text in [*story.lines, (story.lines[-1][0], "stops", "end")]:
        if what == "dead":
            verdict.wrong.append(f"dead: at {at} {text}")
        elif what == "wrong":
            verdict.wrong.append(f"guest: at {at} {text}")
        elif what == "leak":
            verdict.wrong.append(f"leak: at {at} {text}")
        elif what == "boot":
            begun, works = at, False
            verdict.counts["starts"] += 1
        elif what in ("reads", "stops") or any(words in text for words in _WORKS):
            if what == "stops" and not works and at - begun > 1_200_000:
                verdict.wrong.append(f"dead: started at {begun}, it did nothing until {at}")
            works = True


def difference(one: list[str], other: list[str]) -> str:
    """Say where two logs first differ."""
    for number, (left, right) in enumerate(zip(one, other, strict=False), 1):
        if left != right:
            return f"line {number} is {left[:200]!r}, and {right[:200]!r} the second time"
    return f"{len(one)} lines, and {len(other)} the second time"
