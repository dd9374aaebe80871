"""Says what does not go with a summary: too many values, a recording, more readings than a sleeping board can keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umail_host import firmware_rules

# Each takes 32 kB of flash, and a Pico W has 848 kB.
_MOST = 12
# Of the 2 kB that last through deep sleep, what the readings of an hour may take: a reading, and the counts of a value.
_ROOM = 1000
_READING, _VALUE = 7, 80


def sentences(value: Mapping[str, Any]) -> list[str]:
    """Return what is wrong; ``value`` is the checked configuration."""
    if not value["summary"]:
        return []
    if any(section["type"] == "trace" for section in value["sensors"].values()):
        return ['"summary" does not go with a trace, whose time is that of the recording: leave it out.']
    counts = {name: _count(section) for name, section in value["sensors"].items()}
    if sum(counts.values()) > _MOST:
        return [
            f'"summary" keeps the readings of up to {_MOST} values, and there are {sum(counts.values())}: '
            "leave it out, or some of the sensors."
        ]
    if not value["battery"]:
        return []
    # A minute has one reading, however many there were.
    hourly = {
        name: min(60, 3600 / (section["interval"] or value["interval"])) for name, section in value["sensors"].items()
    }
    need = sum(counts[name] * (_VALUE + _READING * hourly[name]) for name in counts)
    if need <= _ROOM:
        return []
    return [
        f'"summary" wants {need:.0f} bytes for the readings of an hour, and {_ROOM} last through deep sleep: '
        'give a longer "interval", fewer sensors, or leave "summary" or "battery" out.'
    ]


def _count(section: Mapping[str, Any]) -> int:
    finder = firmware_rules.module("sensors.find")
    try:
        return len(finder.values(finder.module(section["type"]), section))
    except ImportError:
        return 1
