"""Boards that are connected to other hosts, through labgrid's own client: acquire a place, learn its port, release it.

labgrid brings a `serial` package of its own, so it lives in a virtual environment of its own and is run as a program:
the one that UMAIL_LABGRID_CLIENT names, else `labgrid-client` on PATH. It finds the coordinator by LG_COORDINATOR.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from umail_host.errors import UserError
from umail_host.hil.faults import RigFault

_CLIENT = "UMAIL_LABGRID_CLIENT"
_LIMIT = 30.0  # seconds that a command may take
_OURS = "already acquired place"  # by the same user on the same host: a run that was cut off
_THEIRS = "is already acquired by"


def client() -> str:
    """Return labgrid's client.

    Raises:
        UserError: there is none.
    """
    found = shutil.which(os.environ.get(_CLIENT) or "labgrid-client")
    if found is None:
        raise UserError(
            "labgrid-client is not here: install labgrid into a virtual environment of its own "
            f"(python -m venv lg && lg/bin/pip install labgrid) and set {_CLIENT}=lg/bin/labgrid-client"
        )
    return found


def acquire(place: str) -> bool:
    """Take the place; False if somebody else has it.

    Raises:
        RigFault: there is no such place, its exporter is away, or no coordinator answers.
    """
    done = _client(place, "acquire")
    if done.returncode == 0 or _OURS in done.stderr:
        return True
    if _THEIRS in done.stderr:
        return False
    raise _fault(place, done)


def release(place: str) -> None:
    """Give the place back; nothing if it is not ours."""
    _client(place, "release")


def port(place: str) -> str:
    """Return ``rfc2217://HOST:PORT`` of an acquired place.

    Raises:
        RigFault: it has no serial port.
    """
    done = _client(place, "env")
    host = re.search(r"^\s+(?:- )?host: ['\"]?([^'\"\s]+)", done.stdout, re.MULTILINE)
    number = re.search(r"^\s+(?:- )?port: (\d+)", done.stdout, re.MULTILINE)
    if done.returncode:
        raise _fault(place, done)
    if host is None or number is None:
        raise RigFault(f"labgrid's place {place} has no serial port: add a match to it, see `umail farm --help`")
    return f"rfc2217://{host[1]}:{number[1]}"


def power_command(place: str, state: str) -> list[str]:
    """Return the command that switches the place's supply ``on`` or ``off``."""
    return [client(), "-p", place, "power", state]


def _client(place: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [client(), "-p", place, *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise RigFault(f"labgrid-client did not end within {_LIMIT:g} s: does the coordinator answer?") from None


def _fault(place: str, done: subprocess.CompletedProcess[str]) -> RigFault:
    said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["it said nothing"]
    reason = said[-1].removeprefix("labgrid-client: ")
    return RigFault(f"labgrid's place {place} is not available ({reason}): is LG_COORDINATOR right, the exporter up?")
