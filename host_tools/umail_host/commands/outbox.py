"""`umail outbox`: the mails that wait on a board, or that it gave up: listed, shown, tried again, removed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from umail_host.commands.console import printable
from umail_host.device import maintenance, ports
from umail_host.device.board import ExecError
from umail_host.errors import UserError

EXAMPLE = "Example: umail outbox ls; umail outbox retry 000003; umail outbox purge --dead."
_MARK = "umail-outbox "
# Runs on the board, with the library's own outbox; the configuration's word is kept, so that a rest of the route stays.
_BOX = f"""
import json
from umail.outbox import Outbox
box=Outbox('/outbox',None,config=None)
def find(n):
 return [e for e in box.entries if n is None or e.number==n]
def tell(v):
 print({_MARK!r}+json.dumps(v))
def row(e):
 m=box.read(e)
 return {{'number':'%06x'%e.number,'state':e.state,'due':max(0,e.until-box.now()),'attempts':e.attempts,'size':e.size,
 'priority':e.priority,'subject':m.subject if m else '','to':m.recipients if m else [],'why':e.why,'gone':e.gone}}
"""

app = typer.Typer(
    help="The mails that wait on a board, or that it gave up.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EXAMPLE,
)
Port = Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port; by default the one with a board.")]
Number = Annotated[str, typer.Argument(help="Number of the mail, as `umail outbox ls` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("ls", epilog="Example: umail outbox ls --json")
def ls(port: Port = "", as_json: AsJson = False) -> None:
    """List the mails on the board, the oldest first."""
    rows = _ask(port, "tell([row(e) for e in box.entries])")
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if not rows:
        typer.echo("the outbox is empty: no mail waits, and none was given up")
    for row in rows:
        due = "" if row["state"] == "dead" else f"in {row['due']} s" if row["due"] else "now"
        parts = (row["number"], f"{row['state']:9}", f"{due:10}", row["subject"], "to " + ", ".join(row["to"]))
        typer.echo(printable("  ".join(parts)))
        if row["why"]:
            typer.echo(printable(f"        {row['attempts']} attempts, the last: {row['why']}"))


@app.command("show", epilog="Example: umail outbox show 000003")
def show(number: Number, port: Port = "", as_json: AsJson = False) -> None:
    """Show one mail: its state, its recipients and its text."""
    code = (
        f"for e in find({_number(number)}):\n r=row(e)\n m=box.read(e)\n r['text']=(m.text or '') if m else ''\n"
        " r['attachments']=[a.name for a in m.attachments] if m else []\n tell(r)"
    )
    row = _one(_ask(port, code), number)
    if as_json:
        typer.echo(json.dumps(row, indent=1, ensure_ascii=False))
        return
    for key in ("state", "subject", "to", "attempts", "why", "attachments"):
        value = ", ".join(row[key]) if isinstance(row[key], list) else row[key]
        typer.echo(printable(f"{key + ':':13}{value}"))
    for address, reply in row["gone"]:
        typer.echo(printable(f"{'refused:':13}{address}: {reply}"))
    typer.echo("\n" + "\n".join(map(printable, row["text"].splitlines())))


@app.command("retry", epilog="Example: umail outbox retry, or one that was given up: umail outbox retry 000003")
def retry(
    number: Annotated[str, typer.Argument(help="Number of a mail; without it all that wait.")] = "", port: Port = ""
) -> None:
    """Let mails be tried at once; one that was given up is revived when it is named."""
    if not number:
        count = _ask(port, "box.retry()\ntell(len(box.pending()))")
        typer.echo(f"{count} mails are tried as soon as the board has restarted")
        return
    code = f"for e in find({_number(number)}):\n box.retry(e)\n tell(row(e))"
    row = _one(_ask(port, code), number)
    typer.echo(printable(f"{number}: {row['state']}, tried as soon as the board has restarted"))


@app.command("purge", epilog="Example: umail outbox purge --dead, or one: umail outbox purge 000003")
def purge(
    number: Annotated[str, typer.Argument(help="Number of the mail to remove, whatever its state.")] = "",
    dead: Annotated[bool, typer.Option("--dead", help="All that were given up.")] = False,
    port: Port = "",
) -> None:
    """Remove a mail, or all that were given up; they are gone for good."""
    if bool(number) == dead:
        raise UserError("say which to remove: a number of `umail outbox ls`, or --dead for all that were given up")
    if dead:
        typer.echo(f"{_ask(port, 'n=len(box.dead())' + chr(10) + 'box.purge()' + chr(10) + 'tell(n)')} mails removed")
        return
    row = _one(_ask(port, f"for e in find({_number(number)}):\n tell(row(e))\n box.purge(e)"), number)
    typer.echo(printable(f"{number} removed: {row['subject']}"))


def _number(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise UserError(f"{text!r} is no number of a mail: `umail outbox ls` shows them, such as 000003") from None


def _one(row: Any, number: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise UserError(f"the board has no mail {number}: `umail outbox ls` shows them")
    return row


def _ask(port: str, code: str) -> Any:
    """What ``code`` tells on the board; None where it tells nothing."""
    with maintenance.held(port or ports.only()) as link:
        try:
            printed = link.exec(_BOX + code, timeout=60)
        except ExecError as error:
            # Where the library lies, /lib, ROMFS or frozen in, is the board's affair.
            if "ImportError: " in error.traceback:
                raise UserError("umail is not on this board: run umail deploy first", 3) from None
            raise UserError(f"the outbox could not be read: {error}", 3) from None
    for line in printed.splitlines():
        if line.startswith(_MARK):
            return json.loads(line[len(_MARK) :])
    return None
