"""Prints what comes from outside, a board or a server, so that it can't steer the terminal; and shows progress."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn
from rich.text import Text

from umail_host import firmware_rules

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
