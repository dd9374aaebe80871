"""Says all that is wrong with a configuration, beyond what a board itself can tell of its file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from umail_host import languages
from umail_host.configuration import addresses, days, dead_rules, memory, networks, pins, readings, wakes
from umail_host.device.boards import BoardSpec


def sentences(config: Mapping[str, Any], value: Mapping[str, Any] | None, board: BoardSpec | None = None) -> list[str]:
    """Return what is wrong, a sentence for each mistake.

    Args:
        config: as it was written.
        value: the same as the firmware has checked and completed it; None: it has found mistakes.
        board: the board it is for, if that is known.
    """
    found = pins.sentences(config, board)
    if value is not None:
        found += dead_rules.sentences(config, value) + _ended(value) + _asleep(value) + days.sentences(value)
        found += [*filter(None, [spoken(value["language"])]), *wakes.sentences(value, board)]
        found += networks.sentences(value) + readings.sentences(config, value)
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
