"""What can go wrong in the world: how each cause is drawn, and how long after it the last alert may come."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86400
_DATA = Path(__file__).resolve().parents[1] / "data"

# An attempt that began before the world was well may take its whole deadline; the pause after it, 15 minutes and a
# second; then comes the attempt that delivers.
PROMPT = 15 * MINUTE + 1 + 2 * 120
# Whoever waits for a person rests for up to a day and a tenth; the longest rest that began in the fault counts.
PERSON = 24 * HOUR + 24 * HOUR // 10 + PROMPT
# A mail that may have arrived is sent again after ten minutes and a tenth.
UNCERTAIN = 11 * MINUTE + PROMPT
Params = dict[str, Any]


@dataclass(frozen=True)
class Cause:
    """One way in which the world fails.

    Args:
        title: what stands in the table.
        weight: how often it is drawn, in relation to the others.
        lasts: the shortest and the longest time, in seconds; (0, 0): a moment.
        draw: its parameters.
        bound: seconds after its end within which what waited has been delivered.
    """

    title: str
    weight: int
    lasts: tuple[int, int]
    draw: Callable[[Random], Params]
    bound: int = PROMPT


def _rows(name: str) -> list[list[str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row and row[0][0] != "#"]


_STAGES = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body")


def _replies(kind: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in _rows("posted_replies.tsv") if row[0] in _STAGES and row[2] == kind]


# Replies that say that a day's quota is used up.
QUOTAS = frozenset(row[1] for row in _rows("posted_replies.tsv") if "daily_limit" in row[3])


def _tokens(kind: str) -> list[Params]:
    rows = [row for row in _rows("token_errors.tsv") if row[3] == kind]
    return [{"status": int(row[0]), "error": row[1], "text": row[2]} for row in rows]


def _one(**values: tuple[Any, ...]) -> Callable[[Random], Params]:
    return lambda random: {name: random.choice(found) for name, found in values.items()}


def _part(low: float, high: float, **values: tuple[Any, ...]) -> Callable[[Random], Params]:
    return lambda random: {"part": round(random.uniform(low, high), 3), **_one(**values)(random)}


def _reply(kind: str) -> Callable[[Random], Params]:
    known = _replies(kind)

    def draw(random: Random) -> Params:
        stage, text = random.choice(known)
        return {"stage": stage, "text": text}

    return draw


def _token(kind: str) -> Callable[[Random], Params]:
    known = _tokens(kind)
    return lambda random: {**random.choice(known), "after": random.choice((0, 0, 30, 300))}


def _number(name: str, low: int, high: int) -> Callable[[Random], Params]:
    return lambda random: {name: random.randint(low, high)}


_BUSY = ("450 4.7.1 Error: too much mail from 203.0.113.7", "451 4.7.500 Server busy. Please try again later")
_GREY = (
    "451 4.7.1 Greylisting in action, please come back later",
    "450 4.2.0 Greylisted, see http://postgrey.schweikert.ch",
)
_ERRORS = ("RuntimeError", "MemoryError", "ValueError", "OSError")


def _crash(random: Random) -> Params:
    found = _one(where=_PLACES, error=_ERRORS, times=(1, 1, 2, 6))(random)
    if found["where"] != "waiting" and found["error"] == "ValueError":
        # Sockets, files and TLS do not raise it for their own trouble.
        found["error"] = "RuntimeError"
    return found


_PLACES = ("waiting", "waiting", "open", "socket", "tls", "radio")

# What one provider does while another takes mail: a board with two routes hardly notices it.
ONE_PROVIDER = ("provider", "reply temporary", "reply quota", "reply configuration", "grey", "rate", "closing", "slow")
# These are drawn only for a board on which they can happen.
ONLY_FOR = {"login temporary": "token", "login configuration": "token", "ipv4": "pico"}
# These do not change what else is drawn: so many times a year each.
APART = {"mechanism": 8, "guest": 40}
# As people posted them.
_MECHANISMS = (
    "504 5.5.4 Unrecognized authentication type",
    "504 5.7.4 Unrecognized authentication type",
    "535 5.7.8 Error: authentication failed: Invalid authentication mechanism",
)

CAUSES: dict[str, Cause] = {
    "provider": Cause("provider away", 10, (5 * MINUTE, 2 * DAY), _one(how=("refused", "silent"))),
    "ipv4": Cause("IPv4 is dead, IPv6 is not", 3, (HOUR, DAY), _one(how=("refused", "silent"), ipv4=(True,))),
    "reply temporary": Cause("posted reply, temporary", 8, (10 * MINUTE, DAY), _reply("temporary"), 90 * MINUTE),
    # (One of them, see plan.py: it is tried again after a day and a tenth.)
    "reply quota": Cause("posted reply, the day's quota", 0, (10 * MINUTE, DAY), _reply("temporary"), PERSON),
    "reply configuration": Cause(
        "posted reply, a person must act", 6, (10 * MINUTE, 12 * HOUR), _reply("configuration"), PERSON
    ),
    "reply permanent": Cause("posted reply, the mail's own fault", 3, (10 * MINUTE, 4 * HOUR), _reply("permanent")),
    "grey": Cause("greylisting", 6, (6 * HOUR, 10 * DAY), lambda r: {"for": r.randint(60, 900), **_one(text=_GREY)(r)}),
    "rate": Cause(
        "rate limit", 6, (HOUR, 2 * DAY), _one(most=(1, 2, 4), stage=("mail", "rcpt", "body"), text=_BUSY), 90 * MINUTE
    ),
    "closing": Cause("421 in the middle", 5, (10 * MINUTE, 6 * HOUR), _one(stage=("greeting", "mail", "rcpt", "body"))),
    "slow": Cause("slow replies", 4, (HOUR, DAY), _number("by", 2, 28)),
    "lost": Cause("the reply to a mail is lost", 6, (HOUR, DAY), _part(0.3, 1, how=("reset", "silent")), UNCERTAIN),
    "certificate": Cause(
        "changed certificate", 6, (10 * MINUTE, DAY), _one(how=("expired", "name", "unknown")), 31 * MINUTE + PROMPT
    ),
    "portal": Cause("captive portal", 4, (10 * MINUTE, 12 * HOUR), lambda r: {}, 31 * MINUTE + PROMPT),
    "dns": Cause(
        "router that lies about names",
        8,
        (2 * MINUTE, 12 * HOUR),
        _one(how=("nxdomain", "empty", "servfail", "silent")),
    ),
    "line": Cause("line down behind the router", 8, (MINUTE, 3 * DAY), lambda r: {}, PROMPT + 10 * MINUTE),
    "access_point": Cause("router reboots, Wi-Fi gone", 8, (MINUTE, 2 * DAY), lambda r: {}, PROMPT + 6 * MINUTE),
    "radio": Cause(
        "radio stuck until switched off and on, or reset", 4, (0, 0), _one(by=("switch", "reset")), 2 * HOUR
    ),
    "ntp": Cause(
        "time server wrong, silent, or unsynchronised",
        5,
        (HOUR, 3 * DAY),
        _one(
            how=("silent", "kiss", "stratum16", "zero", "wrong"), by=(-400 * DAY, -3 * DAY, 3700, 40 * DAY, 3650 * DAY)
        ),
        25 * HOUR,
    ),
    "jump": Cause("clock jumps", 4, (0, 0), _one(by=(-400 * DAY, -DAY, -3600, 3600, 2 * DAY, 400 * DAY)), 25 * HOUR),
    "drift": Cause("clock drifts", 2, (0, 0), _number("ppm", -500, 500)),
    "flash_full": Cause("flash full", 4, (HOUR, DAY), _number("left", 0, 6)),
    "flash_write": Cause("flash refuses to write", 4, (10 * MINUTE, 6 * HOUR), _part(0.1, 1), UNCERTAIN),
    "flash_read": Cause("flash refuses to read", 4, (10 * MINUTE, 2 * HOUR), _part(0.02, 0.5), UNCERTAIN + HOUR),
    "wear": Cause("a block wears out", 2, (0, 0), _number("block", 2, 95)),
    "rot": Cause("a waiting mail's file is damaged", 2, (0, 0), _number("at", 0, 400)),
    "versions": Cause("state files of another version", 3, (0, 0), _number("sort", 0, 4), UNCERTAIN),
    "upgrade": Cause(
        "files of another version, mails that wait among them", 4, (0, 0), _one(to=("first", "later")), UNCERTAIN
    ),
    "power": Cause("power away", 8, (2, 2 * DAY), lambda r: {}, UNCERTAIN),
    "cut": Cause(
        "power cut at one write or packet",
        14,
        (0, 0),
        lambda r: {"step": r.randint(1, 60), "tear": r.random() < 0.5},
        UNCERTAIN,
    ),
    "crash": Cause("crash", 6, (0, 0), _crash, 2 * HOUR + UNCERTAIN),
    "hang": Cause(
        "hang",
        5,
        (0, 0),
        _one(where=("waiting", "sensor", "feed", "socket", "tls", "open"), times=(1, 1, 5)),
        2 * HOUR + UNCERTAIN,
    ),
    "memory": Cause("memory pressure", 4, (10 * MINUTE, 6 * HOUR), _part(0.02, 0.4), 2 * HOUR + UNCERTAIN),
    "sensor": Cause("sensor fails", 4, (20 * MINUTE, DAY), _one(error=_ERRORS)),
    "login temporary": Cause(
        "token endpoint ails", 10, (10 * MINUTE, 12 * HOUR), _token("temporary"), PROMPT + 6 * MINUTE
    ),
    "login configuration": Cause(
        "token endpoint refuses", 3, (10 * MINUTE, 12 * HOUR), _token("configuration"), PERSON
    ),
    "mechanism": Cause(
        "a login mechanism is offered and not taken",
        0,
        (6 * HOUR, 5 * DAY),
        _one(refused=("PLAIN", "PLAIN", "LOGIN"), text=_MECHANISMS),
        MINUTE,
    ),
    "guest": Cause(
        "a program of the owner's own beside the node",
        0,
        (0, 0),
        _one(does=("second outbox", "odd times", "hurry", "two tasks", "own outbox")),
        MINUTE,
    ),
    "storm": Cause("alerts of one kind in a row", 3, (0, 0), lambda r: {}, 5 * HOUR),
}
