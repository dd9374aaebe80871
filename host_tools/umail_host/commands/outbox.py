"""`umail outbox`: the mails that wait on a board, or that it gave up: listed, shown, tried again, removed."""

from __future__ import annotations

from typing import Annotated

import typer

from umail_host import outbox, terminal
from umail_host.device import ports
from umail_host.errors import UserError
from umail_host.options import AsJson, Port

EXAMPLE = "Example: umail outbox ls; umail outbox retry 000003; umail outbox purge --dead."
app = typer.Typer(
    help="The mails that wait on a board, or that it gave up.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EXAMPLE,
)
Number = Annotated[str, typer.Argument(help="Number of the mail, as `umail outbox ls` shows it.")]


@app.command("ls", epilog="Example: umail outbox ls --json")
def ls(port: Port = "", as_json: AsJson = False) -> None:
    """List the mails on the board, the oldest first."""
    rows = outbox.mails(port or ports.only())
    if as_json:
        terminal.echo_json(rows)
        return
    if not rows:
        typer.echo("the outbox is empty: no mail waits, and none was given up")
    for row in rows:
        due = "" if row["state"] == "dead" else f"in {terminal.duration(row['due'])}" if row["due"] else "now"
        _print(
            "  ".join((row["number"], f"{row['state']:9}", f"{due:10}", row["subject"], "to " + ", ".join(row["to"])))
        )
        if row["why"]:
            _print(f"        {terminal.count(row['attempts'], 'attempt')}, the last: {row['why']}")


@app.command("show", epilog="Example: umail outbox show 000003")
def show(number: Number, port: Port = "", as_json: AsJson = False) -> None:
    """Show one mail: its state, its recipients and its text."""
    row = outbox.mail(port or ports.only(), number)
    if as_json:
        terminal.echo_json(row)
        return
    for key in ("state", "subject", "to", "attempts", "why", "attachments"):
        value = ", ".join(row[key]) if isinstance(row[key], list) else row[key]
        _print(f"{key + ':':13}{value}")
    for address, reply in row["gone"]:
        _print(f"{'refused:':13}{address}: {reply}")
    terminal.echo("\n" + row["text"])


@app.command("retry", epilog="Example: umail outbox retry, or one that was given up: umail outbox retry 000003")
def retry(
    number: Annotated[str, typer.Argument(help="Number of a mail; without it all that wait.")] = "", port: Port = ""
) -> None:
    """Let mails be tried at once; one that was given up is revived when it is named."""
    port = port or ports.only()
    if number:
        _print(f"{number}: {outbox.retry_one(port, number)['state']}, tried as soon as the board has restarted")
        return
    waiting = outbox.retry(port)
    typer.echo(f"{terminal.count(waiting, 'mail')} will be tried as soon as the board has restarted")


@app.command("purge", epilog="Example: umail outbox purge --dead, or one: umail outbox purge 000003")
def purge(
    number: Annotated[str, typer.Argument(help="Number of the mail to remove, whatever its state.")] = "",
    dead: Annotated[bool, typer.Option("--dead", help="All that were given up.")] = False,
    port: Port = "",
) -> None:
    """Remove a mail, or all that were given up; they are gone for good."""
    if bool(number) == dead:
        raise UserError("say which to remove: a number of `umail outbox ls`, or --dead for all that were given up")
    port = port or ports.only()
    if dead:
        typer.echo(f"{terminal.count(outbox.purge_dead(port), 'mail')} removed")
    else:
        _print(f"{number} removed: {outbox.purge(port, number)['subject']}")


def _print(line: str) -> None:
    # One line, whatever a subject or a server's reply holds.
    typer.echo(terminal.printable(line))
