"""`umail boards`: the boards on this computer's ports, and what runs on them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from umail_host import terminal
from umail_host.device import boards, identity, ports
from umail_host.errors import UserError

EXAMPLE = "Example: umail boards --probe --json. Without --probe no board is disturbed; with it each one is restarted."


def command(
    probe: Annotated[bool, typer.Option("--probe", help="Stop and ask each board what it is and runs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    known: Annotated[bool, typer.Option("--known", help="List the boards that umail has descriptions of.")] = False,
) -> None:
    """List the boards on this computer's ports."""
    rows = (
        [_described(board) for board in boards.load_all()] if known else [_found(port, probe) for port in ports.found()]
    )
    if as_json:
        terminal.echo_json(rows)
        return
    if not rows:
        typer.echo("no board is connected: plug one in with a cable that carries data (a virtual one: umail board)")
    for row in rows:
        terminal.echo("  ".join(str(value) for value in row.values() if value))


def _described(board: boards.BoardSpec) -> dict[str, Any]:
    return {"name": board.name, "title": board.title, "chip": board.chip, "usb": ", ".join(board.usb)}


def _found(port: ports.Port, probe: bool) -> dict[str, Any]:
    row: dict[str, Any] = {**asdict(port), "candidates": ", ".join(port.candidates)}
    if not probe:
        return row
    try:
        return {**row, **identity.describe(port.device)}
    except UserError as error:
        return {**row, "error": str(error)}
