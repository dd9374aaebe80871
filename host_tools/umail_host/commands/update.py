"""`umail update`: publishes for boards what they are to have, and hands it out over the network."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated

import typer

from umail_host import terminal
from umail_host.errors import UserError
from umail_host.fleet import scan, store, table
from umail_host.options import AsJson, ListenOn, ListenPort, Root
from umail_host.provision.fleet import Fleet
from umail_host.update import publish as publishing
from umail_host.update import server
from umail_host.update import status as standing

EXAMPLE = (
    "Example: umail update publish fleet.toml --to updates --board ESP32_GENERIC --stage 5%; "
    "umail update serve updates --host 0.0.0.0."
)
_PUBLISH = (
    "Example: umail update publish fleet.toml --to updates --stage 5%, and when those run: umail update publish "
    "fleet.toml --to updates. A client secret that ends: UMAIL_SECRET_OAUTH_SECRET=… umail update publish fleet.toml "
    "--to updates --secret oauth_secret --no-code. MicroPython itself, for boards with two slots: umail update publish "
    "fleet.toml --to updates --micropython ESP32_GENERIC-OTA-20260406-v1.28.0.app-bin --stage 5%. Secrets come from "
    "where umail provision takes them; those that are not known there stay as the board has them. See docs/updates.md."
)
_SERVE = 'Example: umail update serve updates --host 0.0.0.0 --port 8017; boards have [update] url = "http://192.168.1.5:8017".'
_STATUS = (
    "Example: umail update status fleet.toml --from ~/Maildir. Mailboxes are those of umail fleet status, whose store "
    "is used, too. Exit status: 0 each board runs what was published for it, 1 one does not, 2 the file or an option "
    "must be fixed, 4 the mailbox can't be read."
)
_NOT_YET = 1  # exit status
StoreAt = Annotated[Path | None, typer.Option("--store", help="SQLite file of umail fleet status.")]
app = typer.Typer(
    help="Updates over the network: library, firmware, configuration and secrets, sealed for each board.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EXAMPLE,
)


@app.command(epilog=_PUBLISH)
def publish(
    file: Annotated[Path, typer.Argument(help="TOML file of the fleet, as umail provision takes it.")],
    to: Annotated[Path, typer.Option("--to", help="Folder that is handed out.")],
    board: Annotated[str, typer.Option(help='Which board they are, unless an entry says board = "…".')] = "",
    name: Annotated[list[str] | None, typer.Option(help="This board of the file only; may be repeated.")] = None,
    stage: Annotated[str, typer.Option(help="This part of the boards, such as 5%; the same ones each time.")] = "100%",
    secret: Annotated[list[str] | None, typer.Option(help="A secret that must come along; may be repeated.")] = None,
    code: Annotated[bool, typer.Option("--code/--no-code", help="With library and firmware, or without.")] = True,
    again: Annotated[bool, typer.Option("--again", help="Publish, though nothing has changed.")] = False,
    micropython: Annotated[
        Path | None, typer.Option("--micropython", help="MicroPython too: its .app-bin, for boards with two slots.")
    ] = None,
    proven: Annotated[
        bool, typer.Option("--proven", help="Only if each board runs what was published for it before.")
    ] = False,
    at: StoreAt = None,
) -> None:
    """Write a bundle for each board whose configuration, program or secrets have changed."""
    chosen = (tuple(name or ()), _share(stage), tuple(secret or ()))
    order = publishing.Order(Fleet(file), to, board, *chosen, code, again, micropython)
    if proven:
        _check_proven(order.fleet, at)
    counts = {"published": 0, "unchanged": 0, "later": 0}

    def told(outcome: publishing.Outcome) -> None:
        counts[outcome.what] += 1
        if outcome.what == "published":
            terminal.echo(f"{outcome.name}: update {outcome.version}, {outcome.size / 1000:.1f} kB")

    publishing.publish(order, told)
    typer.echo(
        f"{counts['published']} published, {counts['unchanged']} unchanged"
        + (f", {counts['later']} in a later stage" if counts["later"] else "")
    )


@app.command(epilog=_SERVE)
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder with bundles, of umail update publish.")],
    host: ListenOn = "127.0.0.1",
    port: ListenPort = 8017,
) -> None:
    """Hand a folder of bundles out by HTTP until Ctrl-C; it need not be trusted, as each is sealed for its board."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: umail update publish FLEET.toml --to {folder} makes it")
    try:
        serving = server.Server(folder, host, port, terminal.echo)
    except OSError as error:
        raise UserError(f"can't listen on {host}:{port}: {error.strerror}; choose another, or --port 0", 4) from None
    with serving:
        terminal.echo(f"{folder} on http://{host}:{serving.server_address[1]}; Ctrl-C ends")
        serving.serve_forever()


@app.command(epilog=_STATUS)
def status(
    file: Annotated[Path, typer.Argument(help="TOML file of the fleet.")],
    where: Annotated[
        list[str] | None,
        typer.Option("--from", help="Mailbox to read first: Maildir, mbox, folder of .eml, imaps://user@host/INBOX."),
    ] = None,
    at: StoreAt = None,
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Show which board runs what was published for it, by what it says in its mails."""
    fleet = Fleet(file)
    boxes = [scan.mailbox(one, root) for one in where or []]
    with store.Store(at or store.default()) as kept:
        for box in boxes:
            scan.scan(kept, box, lambda count: None)
        rows = standing.rows(fleet, kept.boards())
    missing = [row for row in rows if row.state in (standing.WAITS, standing.OTHER)]
    if as_json:
        terminal.echo_json([row.as_json() for row in rows])
    else:
        head = ("board", "state", "published", "has", "heard of")
        for line in table.columns([head, *(row.cells(_moment) for row in rows)]):
            terminal.echo(line)
        typer.echo(f"{terminal.count(len(rows), 'board')}, {len(missing)} not there yet")
    if missing:
        raise typer.Exit(_NOT_YET)


def _check_proven(fleet: Fleet, at: Path | None) -> None:
    with store.Store(at or store.default()) as kept:
        rows = standing.rows(fleet, kept.boards())
    if missing := [row.name or row.board for row in rows if row.state in (standing.WAITS, standing.OTHER)]:
        raise UserError(
            f"nothing was published: {', '.join(missing)} did not say yet that what was published before runs: "
            f"umail update status {fleet.path} --from MAILBOX",
            _NOT_YET,
        )


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _share(text: str) -> float:
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?)%", text)
    if not found or not 0 < float(found[1]) <= 100:
        raise UserError(f"--stage {text}: give a part of the boards in per cent, such as 5%")
    return float(found[1]) / 100
