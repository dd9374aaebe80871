"""The `umail` command: loads the subcommand asked for; a user's mistake becomes a sentence and an exit status."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

try:
    import typer
    from typer.core import TyperGroup

    from umail_host import __version__, terminal, usage
    from umail_host.errors import UserError
except KeyboardInterrupt:
    # Ctrl-C while it is still being loaded ends it as later, see `main`.
    sys.stderr.write("umail: stopped\n")
    raise SystemExit(130) from None

# In the order of the help: name → the module of `umail_host.commands`, and what in it is the command, or its group.
_COMMANDS = {
    "demo": "demo:command",
    "serve": "serve:serve",
    "faults": "faults:command",
    "board": "board:board",
    "deploy": "deploy:command",
    "boards": "boards:command",
    "doctor": "doctor:command",
    "first-board": "first_board:command",
    "provision": "provision:command",
    "console": "console:command",
    "log": "log:command",
    "flash": "flash:command",
    "outbox": "outbox:app",
    "config": "config:app",
    "update": "update:app",
    "farm": "farm:app",
    "fleet": "fleet:app",
}
_SETTINGS: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _Commands(Mapping[str, Any]):
    """The commands by name, each loaded when it is looked at: a mail server needs nothing of a deployment."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            module_name, _, what = _COMMANDS[name].partition(":")
            module = importlib.import_module(f"umail_host.commands.{module_name}")
            alone = typer.Typer(add_completion=False, **_SETTINGS)
            alone.callback()(lambda: None)  # with one, it is a group even of one command
            if what == "app":
                alone.add_typer(module.app, name=name)
            else:
                alone.command(name, epilog=module.EXAMPLE)(getattr(module, what))
            self._loaded[name] = typer.main.get_command(alone).commands[name]  # type: ignore[attr-defined]
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Group(TyperGroup):
    """The command `umail`, with what is in the table."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()  # type: ignore[assignment]


app = typer.Typer(
    cls=_Group,
    name="umail",
    help="Mail for MicroPython boards: a fake mail server, a virtual board, deploying, and a demo of it all.",
    no_args_is_help=True,
    **_SETTINGS,
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
