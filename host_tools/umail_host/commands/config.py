"""`umail config`: checks a configuration without a board, and writes the schema of it for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from umail_host import files
from umail_host.configuration import checks
from umail_host.configuration import schema as schemas
from umail_host.deploy import material
from umail_host.device import boards
from umail_host.settings import Settings

EXAMPLE = (
    "Example: umail config check freezer.json --board ESP32_GENERIC. Every mistake is reported at once, with key and "
    "remedy; with --board the pins are checked, too. Exit status: 0 it is right, 2 it is not."
)
SCHEMA_EXAMPLE = (
    'Example: umail config schema > alertnode.schema.json, and as the first key of the configuration: "$schema": '
    '"./alertnode.schema.json". Editors then complete and explain the keys.'
)
app = typer.Typer(
    no_args_is_help=True,
    help="Check a configuration without a board; its JSON Schema for editors.",
    epilog="Example: umail config check freezer.json --board ESP32_GENERIC",
)


@app.command("check", epilog=EXAMPLE)
def check(
    file: Annotated[Path, typer.Argument(help="The configuration, JSON or TOML.")],
    board: Annotated[str, typer.Option(help="Name of the board it is for: umail boards --known.")] = "",
    extra: Annotated[
        list[str] | None, typer.Option("--file", help="A file that goes along, HERE:/THERE; may be repeated.")
    ] = None,
) -> None:
    """Check a configuration without a board."""
    spec = boards.load(board) if board else None
    settings = Settings.read(file, fresh=True, board=spec)
    if spec is not None:
        settings.file(spec)
    taken = material.checked(settings, dict(files.for_board(text) for text in extra or ()))
    if spec is not None:
        material.check_loads(settings, taken, spec)
    for note in (*checks.notes(settings.config, spec), *material.notes(settings, taken)):
        typer.echo(note)
    for key, path in material.named(settings):
        if path not in taken:
            typer.echo(f"{key} names {path}: if it is not on the board yet, bring it with --file HERE:{path}")
    secrets = ", ".join(settings.secrets())
    where = f" for {spec.name}" if spec else "; with --board NAME its pins are checked, too"
    typer.echo(f"{file} is right{where}. Its secrets: {secrets}")


@app.command("schema", epilog=SCHEMA_EXAMPLE)
def schema() -> None:
    """Print the JSON Schema of the configuration."""
    typer.echo(json.dumps(schemas.schema(), indent=1, ensure_ascii=False))
