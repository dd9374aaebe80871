"""Estimates the heap that a configuration takes while the node mails, from what its parts were measured to take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from umail_host.device import boards
from umail_host.device.boards import BoardSpec

# Bytes in use at most on the virtual board, whose words have 64 bits: tests/host/firmware/test_memory_table.py measures
# them again. A part is what the most is larger with it.
NODE = 159_300  # one DS18B20 and one rule, an alert and its recovery mailed to Microsoft 365 over TLS
SENSOR = 2_400  # each further sensor
KIND = 5_300  # each further kind of sensor
RULES = 900  # rules that are not "above", "below" or about a contact
PARTS = {
    "summary": 28_200,  # with two charts, and the readings as CSV
    "outputs": 12_000,
    "update": 8_500,
    "debug": 4_500,
    "heartbeat": 2_800,  # at an hour
    "language": 900,
}
# Bytes that must be left, as what comes and goes leaves a heap in pieces: with 6 kB one mail in five failed.
SPARE = 12_000
WORDS = 2  # the same objects take half of it in the words of a board
_ITSELF = "the node itself"
_SPECIAL = ("outside", "change", "stuck")


def parts(config: Mapping[str, Any]) -> dict[str, int]:
    """Return the bytes that a right ``config`` takes in 64-bit words, by part, the largest first."""
    several = config.get("sensors") or {}
    kinds = Counter(section.get("type") for section in several.values())
    found = {_ITSELF: NODE}
    if more := max(len(several) - 1, 0) * SENSOR + max(len(kinds) - 1, 0) * KIND:
        found["further sensors"] = more
    if any(rule.get("when") in _SPECIAL for rule in config.get("rules", ())):
        found["rules"] = RULES
    found |= {f'"{name}"': PARTS[name] for name in _used(config)}
    return dict(sorted(found.items(), key=lambda part: -part[1]))


def notes(config: Mapping[str, Any], board: BoardSpec) -> list[str]:
    """Return a note if a ``board`` that runs the code from RAM has too little of it for a right ``config``.

    A board on battery starts over for each mail, with most of it not loaded: it is not told.
    """
    found, room = parts(config), (board.grown + board.psram) * WORDS
    needed = sum(found.values()) + SPARE
    if board.chip == "virtual" or needed <= room or config.get("battery"):
        return []
    most = ", ".join(f"{name} {_kilobytes(size)}" for name, size in list(found.items())[:4])
    roomy = ", ".join(one.name for one in boards.load_all() if one.psram)
    less = f"leave {some} out, " if (some := _enough(found, needed - room)) else ""
    return [
        f"{board.name} may run out of memory while it mails: this takes about {_kilobytes(needed)} kB of RAM ({most}), "
        f"and it has {_kilobytes(room)} kB beside Wi-Fi and TLS: {less}run the code from flash (docs/deploying.md), or "
        f"take a board with PSRAM ({roomy})"
    ]


def _enough(found: Mapping[str, int], over: int) -> str:
    """Return which parts take ``over`` bytes, as few as will do; empty if all together do not."""
    names = [name for name in found if name not in (_ITSELF, "rules")]
    for count in range(1, len(names) + 1):
        if enough := [some for some in combinations(names, count) if sum(map(found.__getitem__, some)) >= over]:
            return " or ".join(" and ".join(some) for some in (enough if count == 1 else enough[:1]))
    return ""


def _kilobytes(size: int) -> str:
    return f"{size / WORDS / 1000:.0f}"


def _used(config: Mapping[str, Any]) -> Iterator[str]:
    for name in PARTS:
        value = config.get(name)
        if name == "heartbeat":
            value = isinstance(value, str | Mapping)
        if value and value != "en":
            yield name
