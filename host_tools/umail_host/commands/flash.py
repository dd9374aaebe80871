"""`umail flash`: puts MicroPython on a board, and asks the board afterwards what it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TimeRemainingColumn

from umail_host import terminal
from umail_host.device import boards, identity, ports
from umail_host.errors import UserError
from umail_host.flash import boot_drive, confirm, download, write
from umail_host.options import Port

EXAMPLE = (
    "Examples: umail flash 1.28.0 --board ESP32_GENERIC --port /dev/ttyUSB0 --erase downloads that version from "
    "micropython.org once and keeps it. umail flash ESP32_GENERIC-20260406-v1.28.0.bin takes a file that is here; "
    "without a network, get it on another computer from https://micropython.org/download/ESP32_GENERIC/."
)


def command(
    firmware: Annotated[
        str, typer.Argument(help="MicroPython's firmware file, .bin or .uf2, or the version to fetch: 1.28.0, latest.")
    ],
    board: Annotated[
        str, typer.Option(help="Name of its description; by default the file's name tells, or what is connected.")
    ] = "",
    port: Port = "",
    sha256: Annotated[str, typer.Option(help="What the file's SHA-256 must be.")] = "",
    erase: Annotated[bool, typer.Option("--erase", help="Erase the whole flash first, your files too.")] = False,
    drive: Annotated[Path | None, typer.Option(help="Boot drive of a Pico W, if it is not found.")] = None,
    baud: Annotated[int, typer.Option(help="Bits per second while writing.")] = 460_800,
) -> None:
    """Put MicroPython on a board: the file is checked, the wrong chip refused, the result confirmed by the board."""
    if download.is_version(firmware) and not Path(firmware).exists():
        spec = boards.load(board or identity.connected(port))
        text = f"MicroPython {firmware}"
        with terminal.bar(text, TimeRemainingColumn()) as show:
            found = download.firmware(spec, firmware, lambda done, total: show(text, done, total), sha256)
        file, origin = found.file, found.origin
    else:
        file, origin = Path(firmware), "as given" if sha256 else "not compared: no --sha256"
        if not file.is_file():
            raise UserError(
                f"{firmware} is neither a file here nor a version: write 1.28.0, latest, or the path of a file"
            )
        told = file.name.partition("-")[0]
        if not board and told not in boards.names():
            raise UserError(f"for which board is {file.name}? give --board, one of {', '.join(boards.names())}")
        spec = boards.load(board or told)
    digest = write.check_file(file, spec, sha256)
    typer.echo(f"{file.name}: for {spec.chip}, SHA-256 {digest} ({origin})")
    if spec.flash_method == "uf2":
        boot_drive.write(file, spec, drive, port)
        port = port or confirm.wait_for_port()
    else:
        port = port or ports.only()
        write.write(file, spec, port, erase=erase, baud=baud, echo=lambda text: typer.echo(text, nl=False, err=True))
    terminal.echo(confirm.confirm(port, spec, write.version_in(file.name)))
