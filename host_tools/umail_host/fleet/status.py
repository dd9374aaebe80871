"""Reads the header by which a board says how it is, and judges it: nothing in it counts before its code is right.

The format is in docs/fleet-status.md; what writes it is firmware/alertnode/status.py.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from umail_host.fleet import keys

HEADER = "X-Umail-Status"
VERSION = 1
# A board writes a few hundred bytes.
_MOST = 4096
_FIELD = re.compile(r"([a-z]{1,8})=([A-Za-z0-9._%:,+-]{0,600})")
_NUMBER = re.compile(r"-?\d{1,12}")
_NUMBERS = ("t", "up", "heap", "flash", "wait", "dead", "due", "bat", "rssi", "upd", "n")
_CODE = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[0-9a-f]{1,64}")


@dataclass(frozen=True)
class Status:
    """What a board said of itself; times are Unix seconds.

    Attributes:
        board: its id; number: higher with each mail; at: when it said so.
        version: of its firmware; config: the beginning of the SHA-256 of its configuration.
        uptime: seconds since its start; cause: of that start.
        heap, flash: bytes that are free; waiting, dead: mails that wait, and that were given up.
        due: when its next heartbeat is; battery: mV; signal: of the Wi-Fi, dBm; each None if it has none.
        alerts: rules whose alert is under way; expires: name and end of what ends on a date.
        update: number of the update over the network that is in force, 0: none ever was.
        refusal: stage and reason of the refusal that its first route met last; empty: none.
    """

    board: str
    number: int
    at: int
    name: str = ""
    version: str = ""
    config: str = ""
    uptime: int = 0
    cause: str = ""
    heap: int = 0
    flash: int = 0
    waiting: int = 0
    dead: int = 0
    due: int | None = None
    battery: int | None = None
    signal: int | None = None
    alerts: tuple[str, ...] = ()
    expires: tuple[tuple[str, int], ...] = ()
    refusal: str = ""
    update: int = 0


@dataclass(frozen=True)
class Odd:
    """A header that does not count.

    Attributes:
        kind: ``damaged``, ``newer`` (of a later version of the format), ``foreign`` (of a board whose key is not
            known), ``unsigned`` (without a code), ``forged`` (with a wrong one), or ``replayed``.
        board: the id that it claims, empty if none can be read.
    """

    kind: str
    board: str = ""


def read(value: str, key_of: Callable[[str], bytes | None]) -> Status | Odd:
    """Return what the header's ``value`` says, or why that does not count; ``key_of`` an id returns the fleet key."""
    # However it was folded on its way.
    text = "".join(value.split())
    if len(text) > _MOST or not text.isascii():
        return Odd("damaged")
    pairs = [_FIELD.fullmatch(part) for part in text.split(";")]
    fields = {found[1]: found[2] for found in pairs if found}
    claimed = fields.get("id", "") if _ID.fullmatch(fields.get("id", "")) else ""
    version = fields.get("v", "")
    if version.isdigit() and len(version) < 5 and int(version) > VERSION:
        return Odd("newer", claimed)
    if version != str(VERSION) or not claimed or None in pairs or len(fields) < len(pairs):
        return Odd("damaged", claimed)
    key = key_of(claimed)
    if key is None:
        return Odd("foreign", claimed)
    signed, mark, code = text.rpartition(";mac=")
    if not mark:
        return Odd("unsigned", claimed)
    wanted = hmac.digest(keys.derived(key, "status"), signed.encode(), "sha256")[:16].hex()
    if not _CODE.fullmatch(code) or not hmac.compare_digest(code, wanted):
        return Odd("forged", claimed)
    try:
        return _status(claimed, fields)
    except (ValueError, KeyError):
        # Signed, and yet not as version 1 has it.
        return Odd("damaged", claimed)


def _status(board: str, fields: dict[str, str]) -> Status:
    numbers = {}
    for name in _NUMBERS:
        if name in fields:
            if not _NUMBER.fullmatch(fields[name]):
                raise ValueError(name)
            numbers[name] = int(fields[name])
    expires = []
    for part in _several(fields, "exp"):
        name, _, end = part.rpartition(":")
        if not _NUMBER.fullmatch(end):
            raise ValueError("exp")
        expires.append((_plain(name), int(end)))
    return Status(
        board=board,
        number=numbers["n"],
        at=numbers["t"],
        name=_plain(fields.get("name", "")),
        version=_plain(fields.get("fw", "")),
        config=_plain(fields.get("cfg", "")),
        uptime=numbers.get("up", 0),
        cause=_plain(fields.get("by", "")),
        heap=numbers.get("heap", 0),
        flash=numbers.get("flash", 0),
        waiting=numbers.get("wait", 0),
        dead=numbers.get("dead", 0),
        due=numbers.get("due"),
        battery=numbers.get("bat"),
        signal=numbers.get("rssi"),
        alerts=tuple(_plain(name) for name in _several(fields, "on")),
        expires=tuple(expires),
        refusal=_plain(fields.get("ref", "")),
        update=numbers.get("upd", 0),
    )


def _several(fields: dict[str, str], name: str) -> list[str]:
    return [part for part in fields.get(name, "").split(",") if part]


def _plain(word: str) -> str:
    """Return the text that a word stands for; a character that was cut in two at its end goes."""
    return unquote(word, errors="replace").rstrip("\ufffd")
