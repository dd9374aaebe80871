"""Turns the name of a time zone, Europe/Berlin, into the POSIX TZ rule that a board takes."""

from __future__ import annotations

import difflib
import importlib.resources
import re
import zoneinfo
from pathlib import Path

from umail_host.errors import UserError

_NAME = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}")


def rule(name: str) -> str:
    """Return the rule of a zone; what is not such a name comes back as it is.

    The rule is the last line of the zone's file (RFC 8536, 3.3), as the system or the package tzdata has it.

    Raises:
        UserError: there is no zone of that name.
    """
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
        raise UserError(f'"clock.zone" is "{name[:40]}", which no time zone is called: {hint}')
    return octets.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")


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
