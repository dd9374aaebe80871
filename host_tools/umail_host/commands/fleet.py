"""`umail fleet`: which boards there are, how they are by what they mailed, and who is silent."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn

from umail_host import pages, terminal
from umail_host.errors import UserError
from umail_host.fleet import health, inventory, keys, scan, store, table, watching
from umail_host.fleet import watch as watches
from umail_host.options import AsJson, NoOpen, Root, WebPort
from umail_host.provision.fleet import Fleet

_SILENT = 1  # exit status
app = typer.Typer(
    help="Many boards: which there are, how they are by what they mailed, and who is silent.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="Example: umail fleet status fleet.toml --from imaps://alerts%40contoso.com@outlook.office365.com/INBOX",
)
File = Annotated[Path | None, typer.Argument(help="TOML file of the boards, as for umail provision.")]
From = Annotated[
    list[str] | None,
    typer.Option("--from", help="Mailbox: Maildir, mbox, folder of .eml, imaps://user@host/INBOX; may be repeated."),
]
StoreAt = Annotated[Path | None, typer.Option("--store", help="SQLite file that keeps what was seen.")]
Grace = Annotated[str, typer.Option(help="How long after its heartbeat was due a board is silent: 90m, 6h, 2d.")]
Empty = Annotated[float, typer.Option(help="Volts at which a battery is empty.", min=0.5, max=100)]


@app.command(
    "status",
    epilog="Example: umail fleet status fleet.toml --from ~/Maildir; umail fleet status --from alerts.mbox --json; "
    "umail fleet status fleet.toml --from ~/Maildir --web shows it on a page until Ctrl-C. "
    "The password for IMAP comes from UMAIL_SECRET_IMAP_PASSWORD or the keyring, an access token (XOAUTH2) from "
    "UMAIL_SECRET_IMAP_TOKEN. Exit status: 0 all boards are there, 1 one is silent or was never seen, 2 the file or an "
    "option must be fixed, 4 the mailbox can't be read. See docs/fleet-status.md.",
)
def status(
    file: File = None,
    where: From = None,
    at: StoreAt = None,
    grace: Grace = "6h",
    empty: Empty = health.EMPTY_MV / 1000,
    root: Root = None,
    as_json: AsJson = False,
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser, and what comes, until Ctrl-C.")] = False,
    web_host: Annotated[
        str, typer.Option(help="Address of the page; one that others reach gets a token (UMAIL_WEB_TOKEN).")
    ] = "127.0.0.1",
    web_port: WebPort = 0,
    no_open: NoOpen = False,
) -> None:
    """Read what is new in the mailboxes, and show how each board is."""
    if web and as_json:
        raise UserError("--web and --json exclude each other: the page has the same JSON at /api/v1/fleet")
    seconds = watching.duration(grace)
    fleet = None if file is None else Fleet(file)
    boxes = [scan.mailbox(one, root) for one in where or []]
    token = pages.token_for(web_host) if web else ""
    with store.Store(at or store.default()) as kept:
        look = _Look(kept, fleet, boxes, seconds, round(empty * 1000))
        look.read()
        if web:
            _serve(look, web_host, web_port, token, not no_open)
            return
        rows, odd, now = look.judge()
    if as_json:
        terminal.echo_json(health.report(rows, odd, now))
    else:
        for line in [*(table.lines(rows, now) if rows else ["no board was seen"]), *table.odd(odd)]:
            terminal.echo(line)
        typer.echo(table.summary(rows))
    if table.missing(rows):
        raise typer.Exit(_SILENT)


class _Look:
    """Looks once or again and again: reads what is new, and judges how the boards are."""

    def __init__(
        self, kept: store.Store, fleet: Fleet | None, boxes: list[scan.Mailbox], grace: int, empty: int
    ) -> None:
        self._kept, self._fleet, self._boxes, self._grace, self._empty = kept, fleet, boxes, grace, empty
        # A server is asked once a minute, a folder every other second.
        self.pause = 60 if any(box.account for box in boxes) else 2

    def read(self) -> None:
        """Read what is new.

        Raises:
            UserError: a mailbox can't be read.
        """
        for box in self._boxes:
            _scan(self._kept, box)

    def judge(self) -> tuple[list[health.Row], list[Any], int]:
        """Return the rows, what did not count, and when that was."""
        now = int(time.time())
        self._kept.prune(now)
        return health.rows(self._kept, self._fleet, now, self._grace, self._empty), self._kept.odd(), now


def _serve(look: _Look, host: str, port: int, token: str, open_it: bool) -> None:
    """Show on a page how the boards are, until Ctrl-C."""
    from umail_host.fleet.page import FleetPage

    served = FleetPage(host, port, token)

    def show(trouble: str) -> None:
        rows, odd, now = look.judge()
        served.show(health.report(rows, odd, now), table.view(rows, odd, now), trouble)

    show("")
    with contextlib.suppress(KeyboardInterrupt), pages.started(served):
        pages.show(served, Console(), open_it)
        typer.echo("Ctrl-C ends it")
        while True:
            time.sleep(look.pause)
            try:
                look.read()
                show("")
            except UserError as error:
                # It may be back at the next look; the page says so meanwhile.
                show(str(error))
    typer.echo("stopped")


def _scan(kept: store.Store, box: scan.Mailbox) -> None:
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("looking for new mails")
        scan.scan(kept, box, lambda count: bar.update(task, description=f"{count:,} new mails read"))


@app.command("list", epilog="Example: umail fleet list fleet.toml; umail fleet list fleet.toml --json")
def list_(file: Annotated[Path, typer.Argument(help="TOML file of the boards.")], as_json: AsJson = False) -> None:
    """List the boards of a file: name, id, whether their key is here, and the digest of their configuration."""
    found = inventory.boards(Fleet(file), keys.lookup())
    if as_json:
        terminal.echo_json([one.as_json() for one in found])
        return
    rows = [("board", "id", "key", "configuration"), *(one.cells() for one in found)]
    for line in table.columns(rows):
        terminal.echo(line)


@app.command(
    "replace",
    epilog="Example: umail fleet replace fleet.toml freezer-3 240ac4c0ffee, then umail provision fleet.toml --name "
    "freezer-3. The id of the new board: umail boards --probe.",
)
def replace(
    file: Annotated[Path, typer.Argument(help="TOML file of the boards.")],
    name: Annotated[str, typer.Argument(help="Name of the board that is replaced.")],
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of the new board.")],
) -> None:
    """Give the name of a broken board to a new one: its id goes into the file, and the old one's key is forgotten."""
    old = inventory.replace(file, name, identity)
    terminal.echo(f"{name}: {old} is replaced by {keys.plain(identity)}; now: umail provision {file} --name {name}")


@app.command(
    "watch",
    epilog="Example: umail fleet watch fleet.toml, with a section [watch] in the file: "
    'from = ["imaps://alerts%40example.org@imap.example.org/INBOX"], to = ["you@example.org"]; --once looks once, for '
    "cron. As a systemd service: docs/fleet-status.md#watching.",
)
def watch(
    file: Annotated[Path, typer.Argument(help="TOML file of the boards, with a section [watch].")],
    at: StoreAt = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, tell what is news, and end.")] = False,
) -> None:
    """Watch the boards for years: mail who must know when one is silent, a battery ends, or something is refused."""
    fleet = Fleet(file)
    wanted = watching.read(fleet)
    health.names(fleet)
    place = at or wanted.store or store.default()
    first, second = watches.outboxes(place.with_name(place.name + ".outbox"), wanted.routes)
    with store.Store(place) as kept:
        made = watches.Watch(wanted.plan, fleet, kept, wanted.boxes, first, second, lambda line: terminal.echo(line))
        if once:
            made.round()
        else:
            typer.echo(f"watching {terminal.count(len(fleet.boards), 'board')}, a look every {wanted.plan.every} s")
            made.run()
