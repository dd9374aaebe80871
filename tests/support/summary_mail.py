"""A summary mail as a board writes it, of a day that was made up: what readers are shown."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import umail
from alertnode.day import Day
from alertnode.history import History
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.zone import Zone, seconds

UNTIL = seconds(2026, 11, 25, 6)
UNITS = {"freezer": "°C", "climate.humidity": "%"}
SUBJECT = "Summary 2026-11-25: freezer -19.1 to -8.92 °C, climate.humidity 43 to 52 %, 1 alert (freezer-3)"


def _values(minute: int) -> dict[str, float]:
    # Someone left the door open, from half past three in the afternoon.
    door = max(0.0, 8 - abs(minute - 540) / 6)
    return {
        "freezer": -18 + 1.1 * math.sin(minute / 7) + door,
        "climate.humidity": 47.5 + 4.5 * math.sin(minute / 230),
    }


def message(folder: Path) -> Any:
    """The mail of a day; ``folder`` is for its readings."""
    rule = Rule("freezer warm", "above", -15, 1)
    rule.of = "freezer"
    zone = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
    outbox = SimpleNamespace(pending=list, report=None, dead=list)
    app = SimpleNamespace(
        board="freezer-3",
        rules=[rule],
        clock=SimpleNamespace(zone=zone, now=lambda: UNTIL, uptime=lambda: 0),
        sensor=SimpleNamespace(sources=[SimpleNamespace(values=list(UNITS.items()))]),
        mailer=Mailer(umail, outbox, "esp32@contoso.com", ["ops@contoso.com"], print),
        about=lambda: "alertnode 0.1.0, MicroPython 1.27.0 on Generic ESP32 module with ESP32, up for 12 days 3 h",
    )
    plan = {"at": 420, "every": "day", "on": 0, "spread": 0}
    history = History(list(UNITS), str(folder))
    port = SimpleNamespace(read=lambda path: None, write=lambda path, data: None)
    day = Day(app, plan, 0, port, None, history)
    day.begin(UNTIL - 86400)
    day.alerts = day.recoveries = 1
    day.sent, day.strength = 2, -61
    for minute in range(1440):
        unix = UNTIL - 86400 + minute * 60
        history.turn(unix)
        for name, value in _values(minute).items():
            history.add(name, unix, value)
            found = day.values[name]
            found[0] += 1
            found[1] = value if found[1] is None else min(found[1], value)
            found[2] = value if found[2] is None else max(found[2], value)
            found[3] = value if found[3] is None else found[3] + (value - found[3]) / found[0]
            found[4] += 60 * (name == "freezer" and value > -15)
    history.flush()
    from alertnode import summary

    return summary.message(day, UNTIL)


def octets(folder: Path) -> bytes:
    """The same as it leaves, for a server that offers 8BITMIME."""
    return b"".join(bytes(chunk) for chunk in message(folder).encode(True).chunks())
