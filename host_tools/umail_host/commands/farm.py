"""`umail farm`: boards on several hosts, lent by labgrid."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from umail_host.device import ports
from umail_host.errors import UserError
from umail_host.hil import farm

EXAMPLE = """Example: umail farm exporter > exporter.yaml, then labgrid-exporter exporter.yaml,
then umail farm places exporter.yaml --name HOST --apply. docs/hil.md has the whole way."""

app = typer.Typer(
    name="farm",
    help="Share boards on several hosts through labgrid.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EXAMPLE,
)


@app.command(epilog=EXAMPLE)
def exporter(
    network: Annotated[
        list[str] | None, typer.Option(help="A board behind an RFC 2217 server: NAME=HOST:PORT; may be repeated.")
    ] = None,
    serial: Annotated[
        list[str] | None,
        typer.Option(help="A board on a port that has no USB serial number: NAME=/dev/PORT; may be repeated."),
    ] = None,
) -> None:
    """Print the configuration of labgrid's exporter for the boards on this computer's ports."""
    shared = [farm.of_network(text) for text in network or []] + [farm.of_path(text) for text in serial or []]
    for port in ports.found():
        if one := farm.of_port(port):
            shared.append(one)
        else:
            typer.echo(
                f"umail: {port.device} has no serial number, so it can't be known again: left out, --serial names it",
                err=True,
            )
    if not shared:
        raise UserError(
            "no board is connected: plug one in, or name one with --network NAME=HOST:PORT or --serial NAME=/dev/PORT",
            3,
        )
    typer.echo(farm.exporter(shared), nl=False)


@app.command(epilog=EXAMPLE)
def places(
    configuration: Annotated[Path, typer.Argument(help="What `umail farm exporter` printed.")],
    name: Annotated[str, typer.Option(help="The exporter's name: its host's, unless started with --name.")],
    apply: Annotated[bool, typer.Option("--apply", help="Run the commands instead of printing them.")] = False,
) -> None:
    """Make a place of each board: print the commands for labgrid's client, or run them."""
    try:
        text = configuration.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{configuration} can't be read: {error.strerror}") from None
    commands = farm.places(text, name)
    if apply:
        farm.apply(commands)
        typer.echo(f"{sum('create' in words for words in commands)} places")
        return
    for words in commands:
        typer.echo(shlex.join(["labgrid-client", *words]))
