"""`umail log`: the log that a board keeps on its flash."""

from __future__ import annotations

from typing import Annotated

import typer

from umail_host import terminal
from umail_host.device import maintenance, ports
from umail_host.device.board import Board
from umail_host.doctor import diagnosis, powershell
from umail_host.errors import UserError
from umail_host.options import Port

EXAMPLE = "Example: umail log --lines 50. The board is stopped for a moment and restarts afterwards."
_MAIL = " Message-ID "  # the alert node notes it for each mail that a server has taken
_FILES = ("/log.txt.old", "/log.txt")


def command(
    port: Port = "",
    lines: Annotated[int, typer.Option(help="Only this many of the last lines; 0: all.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: a list of lines.")] = False,
) -> None:
    """Print the log that the board keeps on its flash, the oldest line first."""
    with maintenance.held(port or ports.only()) as link:
        octets = b"".join(link.get(path) for path in _FILES if link.exists(path))
        microsoft = _by_microsoft(link)
    found = [terminal.printable(line) for line in octets.decode(errors="replace").splitlines()][-lines:]
    if as_json:
        terminal.echo_json(found)
    elif found:
        typer.echo("\n".join(found))
        if microsoft and (mails := [line.partition(_MAIL)[2] for line in found if _MAIL in line]):
            hint = f"to follow the last mail inside Microsoft 365: {powershell.trace(mails[-1])}"
            typer.echo(hint, err=True)
    else:
        typer.echo("the board has no log: it never started the alert node, or log_size is 0", err=True)


def _by_microsoft(link: Board) -> bool:
    """Tell whether a route of the board leads to Microsoft 365."""
    try:
        return any(route.route.startswith("m365.") for route in diagnosis.settings_of(link).routes)
    except UserError:
        return False
