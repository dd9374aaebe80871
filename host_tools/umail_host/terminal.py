"""Prints what comes from outside, a board or a server, so that it can't steer the terminal; and shows progress."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn
from rich.text import Text

from umail_host import firmware_rules
from umail_host.errors import UserError

_STYLES = (
    (re.compile(r"not mailed|refused|crashed|Traceback|Error\b|fix the conf|not started|is gone"), "bold red"),
    (re.compile(r"nicht gesendet|abgelehnt|abgestürzt|nicht gestartet|ausgefallen"), "bold red"),
    (re.compile(r"mailed to|is up|is back|clock set|gesendet an|ist da,|wieder da|Uhr gestellt"), "green"),
    (re.compile(r"wait|tried again|asked again|is lost|held back|watchdog|rst:"), "yellow"),
    (re.compile(r"warte|neuer Versuch|neue Anfrage|verloren|zurückgehalten|Watchdog"), "yellow"),
)


def printable(text: str) -> str:
    """Return a line without control characters: nothing from outside may move the cursor or begin another line."""
    return "".join(c for c in text if c.isprintable() or c == "\t")


def lines(text: str) -> str:
    """Return the same for a text of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def echo(text: str, err: bool = False) -> None:
    """Print a text whose parts may come from outside."""
    typer.echo(lines(text), err=err)


def echo_json(value: Any) -> None:
    """Print ``value`` as JSON, in which control characters are escaped, those beyond ASCII too."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    typer.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def ask(text: str, default: str = "", *, err: bool = False) -> str:
    """Return what a person answers to a question, ``default`` if that is nothing.

    Raises:
        KeyboardInterrupt: they end it, by Ctrl-C or Ctrl-D.
        UserError: nobody is there to answer.
    """
    try:
        return str(typer.prompt(text, default=default, show_default=bool(default), err=err)).strip()
    except typer.Abort as error:
        if sys.stdin.isatty() or isinstance(error.__context__, KeyboardInterrupt):
            # (What comes next, the shell's prompt, begins a line.)
            typer.echo(err=True)
            raise KeyboardInterrupt from None
        asked = text.partition("\n")[0].rstrip(":")
        raise UserError(
            f"stopped at the question {asked!r}: this is not a terminal, and its input has ended: run it in one, "
            "or pass a TOML file (docs/provision.md)"
        ) from None


def count(number: int, what: str) -> str:
    """Return ``1 mail`` or ``2 mails``: ``what`` is one of them, whose plural ends in s."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def days(seconds: float) -> str:
    """Return ``12 days``, ``1 day`` or ``less than a day``: what is left until a date."""
    whole = int(seconds // 86400)
    return count(whole, "day") if whole > 0 else "less than a day"


def duration(seconds: float) -> str:
    """Return ``12 s``, ``45 min`` or ``3 h 20 min``, as the board's own mails have it."""
    found: str = firmware_rules.module("texts").duration(seconds)
    return found


class Lines:
    """Prints whole lines of a board's console in the colour of what they say."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what came."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._print(line)

    def end(self) -> None:
        """Print what is left."""
        if self._rest:
            self._print(self._rest)
            self._rest = b""

    def _print(self, line: bytes) -> None:
        text = printable(line.decode(errors="replace"))
        style = next((style for pattern, style in _STYLES if pattern.search(text)), "")
        self._console.print(Text(text, style=style), soft_wrap=True)


@contextlib.contextmanager
def bar(
    text: str, *columns: ProgressColumn, console: Console | None = None
) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar; gives what is called with a text, the bytes done, and those in all (0: unknown)."""
    shown = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), *columns)
    console = console or Console(stderr=True)
    with Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(text, total=None)

        def show(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total or None)

        yield show
