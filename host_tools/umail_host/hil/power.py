"""Switches a board's supply: a USB hub by uhubctl, any command, labgrid's driver, or the virtual board's own switch."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from umail_host.errors import UserError
from umail_host.hil.faults import RigFault

_OFF = 1.0  # seconds without power until a board's capacitors are empty
_LIMIT = 30.0  # seconds that a switch may take
_KINDS = "none, uhubctl:LOCATION:PORT (uhubctl:1-1.4:2), cmd:COMMAND (gets on or off as its last word) or labgrid"


@dataclass(frozen=True)
class Power:
    """A supply that can be switched.

    Attributes:
        name: what it is, for sentences.
        off, on: cut the supply and give it back; raise RigFault if that fails.
        pause: seconds without power for a cold start.
    """

    name: str
    off: Callable[[], None]
    on: Callable[[], None]
    pause: float = _OFF

    def cycle(self) -> None:
        """Switch off, pause, switch on."""
        self.off()
        time.sleep(self.pause)
        self.on()


def by_commands(name: str, off: list[str], on: list[str]) -> Power:
    """Return a supply switched by programs."""
    return Power(name, lambda: _run(name, off), lambda: _run(name, on))


def parse(text: str, labgrid: Callable[[str], list[str]] | None = None) -> Power | None:
    """Return the switch that ``--power`` names; None for ``none``.

    Args:
        text: the option's value.
        labgrid: makes the command that switches this board's place on or off; None if it is not a place of labgrid.

    Raises:
        UserError: it names none.
    """
    kind, _, rest = text.partition(":")
    if text in ("", "none"):
        return None
    if kind == "uhubctl":
        location, _, port = rest.rpartition(":")
        if location and port.isdigit():
            start = ["uhubctl", "-l", location, "-p", port, "-a"]
            return by_commands(text, [*start, "off"], [*start, "on"])
    elif kind == "cmd" and rest.strip():
        words = shlex.split(rest)
        return by_commands(text, [*words, "off"], [*words, "on"])
    elif text == "labgrid" and labgrid is not None:
        return by_commands(text, labgrid("off"), labgrid("on"))
    raise UserError(f"--power {text}: give {_KINDS}; labgrid needs --board labgrid:PLACE")


def _run(name: str, command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RigFault(f"the power switch {name} does not work ({error}): try `{shlex.join(command)}`") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise RigFault(f"the power switch {name} failed ({said[-1]}): try `{shlex.join(command)}`")
