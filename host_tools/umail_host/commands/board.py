"""`umail board`: a virtual board that stays until Ctrl-C, for mpremote and everything else that opens a serial port."""

from __future__ import annotations

import codecs
import contextlib
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from umail_host import terminal
from umail_host.errors import UserError
from umail_host.fleet import keys
from umail_host.virtual_board import VirtualBoard, listed, orders

EXAMPLE = (
    "Example: umail board --flash ./flash --link ./board, and in another window: mpremote connect ./board ls\n\n"
    "Several of a fleet differ by --id: umail board --id 240ac4000001 --link ./one; then umail provision fleet.toml "
    "--all --port ./one --port ./two.\n\n"
    "Commands typed in, each with return: " + orders.HELP
)


def board(
    name: Annotated[str, typer.Option("--board", help="Whose heap and flash it has: a folder of boards/.")] = "virtual",
    flash: Annotated[Path | None, typer.Option(help="Folder that keeps its flash; none: forgotten at the end.")] = None,
    link: Annotated[Path | None, typer.Option(help="Path its port gets.")] = None,
    identity: Annotated[
        str, typer.Option("--id", help="What machine.unique_id() gives, in hexadecimal, by which a fleet knows it.")
    ] = "240ac4c0ffee",
    show: Annotated[bool, typer.Option("--console", help="Show what its programs print.")] = False,
    sleep_speed: Annotated[float, typer.Option(help="How many times faster sleep passes.", min=0.001)] = 1.0,
    romfs: Annotated[int, typer.Option(help="KiB of a ROMFS partition, such as 256; 0: none.", min=0, max=16384)] = 0,
) -> None:
    """Run a virtual board until Ctrl-C."""
    unique = keys.plain(identity)
    if not re.fullmatch(r"(?:[0-9a-f]{2}){1,32}", unique):
        raise UserError(f"--id {identity}: give 1 to 32 bytes in hexadecimal, such as 240ac4c0ffee")
    with tempfile.TemporaryDirectory(prefix="umail-") as folder:
        virtual = VirtualBoard(
            flash or Path(folder),
            name,
            on_console=_shown() if show else None,
            link=link,
            unique_id=unique,
            sleep_speed=sleep_speed,
            romfs=romfs * 1024,
        )
        signal.signal(signal.SIGTERM, _stop)
        with contextlib.suppress(KeyboardInterrupt), virtual, listed.listing(_listed(virtual, unique)):
            typer.echo(f"board {name} at {virtual.port}")
            typer.echo(f"  mpremote connect {virtual.port}          a REPL (leave it with Ctrl-])")
            typer.echo(f"  mpremote connect {virtual.port} ls       its files")
            typer.echo("Ctrl-C ends it; see umail board --help for the world around it.")
            for line in sys.stdin:
                _obey(virtual, line.split())
            while True:
                time.sleep(3600)
    typer.echo("stopped")


def _listed(virtual: VirtualBoard, identity: str) -> listed.Listed:
    # (Another program may have another folder.)
    return listed.Listed(str(Path(virtual.port).absolute()), virtual.name, identity)


def _stop(*_: object) -> None:
    # A shell starts `umail board &` with SIGINT ignored, so that raising it would do nothing.
    raise KeyboardInterrupt


def _shown() -> Callable[[bytes], None]:
    """Return what prints what a board's programs print, as it comes."""
    # A character may come in two pieces.
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def show(data: bytes) -> None:
        sys.stdout.write(terminal.lines(decode(data)))
        sys.stdout.flush()

    return show


def _obey(virtual: VirtualBoard, words: list[str]) -> None:
    """Obey one typed command."""
    try:
        told = orders.obey(virtual, words)
    except ValueError:
        told = "a number was expected; see umail board --help"
    if told:
        typer.echo(told, err=told[0] in "na")
