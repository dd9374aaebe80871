"""`umail boards`: the boards on this computer's ports, virtual ones too, and what runs on them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from umail_host import terminal
from umail_host.device import boards, identity, ports
from umail_host.errors import UserError
from umail_host.options import AsJson
from umail_host.virtual_board import listed

EXAMPLE = "Example: umail boards --probe --json. Without --probe no board is disturbed; with it each one is restarted."


def command(
    probe: Annotated[bool, typer.Option("--probe", help="Stop and ask each board what it is and runs.")] = False,
    as_json: AsJson = False,
    known: Annotated[bool, typer.Option("--known", help="List the boards that umail has descriptions of.")] = False,
) -> None:
    """List the boards on this computer's ports, and the virtual ones that `umail board` runs."""
    if known:
        rows = [_described(board) for board in boards.load_all()]
    else:
        rows = [_probed({**asdict(port), "candidates": ", ".join(port.candidates)}, probe) for port in ports.found()]
        rows += [_probed(_virtual(board), probe) for board in listed.found()]
    if as_json:
        terminal.echo_json(rows)
        return
    if not rows:
        typer.echo("no board is connected: plug one in with a cable that carries data (a virtual one: umail board)")
    for row in rows:
        terminal.echo("  ".join(str(value) for value in row.values() if value))


def _described(board: boards.BoardSpec) -> dict[str, Any]:
    return {"name": board.name, "title": board.title, "chip": board.chip, "usb": ", ".join(board.usb)}


def _virtual(board: listed.Listed) -> dict[str, Any]:
    title = f"virtual board {board.id}"
    return {"device": board.device, "usb": "", "serial": board.id, "title": title, "candidates": board.board}


def _probed(row: dict[str, Any], probe: bool) -> dict[str, Any]:
    if not probe:
        return row
    try:
        return {**row, **identity.describe(row["device"])}
    except UserError as error:
        return {**row, "error": str(error)}
