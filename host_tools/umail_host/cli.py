"""The `umail` command: registers each subcommand and turns a user's mistake into one sentence and an exit status."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from umail_host import __version__, terminal, usage
from umail_host.commands import (
    board,
    boards,
    config,
    console,
    demo,
    deploy,
    doctor,
    farm,
    faults,
    first_board,
    flash,
    fleet,
    log,
    outbox,
    provision,
    serve,
    update,
)
from umail_host.errors import UserError

app = typer.Typer(
    name="umail",
    help="Mail for MicroPython boards: a fake mail server, a virtual board, deploying, and a demo of it all.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"umail {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Mail for MicroPython boards."""


app.command("demo", epilog=demo.EXAMPLE)(demo.command)
app.command(epilog=serve.EXAMPLE)(serve.serve)
app.command("faults", epilog=faults.EXAMPLE)(faults.command)
app.command(epilog=board.EXAMPLE)(board.board)
app.command("deploy", epilog=deploy.EXAMPLE)(deploy.command)
app.command("boards", epilog=boards.EXAMPLE)(boards.command)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.command)
app.command("first-board", epilog=first_board.EXAMPLE)(first_board.command)
app.command("provision", epilog=provision.EXAMPLE)(provision.command)
app.command("console", epilog=console.EXAMPLE)(console.command)
app.command("log", epilog=log.EXAMPLE)(log.command)
app.add_typer(outbox.app, name="outbox")
app.add_typer(config.app, name="config")
app.command("flash", epilog=flash.EXAMPLE)(flash.command)
app.add_typer(update.app, name="update")
app.add_typer(farm.app)
app.add_typer(fleet.app, name="fleet")


def _ended(number: int, _: object) -> None:
    # Boards and servers end, and temporary files go, as after any other end.
    sys.exit(128 + number)


def main() -> None:
    """Run the `umail` command."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What a script ignores for us stays ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _ended)
    try:
        # A command returns nothing; what it ends with otherwise is its exit status.
        sys.exit(app(prog_name="umail", standalone_mode=False) or 0)
    except UserError as error:
        terminal.echo(f"umail: {error}", err=True)
        sys.exit(error.exit_code)
    except typer.Abort:
        typer.echo("umail: stopped: the input has ended", err=True)
        sys.exit(1)
    except Exception as error:
        # Typer keeps its usage errors to itself, but for what they have.
        if not (hasattr(error, "format_message") and hasattr(error, "exit_code")):
            raise
        shows_help = "Help" in type(error).__name__
        told = error.format_message() if shows_help else usage.sentence(error, sys.argv[1:])
        terminal.echo(told, err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("umail: stopped", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
