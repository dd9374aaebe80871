"""Tells of the checks of a diagnosis as they come."""

from __future__ import annotations

import contextlib
import ipaddress

from rich.console import Console
from rich.text import Text

from umail_host.doctor.check import FAILED, OK, SKIPPED, WARNING, Check
from umail_host.terminal import printable

_SIGNS = {OK: ("✓", "green"), WARNING: ("!", "yellow"), FAILED: ("✗", "bold red"), SKIPPED: ("-", "dim")}
_TITLES = {"host": "from this computer", "board": "from the board", "domain": "the sender's domain"}


class Report:
    """Prints what is found, as it comes, or at the end as JSON.

    Attributes:
        checks: all so far.
    """

    def __init__(self, as_json: bool) -> None:
        self.checks: list[Check] = []
        self._json = as_json
        self._console = Console(highlight=False, markup=False)
        self._status = self._console.status("asking …", spinner="line")
        self._live = self._console.is_terminal and not as_json
        self._route = ""

    @property
    def address(self) -> str:
        """Return the public address that a mail server saw last; empty if none said so."""
        for check in reversed(self.checks):
            with contextlib.suppress(ValueError):
                return str(ipaddress.ip_address(check.address))
        return ""

    @property
    def good(self) -> bool:
        """Tell whether no check is red."""
        return not any(check.state == FAILED for check in self.checks)

    def pause(self) -> None:
        """Take the sign of life away, so that others may print."""
        self._status.stop()

    def begin(self, where: str) -> None:
        """Begin a part: ``host``, ``board`` or ``domain``."""
        self._route = ""
        if not self._json:
            self._console.print(Text(_TITLES[where], style="bold"))
        if self._live:
            self._status.start()

    def add(self, check: Check) -> None:
        """Tell of a check."""
        self.checks.append(check)
        if self._json:
            return
        if check.route != self._route:
            self._route = check.route
            self._console.print(Text("  by the second route, mail.fallback", style="bold"))
        sign, style = _SIGNS[check.state]
        line = Text.assemble(("  " + sign, style), f" {printable(check.name):16} ", printable(check.text))
        self._console.print(line, soft_wrap=True)
        if check.remedy:
            self._console.print(Text(f"    → {printable(check.remedy)}"), soft_wrap=True)
