"""Draws from a seed what board it is, what happens to it, and what it has to tell."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from weeks.causes import APART, CAUSES, DAY, HOUR, MINUTE, ONLY_FOR, QUOTAS
from weeks.simulate import Plan

# Nothing goes wrong in the last days: then everything must have been delivered.
CALM = 3
_MAILS_A_DAY = 0.82
_FAULTS_A_DAY = 0.75
BOARDS = ("password", "token", "battery", "pico", "two routes", "pico battery")


def config(kind: str) -> dict[str, Any]:
    """The configuration of a board of that ``kind``."""
    mail: dict[str, Any] = {
        "route": "smtp",
        "username": "esp32@example.net",
        "to": ["ops@example.org"],
        "host": "mail.example.net",
        "port": 587,
        "trust": "/certs/test.der",
    }
    if kind == "two routes":
        mail["fallback"] = {
            "route": "smtp",
            "username": "second@example.net",
            "host": "mail2.example.net",
            "port": 465,
            "trust": "/certs/test.der",
        }
    if kind == "token":
        mail["oauth"] = {"flow": "refresh_token", "tenant": "t", "client_id": "c", "host": "login.example.net"}
    found: dict[str, Any] = {
        "board_name": "freezer-3",
        "wifi": {"ssid": "lab"},
        "mail": mail,
        "sensor": {"type": "adc", "pin": 4, "unit": "°C", "samples": 1},
        "rules": [
            {"name": "temperature", "when": "above", "limit": 30, "hysteresis": 1},
            {"name": "sensor", "when": "gone"},
        ],
        "interval": 300,
        "clock": {"ntp": ["ntp1.example.net", "ntp2.example.net"], "zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
        "watchdog": 120,
    }
    if "battery" in kind:
        found["battery"] = {"budget": 60}
        found["interval"] = 1800
    return found


def draw(seed: int, days: int, only: set[int] | None = None) -> Plan:
    """The plan of ``seed``; ``only``: those of its faults alone, to see which of them a failure needs."""
    random = Random(seed)
    kind = BOARDS[seed % len(BOARDS)]
    chunking = random.random() < 0.5
    last = (days - CALM) * DAY
    faults = _faults(random, kind, last)
    values = _excursions(random, faults, last)
    faults += _apart(Random(f"{seed} apart"), kind, last, len(faults) and max(fault["id"] for fault in faults))
    kept = [fault for fault in faults if only is None or fault["id"] in only]
    reports = [{"id": 0, "at": day * DAY + 5, "cause": "day"} for day in range(days)]
    events = sorted(kept + values + reports, key=lambda event: (event["at"], event["id"]))
    return Plan(seed, days, config(kind), chunking, events, "rp2" if "pico" in kind else "esp32")


def _faults(random: Random, kind: str, last: int) -> list[dict[str, Any]]:
    names = [name for name in CAUSES if name != "storm" and ONLY_FOR.get(name, "") in kind]
    weights = [CAUSES[name].weight for name in names]
    found: list[dict[str, Any]] = []
    until: dict[str, int] = {}
    for number in range(round(last / DAY * _FAULTS_A_DAY)):
        name = random.choices(names, weights)[0]
        cause = CAUSES[name]
        at = random.randint(HOUR, last - 2 * HOUR)
        low, high = cause.lasts
        lasts = round(math.exp(random.uniform(math.log(low), math.log(high)))) if high else 0
        lasts = min(lasts, last - at)
        params = cause.draw(random)
        if params.get("text") in QUOTAS:
            name = "reply quota"
        word = "provider" if name == "ipv4" else name.split(" ")[0]
        # With two routes, most of what a provider does is the first one's alone.
        params["both"] = kind != "two routes" or random.random() < 0.3
        found.append({"id": number + 1, "at": at, "cause": word, "label": name, "lasts": lasts, **params})
    found.sort(key=lambda event: event["at"])
    # Two of a kind do not overlap: the world has one place for each.
    kept = []
    for event in found:
        if event["at"] > until.get(event["cause"], 0):
            until[event["cause"]] = event["at"] + event["lasts"]
            if event["cause"] == "power":
                event["off"] = event.pop("lasts")
            if event["cause"] == "sensor":
                event["text"] = f"loose wire {event['id']}"
            kept.append(event)
    return kept


def _apart(random: Random, kind: str, last: int, number: int) -> list[dict[str, Any]]:
    """Those that came later than the others; a board with a token logs in by that alone."""
    found = []
    for name, times in APART.items():
        low, high = CAUSES[name].lasts
        until = 0
        for at in sorted(random.randint(HOUR, last - 2 * HOUR) for _ in range(round(times * last / DAY / 365))):
            number += 1
            params = CAUSES[name].draw(random)
            lasts = min(random.randint(low, high), last - at)
            if at <= until or (name == "mechanism" and kind == "token"):
                continue
            until = at + lasts
            found.append({"id": number, "at": at, "cause": name, "label": name, "lasts": lasts, "both": True, **params})
    return found


def _excursions(random: Random, faults: list[dict[str, Any]], last: int) -> list[dict[str, Any]]:
    """Moments at which the value leaves its limits and comes back, each with a value of its own.

    Two of three begin just before or in a fault: what happens in between would try nothing.
    """
    starts = []
    for _ in range(round(last / DAY * _MAILS_A_DAY / 2)):
        at = random.randint(HOUR, last)
        if faults and random.random() < 0.67:
            fault = random.choice(faults)
            at = fault["at"] + random.randint(-400, max(fault.get("lasts", 0), fault.get("off", 0), 400))
            if fault["cause"] == "cut":
                # The next write or packet is that of an alert.
                at = fault["at"] + 1
        starts.append(min(max(at, HOUR), last - 4 * HOUR))
    events = []
    end = 0
    number = 0
    for at in sorted(starts):
        if at < end + 5 * HOUR:
            continue
        many = random.choice((1, 1, 1, 1, 1, 1, 1, 1, 1, 5))
        for _ in range(many):
            number += 1
            lasts = random.randint(20 * MINUTE, 3 * HOUR) if many == 1 else 12 * MINUTE
            name = {"label": "storm"} if many > 1 else {}
            events.append({"id": 0, "at": at, "cause": "value", "value": round(40 + number / 100, 2), **name})
            events.append({"id": 0, "at": at + lasts, "cause": "value", "value": round(10 + number / 100, 2), **name})
            end = at + lasts
            at = end + 12 * MINUTE
    return events
