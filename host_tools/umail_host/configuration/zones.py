"""Turns the name of a time zone, Europe/Berlin, into the POSIX TZ rule that a board takes."""

from __future__ import annotations

import difflib
import importlib.resources
import re
import zoneinfo
from pathlib import Path

from umail_host.errors import UserError

_NAME = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}")
# POSIX counts hours westwards (IEEE 1003.1, 8.3); who writes this means hours eastwards.
_AS_SAID = re.compile(r"(?:UTC|GMT)([+-]?)(\d{1,2})(:\d\d)?", re.IGNORECASE)
# Summer time without its days is that of the USA, whose zones end so.
_NO_DAYS = re.compile(r"[A-Za-z]{3,}[+-]?\d[\d:]*([A-Za-z]{3,})[+-]?[\d:]*")
_AMERICAN = {"EDT", "CDT", "MDT", "PDT", "AKDT", "HDT"}


def rule(name: str) -> str:
    """Return the rule of a zone; what is not such a name comes back as it is.

    The rule is the last line of the zone's file (RFC 8536, 3.3), as the system or the package tzdata has it.

    Raises:
        UserError: there is no zone of that name, or a rule is not what it seems to be.
    """
    _check_rule(name)
    if name in ("UTC", "GMT"):
        return f"{name}0"
    if not _NAME.fullmatch(name.replace(" ", "_")):
        # (A rule has digits, of the hours from Greenwich, behind a name.)
        if not name.strip() or (re.search("[0-9]", name) and name[0] not in "+-0123456789"):
            return name
        raise UserError(f'"clock.zone" is "{name[:40]}", which is not a time zone: give one such as Europe/Berlin')
    octets = _file(name)
    if octets is None:
        close = difflib.get_close_matches(name.replace(" ", "_"), zoneinfo.available_timezones(), 1, 0.6)
        hint = f"did you mean {close[0]}?" if close else "give one such as Europe/Berlin"
        raise UserError(f'"clock.zone" is "{name[:40]}", which is not the name of a time zone: {hint}')
    return octets.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")


def _check_rule(text: str) -> None:
    said = _AS_SAID.fullmatch(text)
    if said and int(said[2]):
        east, hours = said[1] != "-", int(said[2])
        name = f"<{'+' if east else '-'}{hours:02}>{'-' if east else ''}{hours}{said[3] or ''}"
        raise UserError(
            f'"clock.zone" is "{text}", by which a board would be {hours} h {"west" if east else "east"} of Greenwich, '
            f'as POSIX rules count westwards: write "{name}", or a place such as Europe/Berlin'
        )
    summer = _NO_DAYS.fullmatch(text)
    if summer and summer[1].upper() not in _AMERICAN:
        raise UserError(
            f'"clock.zone" is "{text[:40]}" without the days on which {summer[1]} begins and ends, so those of the USA '
            'would count: write them, as in "CET-1CEST,M3.5.0,M10.5.0/3", or a place such as Europe/Berlin'
        )


def _file(name: str) -> bytes | None:
    """Return the zone's file, from the system or the package tzdata."""
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    try:
        found = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
        return found.read_bytes() if found.is_file() else None
    except (ModuleNotFoundError, OSError):
        return None
