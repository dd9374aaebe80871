"""`umail update`: publishes for boards what they are to have, and hands it out over the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from umail_host import terminal
from umail_host.errors import UserError
from umail_host.provision.fleet import Fleet
from umail_host.update import publish as publishing
from umail_host.update import server

EXAMPLE = (
    "Example: umail update publish fleet.toml --to updates --board ESP32_GENERIC --stage 5%; "
    "umail update serve updates --host 0.0.0.0."
)
_PUBLISH = (
    "Example: umail update publish fleet.toml --to updates --stage 5%, and when those run: umail update publish "
    "fleet.toml --to updates. A client secret that ends: UMAIL_SECRET_OAUTH_SECRET=… umail update publish fleet.toml "
    "--to updates --secret oauth_secret --no-code. Secrets come from where umail provision takes them; those that are "
    "not known there stay as the board has them. See docs/updates.md."
)
_SERVE = 'Example: umail update serve updates --host 0.0.0.0 --port 8017; boards have [update] url = "http://192.168.1.5:8017".'
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
) -> None:
    """Write a bundle for each board whose configuration, program or secrets have changed."""
    order = publishing.Order(Fleet(file), to, board, tuple(name or ()), _share(stage), tuple(secret or ()), code, again)
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
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets boards in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8017,
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


def _share(text: str) -> float:
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?)%", text)
    if not found or not 0 < float(found[1]) <= 100:
        raise UserError(f"--stage {text}: give a part of the boards in per cent, such as 5%")
    return float(found[1]) / 100
