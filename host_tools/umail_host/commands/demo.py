"""`umail demo`: an alert leaves a board, the whole way, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from umail_host import demo, paths
from umail_host.errors import UserError

EXAMPLE = """Example: umail demo, or with your own recording: umail demo --trace fridge.csv --limit 8 --unit °C

The recording is a CSV file with two columns, timestamp,value. Without --trace it is that of a beaver's temperature
(Reynolds 1994), with the limit 37.2 °C."""


def command(
    trace: Annotated[Path | None, typer.Option(help="CSV file timestamp,value.")] = None,
    limit: Annotated[float | None, typer.Option(help="Above it an alert is mailed.")] = None,
    hysteresis: Annotated[float | None, typer.Option(help="So far below the limit it is normal again.", min=0)] = None,
    unit: Annotated[str, typer.Option(help="Of the values, for texts.")] = "°C",
    column: Annotated[
        str, typer.Option(help="Name of the column with the values, if there are more than two columns.")
    ] = "",
    name: Annotated[str, typer.Option(help="The board's name in the mails.")] = "demo-board",
    board: Annotated[str, typer.Option(help="Whose stand-in it is: a folder of boards/.")] = "virtual",
) -> None:
    """Show an alert on its whole way: recording, virtual board, SMTP over TLS, mail. Needs no hardware."""
    if trace is None:
        trace, limit = paths.firmware() / "traces" / "beaver1.csv", 37.2 if limit is None else limit
        hysteresis = 0.2 if hysteresis is None else hysteresis
    if limit is None:
        raise UserError("with a recording of your own, say above which value an alert is due: --limit 30 (LIMIT=30)")
    recording = demo.Recording.read(trace, column)
    demo.run(recording, limit, hysteresis or 0.0, unit, name, Console(highlight=False, markup=False), board)
