"""`umail demo`: an alert leaves a board, the whole way, on this machine."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from umail_host import demo, demo_sensors, demo_web, paths
from umail_host.errors import UserError
from umail_host.options import NoOpen, WebPort

EXAMPLE = """Example: umail demo, or with your own recording: umail demo --trace fridge.csv --limit 8 --unit °C

The recording is a CSV file with two columns, timestamp,value. Without --trace it is that of a beaver's temperature
(Reynolds 1994), with the limit 37.2 °C. Three sensors that go wrong in turn:
umail demo --sensors. To see it in a browser and to play with it: umail demo --web --boards 2"""


def command(
    trace: Annotated[Path | None, typer.Option(help="CSV file timestamp,value.")] = None,
    limit: Annotated[float | None, typer.Option(help="Above it an alert is mailed.")] = None,
    hysteresis: Annotated[
        float | None, typer.Option(help="How far below the limit it must fall to be normal again.", min=0)
    ] = None,
    unit: Annotated[str, typer.Option(help="Unit of the values, for texts.")] = "°C",
    column: Annotated[
        str, typer.Option(help="Name of the column with the values, if there are more than two columns.")
    ] = "",
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser, with boards to play with.")] = False,
    sensors: Annotated[bool, typer.Option("--sensors", help="Let three sensors go wrong in turn.")] = False,
    count: Annotated[int, typer.Option("--boards", help="How many boards --web shows.", min=1, max=9)] = 1,
    web_port: WebPort = 0,
    no_open: NoOpen = False,
    name: Annotated[str, typer.Option(help="The board's name in the mails.")] = "demo-board",
    board: Annotated[str, typer.Option(help="Whose stand-in it is: a folder of boards/.")] = "virtual",
) -> None:
    """Show an alert on its whole way: recording, virtual board, SMTP over TLS, mail. Needs no hardware."""
    console = Console(highlight=False, markup=False)
    for option, number in (("limit", limit), ("hysteresis", hysteresis)):
        if number is not None and not isfinite(number):
            raise UserError(f"--{option} {number}: give a number, such as 30")
    if sensors:
        if web or trace is not None or board != "virtual":
            raise UserError("--sensors has a board and sensors of its own: leave --web, --trace and --board out")
        demo_sensors.run(name, console)
        return
    if web:
        if board != "virtual":
            raise UserError("--web shows boards called virtual only: leave --board out")
        if trace is not None:
            raise UserError("--web shows boards with a thermometer that you warm and cool: leave --trace out")
        demo_web.run(
            count,
            8.0 if limit is None else limit,
            1.0 if hysteresis is None else hysteresis,
            name,
            web_port,
            console,
            not no_open,
        )
        return
    if trace is None:
        trace, limit = paths.firmware() / "traces" / "beaver1.csv", 37.2 if limit is None else limit
        hysteresis = 0.2 if hysteresis is None else hysteresis
    if limit is None:
        raise UserError("with a recording of your own, say above which value an alert is due: --limit 30 (LIMIT=30)")
    recording = demo.Recording.read(trace, column)
    demo.run(recording, limit, hysteresis or 0.0, unit, name, console, board)
