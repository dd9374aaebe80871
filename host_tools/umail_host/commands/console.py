"""`umail console`: what a board prints, in colours, until Ctrl-C; a board that goes away is waited for."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from umail_host.device import ports
from umail_host.device.board import Board, BoardError
from umail_host.options import Port
from umail_host.terminal import Lines

EXAMPLE = "Example: umail console --port /dev/ttyUSB0. Ctrl-C ends it; the board goes on."
_AGAIN = 0.5  # seconds between two attempts to open the port


def command(
    port: Port = "",
    seconds: Annotated[float, typer.Option(help="End after this many seconds; 0: never.", min=0)] = 0,
) -> None:
    """Show what a board prints, and go on after it was reset or unplugged; Ctrl-C ends it."""
    device = port or ports.only()
    # The first time a wrong port is the user's mistake; later the board has only gone for a while.
    board: Board | None = Board(device)
    console = Console(highlight=False, markup=False)
    until = time.monotonic() + seconds if seconds else float("inf")
    lines = Lines(console)
    try:
        while time.monotonic() < until:
            if board is None:
                board = _again(device, console)
                continue
            try:
                lines.feed(board.read_console(0.1))
            except BoardError:
                console.print(Text("the board went away; waiting for it", style="dim"))
                board.close()
                board = None
    except KeyboardInterrupt:
        pass
    finally:
        lines.end()
        if board is not None:
            board.close()


def _again(device: str, console: Console) -> Board | None:
    try:
        board = Board(device)
    except BoardError:
        time.sleep(_AGAIN)
        return None
    console.print(Text("the board is back", style="dim"))
    return board
