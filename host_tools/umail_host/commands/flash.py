"""`umail flash`: puts MicroPython on a board, and asks the board afterwards what it runs."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from umail_host.device import boards, maintenance, ports
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.flash import download, write

EXAMPLE = (
    "Examples: umail flash 1.28.0 --board ESP32_GENERIC --port /dev/ttyUSB0 --erase downloads that version from "
    "micropython.org once and keeps it. umail flash ESP32_GENERIC-20260406-v1.28.0.bin takes a file that is here; "
    "without a network, get it on another computer from https://micropython.org/download/ESP32_GENERIC/."
)
_ASK = """
import sys
print(sys.implementation._machine)
print(".".join(str(part) for part in sys.implementation.version[:3]))
"""
_BACK = 30.0  # seconds until a flashed board must answer; the first start makes the file system


def command(
    firmware: Annotated[
        str, typer.Argument(help="MicroPython's firmware file, .bin or .uf2, or the version to fetch: 1.28.0, latest.")
    ],
    board: Annotated[
        str, typer.Option(help="Name of its description; by default the file's name tells, or what is connected.")
    ] = "",
    port: Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port; by default the one with a board.")] = "",
    sha256: Annotated[str, typer.Option(help="What the file's SHA-256 must be.")] = "",
    erase: Annotated[bool, typer.Option("--erase", help="Erase the whole flash first, your files too.")] = False,
    drive: Annotated[Path | None, typer.Option(help="Boot drive of a Pico W, where it is not found.")] = None,
    baud: Annotated[int, typer.Option(help="Bits per second while writing.")] = 460_800,
) -> None:
    """Put MicroPython on a board: the file is checked, the wrong chip refused, the result confirmed by the board."""
    if download.is_version(firmware) and not Path(firmware).exists():
        spec = boards.load(board or connected(port))
        found = fetch(spec, firmware, sha256)
        file, origin = found.file, found.origin
    else:
        file, origin = Path(firmware), "as given" if sha256 else "not compared: no --sha256"
        if not file.is_file():
            raise UserError(f"{firmware} is no file here and no version: write 1.28.0, latest, or the path of a file")
        told = file.name.partition("-")[0]
        if not board and told not in boards.names():
            raise UserError(f"for which board is {file.name}? give --board, one of {', '.join(boards.names())}")
        spec = boards.load(board or told)
    digest = write.check_file(file, spec, sha256)
    typer.echo(f"{file.name}: for {spec.chip}, SHA-256 {digest} ({origin})")
    if spec.flash_method == "uf2":
        _copy(file, spec, drive, port)
        port = port or wait_for_port()
    else:
        port = port or ports.only()
        write.write(file, spec, port, erase=erase, baud=baud, echo=lambda text: typer.echo(text, nl=False, err=True))
    typer.echo(confirm(port, spec, write.version_in(file.name)))


def fetch(spec: BoardSpec, version: str, sha256: str) -> download.Firmware:
    """`download.firmware` with a bar that shows how far it is."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"MicroPython {version}", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        return download.firmware(spec, version, show, sha256)


def connected(port: str) -> str:
    """Name of the board that is connected: its USB id tells, or the MicroPython on it.

    Raises:
        UserError: neither does, or there is none.
    """
    port = port or ports.only()
    candidates = next((found.candidates for found in ports.found() if found.device == port), ())
    if len(candidates) == 1:
        return candidates[0]
    try:
        with maintenance.held(port, wait=3, reset=False) as link:
            spec = boards.by_machine(link.exec("import sys\nprint(sys.implementation._machine)").strip())
    except UserError:
        spec = None
    if spec is None:
        known = ", ".join(candidates or [spec.name for spec in boards.load_all() if spec.firmware])
        raise UserError(f"what board is at {port} can't be told yet: name it with --board ({known})", 3)
    return spec.name


def _copy(file: Path, spec: BoardSpec, drive: Path | None, port: str) -> None:
    found = drive or write.find_drive()
    if found is None:
        # A board that runs MicroPython goes into its boot loader when asked to.
        with contextlib.suppress(UserError), maintenance.held(port or ports.only(), reset=False) as link:
            link.exec("import machine\nmachine.bootloader()", timeout=1)
        found = _wait_for_drive()
    write.copy(file, spec, found)


def _wait_for_drive() -> Path:
    for _ in range(20):
        if (found := write.find_drive()) is not None:
            return found
        time.sleep(0.5)
    raise UserError("no boot drive here: hold BOOTSEL while you plug the board in, or name it with --drive", 3)


def wait_for_port() -> str:
    """The port of the board that has just restarted.

    Raises:
        UserError: none came within half a minute.
    """
    deadline = time.monotonic() + _BACK
    while True:
        try:
            return ports.only()
        except UserError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def confirm(port: str, spec: BoardSpec, version: str) -> str:
    """Asks the board what it runs; a sentence.

    Raises:
        UserError: it does not answer, has another chip, or runs another version than ``version`` (empty: any).
    """
    with maintenance.held(port, wait=_BACK) as link:
        machine, running = link.exec(_ASK).splitlines()
    found = boards.by_machine(machine)
    if found is None or found.chip != spec.chip:
        raise UserError(f"the board calls itself {machine!r} now, which is not {spec.name}: check the file", 3)
    if version and version != running:
        raise UserError(f"the board still runs MicroPython {running}, the file holds {version}: flash it again", 3)
    return f"{machine} runs MicroPython {running}"
