"""`umail provision`: tells a board its Wi-Fi, its way for mail, its recipients and limits, and tries it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from umail_host import files, terminal
from umail_host.device import identity, maintenance, ports
from umail_host.doctor import domain
from umail_host.errors import UserError
from umail_host.provision import interview
from umail_host.provision.fleet import Fleet
from umail_host.provision.job import NamedError, Run
from umail_host.sensing import which
from umail_host.settings import CONFIG

EXAMPLE = (
    "Example: umail provision asks for everything; umail provision fleet.toml --name freezer-3 reads a file, in which "
    "each [[board]] has its board_name and may have its id (umail boards --probe); umail provision fleet.toml --all "
    "does every board of it that is connected, goes on if one fails, and a second time does only the rest. "
    "Passwords, client secrets and the like come from a question, the environment (UMAIL_SECRET_WIFI_PASSWORD, "
    "UMAIL_SECRET_FREEZER_3_MAIL_PASSWORD) or the keyring, and go into the board's NVS. "
    'With mail.oauth.flow = "device_code" you sign in with a code shown here. Keys: docs/firmware.md. '
    "Exit status: 4 when a test alert did not get through or a sign-in failed, 3 when a board did not answer, 2 when "
    "the file must be fixed; with --all that of the first that failed."
)
_REFUSED = 4  # exit status


def command(
    file: Annotated[
        Path | None, typer.Argument(help="TOML file for one or many boards; without it you are asked.")
    ] = None,
    port: Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port; by default the one with a board.")] = "",
    name: Annotated[str, typer.Option(help="Which board of the file; by default the one with the board's id.")] = "",
    every: Annotated[
        bool, typer.Option("--all", help="Every board that is connected and in the file by its id, but those done.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="With --all: those too that are done.")] = False,
    token: Annotated[
        bool, typer.Option("--token", help="The login is by a ready OAuth token (for tests), not by password.")
    ] = False,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Send a test alert from the board.")] = True,
    save: Annotated[Path | None, typer.Option(help="Write the configuration to this JSON file, too.")] = None,
    dns: Annotated[list[str] | None, typer.Option(help="DNS server, ADDRESS or ADDRESS#PORT; may be repeated.")] = None,
    extra: Annotated[
        list[str] | None, typer.Option("--file", help="A further file, HERE:/THERE; may be repeated.")
    ] = None,
    language: Annotated[
        str, typer.Option(help="Language of mails and console, such as de; by default the file's or the board's.")
    ] = "",
) -> None:
    """Bring configuration and secrets onto a board, send a test alert from it, and say what Microsoft 365 needs."""
    more = dict(files.for_board(text) for text in extra or ())
    ask = typer.confirm if file is None and sys.stdin.isatty() else None
    run = Run(token, test, domain.servers(dns or []), every, terminal.echo, _warn, ask)
    if every:
        if file is None:
            raise UserError("--all needs a file: umail provision fleet.toml --all")
        if name or save or language:
            raise UserError("--all is for many boards: leave --name, --save and --language out")
        _all(run, Fleet(file), [port] if port else [found.device for found in ports.found()], more, again)
        return
    fleet = None if file is None else Fleet(file)
    device = port or ports.only()
    if fleet is None:
        config, own = interview.interview(_ask, _before(device) if sys.stdin.isatty() else None)
        folder = Path()
    else:
        board = fleet.choose(name, "" if name else _identity(device))
        config, own = fleet.config(board), fleet.files(board)
        folder = fleet.path.parent
    if sys.stdin.isatty():
        config = which.settle(config, device, _ask, terminal.echo)
    if language:
        config["language"] = language
    job = run.prepare(config, own | more, folder)
    if save is not None:
        files.write(save, json.dumps(job.settings.config, indent=1, ensure_ascii=False) + "\n")
    good = run.carry_out(device, job)
    _tell_administrator(run)
    if not good:
        raise typer.Exit(_REFUSED)


def _all(run: Run, fleet: Fleet, devices: Sequence[str], files: Mapping[str, bytes], again: bool) -> None:
    """Provision all boards at ``devices``, one after the other; what fails is told at the end."""
    failed: list[tuple[str, int]] = []
    seen: set[str] = set()
    counts = {"provisioned": 0, "done before": 0, "not in the file": 0}
    for device in devices:
        label = device
        try:
            found = run.look(fleet, device, files, again)
            seen.add(found.identity)
            if found.job is None:
                terminal.echo(f"{device}: its id {found.identity} is not in the file", err=True)
                counts["not in the file"] += 1
                continue
            label = f"{found.name} ({device})"
            if found.done:
                terminal.echo(f"{label}: done before")
                counts["done before"] += 1
                continue
            terminal.echo(f"{label}:")
            if not run.carry_out(device, found.job):
                raise UserError("the test alert was not delivered: see the error above, or run umail doctor", _REFUSED)
            counts["provisioned"] += 1
        except NamedError as error:
            seen.add(error.identity)
            failed.append((f"{error.name} ({device})", error.exit_code))
            terminal.echo(f"{failed[-1][0]}: {error}", err=True)
        except UserError as error:
            failed.append((label, error.exit_code))
            terminal.echo(f"{label}: {error}", err=True)
    _tell_administrator(run)
    if told := ", ".join(f"{count} {what}" for what, count in counts.items() if count):
        typer.echo(told)
    if missing := fleet.missing(seen):
        typer.echo(f"not connected: {', '.join(missing)}")
    if failed:
        names = ", ".join(name for name, _ in failed)
        raise UserError(f"{len(failed)} failed: {names}; run it again: finished boards are skipped", failed[0][1])
    if not counts["provisioned"] + counts["done before"]:
        raise UserError(
            f"no board of {fleet.path} is connected: plug it in with a cable that carries data, or name its --port",
            3,
        )


def _tell_administrator(run: Run) -> None:
    if script := run.for_administrator:
        typer.echo("\nWhat an administrator of Microsoft 365 runs for this route:\n\n" + script)


def _warn(text: str) -> None:
    terminal.echo(text, err=True)


def _identity(device: str) -> str:
    with maintenance.held(device) as link:
        return identity.unique_id(link)


def _before(device: str) -> interview.Config:
    """Return the configuration that the board has; empty if it has none that can be read."""
    with maintenance.held(device) as link:
        if not link.exists(CONFIG):
            return {}
        try:
            found = json.loads(link.get(CONFIG))
        except ValueError:
            return {}
    return found if isinstance(found, dict) else {}


def _ask(text: str, default: str, problem: interview.Problem) -> str:
    while True:
        try:
            answer = str(typer.prompt(text, default=default or None)).strip()
        except typer.Abort:
            raise UserError(
                f"stopped at the question {text!r}: not a terminal: pass a TOML file instead (docs/provision.md)"
            ) from None
        if not (why := problem(answer)):
            return answer
        typer.echo(f"  {why}")
