"""`umail provision`: tells a board its Wi-Fi, its way for mail, its recipients and limits, and tries it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from umail_host import boards, deploy, doctor, image, maintenance, ports, powershell, provision, secret_source
from umail_host.board import Board
from umail_host.boards import BoardSpec
from umail_host.commands import boards as boards_command
from umail_host.commands import deploy as deploy_command
from umail_host.commands.doctor import Report
from umail_host.domain import Dns
from umail_host.errors import UserError

EXAMPLE = (
    "Example: umail provision asks for everything; umail provision fleet.toml --name freezer-3 reads a file, in which "
    "each [[board]] has its board_name and may have its id (umail boards --probe). Passwords come from a question, "
    "the environment (UMAIL_SECRET_WIFI_PASSWORD, UMAIL_SECRET_MAIL_PASSWORD) or the keyring, and go into the board's "
    "NVS. Exit status: 4 when the test alert did not get through."
)


def command(
    file: Annotated[
        Path | None, typer.Argument(help="TOML file for one or many boards; without it you are asked.")
    ] = None,
    port: Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port; by default the one with a board.")] = "",
    name: Annotated[str, typer.Option(help="Which board of the file; by default the one with the board's id.")] = "",
    every: Annotated[
        bool, typer.Option("--all", help="Every board that is connected and in the file by its id.")
    ] = False,
    token: Annotated[
        bool, typer.Option("--token", help="The login is by OAuth token rather than by password.")
    ] = False,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Send a test alert from the board.")] = True,
    save: Annotated[Path | None, typer.Option(help="Write the configuration to this JSON file, too.")] = None,
    dns: Annotated[list[str] | None, typer.Option(help="DNS server, ADDRESS or ADDRESS#PORT, for the MX.")] = None,
    extra: Annotated[
        list[str] | None, typer.Option("--file", help="A further file, HERE:/THERE; may be repeated.")
    ] = None,
) -> None:
    """Bring configuration and secrets onto a board, send a test alert from it, and say what Microsoft 365 needs."""
    files = dict(deploy_command.extra_file(text) for text in extra or ())
    devices = [port or ports.only()] if not every else [found.device for found in ports.found()]
    fleet = provision.Fleet(file) if file else None
    if every and fleet is None:
        raise UserError("--all needs a file: umail provision fleet.toml --all")
    asked = None if fleet else provision.interview(_ask)
    failed = 0
    for device in devices:
        config = asked
        if fleet is not None:
            identity = "" if name else boards_command.ask(device)["id"]
            config = fleet.config(fleet.choose(name, identity))
        if pinned := provision.pin_mx(config or {}, Dns(dns)):
            typer.echo(pinned)
        if save is not None:
            save.write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        failed += not one(device, config or {}, files, token, test)
    if failed:
        raise typer.Exit(4)


def one(device: str, config: dict[str, Any], files: dict[str, bytes], token: bool, test: bool) -> bool:
    """Provision the board at ``device``; whether its test alert, if any, got through.

    Raises:
        UserError: the configuration needs mending, a secret is missing, or the board does not answer.
    """
    # Before any secret is asked for.
    deploy_command.check_config(config, boards.load("virtual"))
    named = config["board_name"]
    secrets = {key: secret_source.read(key, named) for key in provision.secrets_needed(config, token)}

    def build(machine: str) -> tuple[BoardSpec, dict[str, bytes]]:
        spec = deploy_command.choose_board(machine, "")
        deploy_command.check_config(config, spec)
        return spec, image.build(spec, config=config, extra_files=files)

    report = deploy.Report()
    deploy_command.deploy_over(functools.partial(maintenance.held, device, reset=not test), build, secrets, report)
    for warning in report.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(f"{named}: {len(report.written)} files written, {len(secrets)} secrets stored")
    told = Report(False)
    if test:
        with maintenance.held(device) as link:
            _try(link, named, not config["mail"].get("trust"), told)
    names = powershell.Names(named, told.address, token=token)
    mail = {"sender": "", "username": "", **config["mail"]}
    if administrator := powershell.script(mail, names):
        typer.echo("\nWhat an administrator of Microsoft 365 runs for this route:\n\n" + administrator)
    return told.good


def _try(link: Board, name: str, bundled: bool, told: Report) -> None:
    told.begin("board")
    try:
        options = doctor.Options(ports=(), send=True, subject=f"{name}: test alert, the board is ready")
        doctor.from_board(link, options, told.add, bundled)
    finally:
        told.pause()


def _ask(text: str, default: str, problem: Callable[[str], str]) -> str:
    while True:
        answer = str(typer.prompt(text, default=default or None)).strip()
        if not (why := problem(answer)):
            return answer
        typer.echo(f"  {why}")
