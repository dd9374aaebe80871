"""Judges answers to the questions of `umail provision`, by the firmware's own rules and by what the board can do."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from umail_host import firmware_rules
from umail_host.configuration import dead_rules, pins, zones
from umail_host.device import fitting
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError

# What is wrong with an answer; "" when it is right.
Problem = Callable[[str], str]
Config = dict[str, Any]

# What an answer says if there is nothing to say, and if what the board has is to stay.
NO, UNKNOWN, CABLE, SAME = "no", "unknown", "ethernet", "same"
OWN = "the route's own"
# What a configuration is right with, so that one value in it can be judged.
LOGIN = {"route": "m365.submission", "username": "a@b.c"}
_OAUTH = {"flow": "refresh_token", "tenant": "x", "client_id": "x"}
# Remedies for what is typed, if those of the firmware are for what is written into JSON.
_TYPED = {
    "board_name": "give the name that mails call the board by, such as freezer-3",
    "mail.to": "give the addresses that alerts go to, such as ops@contoso.com, night@contoso.com",
    "mail.oauth.scope": f"give it as the other cloud has it, or write {OWN}",
}


def by(key: str, parse: Callable[[str], Any] = str, section: Config | None = None) -> Problem:
    """Check an answer as the value of ``key`` by the firmware's rules, in a configuration that is right otherwise.

    Args:
        key: dotted.
        parse: makes the value of the answer.
        section: keys of ``mail`` with which the value is judged.
    """

    def problem(text: str) -> str:
        try:
            value = parse(text)
        except ValueError:
            return "write a number"
        config = _right()
        config["mail"] |= section or {}
        if key.startswith("mail.oauth."):
            config["mail"] |= LOGIN | {"oauth": dict(_OAUTH)}
        *path, last = key.split(".")
        table = config
        for part in path:
            table = table[part]
        table[last] = value
        return _typed(_first(config)[0], key)

    return problem


def _right() -> Config:
    return {
        "board_name": "x",
        "wifi": {"ssid": "x"},
        "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": ["a@b.c"]},
        "sensor": {"type": "adc", "pin": 4},
        "rules": [],
        "clock": {},
    }


def _first(config: Config) -> tuple[str, Config]:
    """Return the first problem of a configuration, and the configuration as the firmware has completed it."""
    value, problems = firmware_rules.module("config").check(config)
    return (problems[0] if problems else ""), value


def _typed(problem: str, key: str) -> str:
    """Return a sentence about ``key`` with a remedy that can be typed."""
    if problem and key in _TYPED:
        return f"{problem.partition(': ')[0]}: {_TYPED[key]}."
    return problem


def network(board: BoardSpec | None, release: tuple[int, ...], wired: Mapping[str, Any]) -> Problem:
    """Check the name of a Wi-Fi network, or that the board has a cable; ``wired`` is what is known of that."""

    def problem(text: str) -> str:
        if text != CABLE and (wrong := by("wifi.ssid")(text)):
            return wrong
        if board is None:
            return ""
        config = {"ethernet": {**board.wired, **wired}} if text == CABLE else {"wifi": {"ssid": text}}
        try:
            fitting.check(config, board, release)
        except UserError as error:
            other = f"write {CABLE}" if text != CABLE else "give the name of a Wi-Fi network"
            return re.sub(r": give \"(wifi|ethernet)\".*", f": {other}", str(error))
        return ""

    return problem


def pin_of(key: str, sensor: Config, was: Config, rest: Config, board: BoardSpec | None) -> Problem:
    """Check an answer as the pin ``key`` of a sensor.

    Args:
        sensor: what is known of it; was: what the board has, with the same pin such as a resistor.
        rest: further sections of the configuration, in which pins may be taken.
        board: what it is for, if that is known.
    """

    def problem(text: str) -> str:
        if wrong := by("sensor.pin", pin)(text):
            return wrong
        same = was if was.get(key) == pin(text) else {}
        config = {**rest, "sensor": {**same, **sensor, key: pin(text)}}
        # (Of the pins asked for so far: this one is the last.)
        wrong = next((one for one in pins.sentences(config, board) if f'"sensor.{key}"' in one), "")
        return re.sub(r'give "pull".* or take', "take", wrong)

    return problem


def rule(sensor: Config, written: Config, key: str) -> Problem:
    """Check an answer as the number ``key`` of a rule about a sensor: within its range, and such that it can alert."""

    def problem(text: str) -> str:
        if wrong := number(text):
            return wrong
        config = _right() | {"sensor": sensor, "rules": [{"limit": 0, **written, key: float(text)}]}
        wrong, value = _first(config)
        if not wrong and key == "limit":
            wrong = next(iter(dead_rules.sentences(config, value)), "")
        _, found, why = wrong.partition(" can never alert: ")
        return f"it would never alert: {why}" if found else wrong

    return problem


def zone(text: str) -> str:
    """Say what is wrong with a time zone."""
    try:
        return by("clock.zone")(zones.rule(text))
    except UserError as error:
        return str(error)


def client_id(text: str) -> str:
    """Say what is wrong with the id of an application."""
    hexadecimal = "-".join(f"[0-9a-fA-F]{{{length}}}" for length in (8, 4, 4, 4, 12))
    return "" if re.fullmatch(hexadecimal, text) else "write its 36 characters, five groups with dashes between them"


def date(text: str) -> str:
    """Say what is wrong with the date on which a client secret ends."""
    if text == UNKNOWN:
        return ""
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError:
        return f"write a date as 2027-03-01, or {UNKNOWN}"
    return "" if found > datetime.date.today() else "that is over: make a new client secret, and give its date"


def number(text: str) -> str:
    """Say what is wrong with a number."""
    try:
        finite = math.isfinite(float(text))
    except ValueError:
        finite = False
    return "" if finite else "write a number, such as -15 or 37.2"


def one_of(*words: str) -> Problem:
    """Check that an answer is one of ``words``."""
    *most, last = words
    return lambda text: "" if text in words else f"write {', '.join(most)} or {last}"


def read_by(read: Callable[[str], object], *words: str) -> Problem:
    """Check that an answer is the path of a file that ``read`` takes, or one of ``words``."""

    def problem(answer: str) -> str:
        if answer in words:
            return ""
        if not answer:
            return "write the path of the file"
        try:
            read(answer)
        except UserError as error:
            return str(error)
        return ""

    return problem


def split(text: str) -> list[str]:
    """Return what is separated by commas; one empty text if there is nothing."""
    return [part.strip() for part in text.split(",") if part.strip()] or [""]


def pin(text: str) -> int | str:
    """Return a pin's number, or its name."""
    return int(text) if text.isdigit() else text
