"""`umail first-board`: measures a board that umail has not run on before, beside its virtual board, into one file."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from umail_host import __version__, secret_source, terminal
from umail_host.device import identity, lan, maintenance, ports
from umail_host.errors import UserError
from umail_host.first_board import report, run
from umail_host.options import Port
from umail_host.virtual_board import VirtualBoard

EXAMPLE = (
    "Example: umail first-board --port /dev/ttyUSB0 --ssid HOME. The password comes from UMAIL_SECRET_WIFI_PASSWORD, "
    "the keyring or a question. The board needs MicroPython and nothing else; what is on it stays. See "
    "docs/first-board.md."
)


def command(
    port: Port = "",
    ssid: Annotated[str, typer.Option(help="Wi-Fi that it joins for a TLS handshake; without one there is none.")] = "",
    sleep: Annotated[int, typer.Option(help="Seconds of deep sleep over which its clock is compared.", min=2)] = 60,
    unplug: Annotated[bool, typer.Option("--unplug/--no-unplug", help="Ask you to unplug it while it writes.")] = True,
    output: Annotated[Path | None, typer.Option(help="The file; by default BOARD-DATE.json here.")] = None,
) -> None:
    """Measure a board and its virtual board beside it; write one file to send in, without secrets."""
    port = port or ports.only()
    with maintenance.held(port, reset=False) as link:
        spec = identity.choose(identity.machine(link))
    password = secret_source.read("wifi_password") if ssid else ""

    def say(text: str) -> None:
        typer.echo(f"{text} …", err=True)

    typer.echo(f"{spec.title}:", err=True)
    host = lan.address(spec.chip == "virtual") if ssid else ""
    cut = _unplugged if unplug else None
    real = run.measure(run.Surroundings(port, ssid, password, host, sleep, cut), say)
    typer.echo(f"the virtual {spec.title}:", err=True)
    virtual = _virtual(spec.name, sleep, bool(ssid), unplug, say)
    found = report.rows(real, virtual)
    for line in report.table(found):
        terminal.echo(line)
    file = output or Path(f"{spec.name}-{time.strftime('%Y%m%d')}.json")
    document = report.document(spec.name, __version__, real, virtual)
    try:
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file} can't be written ({error.strerror}): name another with --output") from None
    count = len(document["differs"])
    differ = "nothing differs" if not count else f"{terminal.count(count, 'line')} marked ≠"
    terminal.echo(f"{file}: {differ} from the virtual board; it holds no secret, look into it before you send it")


def _unplugged() -> None:
    typer.echo("now unplug the board, wait a moment, and plug it in again (then press return)", err=True)
    terminal.ask("", err=True)


def _virtual(name: str, sleep: int, joins: bool, unplug: bool, say: run.Say) -> run.Facts:
    with tempfile.TemporaryDirectory(prefix="umail-") as folder, VirtualBoard(Path(folder), name) as board:
        network, password = "first-board", secrets.token_urlsafe(12)
        board.wifi.ssid, board.wifi.password = network, password

        def cut() -> None:
            board.power_off()
            board.power_on()

        around = run.Surroundings(
            board.port, network if joins else "", password, "127.0.0.1", sleep, cut if unplug else None
        )
        return run.measure(around, say)
