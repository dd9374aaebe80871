"""Says all that is wrong with a configuration, beyond what a board itself can tell of its file."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from umail_host import languages
from umail_host.configuration import addresses, days, dead_rules, memory, networks, pins, readings, wakes
from umail_host.device.boards import BoardSpec

# The key with which a sentence of the firmware's begins: its first part, and which sensor or rule it is in.
_KEY = re.compile(r'"(\w+)(?:\.([^".]+)|\[(\d+)\]\.)?')


def sentences(
    config: Mapping[str, Any], value: Mapping[str, Any], board: BoardSpec | None = None, problems: Sequence[str] = ()
) -> list[str]:
    """Return what is wrong, a sentence for each mistake.

    Args:
        config: as it was written.
        value: the same as the firmware has checked and completed it.
        board: the board it is for, if that is known.
        problems: what the firmware has found wrong; all else is judged.
    """
    value = _right(value, problems)
    found = pins.sentences(config, board) + dead_rules.sentences(config, value)
    if any(problem.startswith('"sensors.') for problem in problems):
        # What values there are is not known, and the firmware has judged no rule by them.
        found += dead_rules.of_nothing(config)
    found += _ended(value) + _asleep(value) + days.sentences(value)
    found += [*filter(None, [spoken(value["language"] or "en")]), *wakes.sentences(value, board)]
    return found + networks.sentences(value) + readings.sentences(config)


def _right(value: Mapping[str, Any], problems: Sequence[str]) -> dict[str, Any]:
    """Return ``value`` without the sensors, rules and addresses that ``problems`` are about."""
    sensors, rules = dict(value["sensors"]), list(value["rules"] or ())
    found = {**value, "sensors": sensors, "rules": rules, "sensor": sensors.get("")}
    for top, name, number in (key.groups() for key in map(_KEY.match, problems) if key):
        if top == "sensors":
            sensors.pop(name, None)
        elif top == "sensor":
            sensors.pop("", None)
            found["sensor"] = None
        elif top == "rules" and number:
            # (The others keep their numbers.)
            rules[int(number)] = {}
        elif top == "rules":
            rules.clear()
        elif top == "network":
            found[top] = {}
        elif top == "interval":
            # (What the readings of an hour take is not known.)
            found["summary"] = ()
        elif top == "battery":
            # It is meant to be on battery, whatever is there.
            found[top] = {"budget": 60}
    return found


def notes(config: Mapping[str, Any], board: BoardSpec | None = None) -> list[str]:
    """Return what is right and yet worth a word, a sentence without its full stop for each; ``config``: a right one."""
    found = addresses.notes(config) + readings.notes(config)
    return found + (pins.notes(config, board) + memory.notes(config, board) if board else [])


def _ended(value: Mapping[str, Any]) -> list[str]:
    now = time.time()
    return [
        f'"expires" says that "{name}" ended on {time.strftime("%Y-%m-%d", time.gmtime(ends))}: '
        "renew it, store it, and give the new date."
        for name, ends in value["expires"] or ()
        if ends < now
    ]


def spoken(language: str) -> str:
    """Return what is wrong with the language of a board."""
    if language in languages.names():
        return ""
    return f'"language" is "{language[:40]}": give one of {", ".join(languages.names())}, or leave it out.'


def _asleep(value: Mapping[str, Any]) -> list[str]:
    if not value["battery"]:
        return []
    return [
        f'"{f"sensors.{name}" if name else "sensor"}" counts pulses, which no chip does while it sleeps: '
        'give it "wake": true, so that each pulse wakes the board, or leave "battery" out.'
        for name, section in value["sensors"].items()
        if section["type"] == "pulse" and not section["wake"]
    ]
