"""`umail doctor`: where on its way a mail stops, from this computer and from the board, and what to do about it."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from umail_host import files, terminal
from umail_host.deploy import material
from umail_host.device import maintenance, ports
from umail_host.doctor import diagnosis, domain, powershell
from umail_host.doctor.check import WARNING, Check
from umail_host.doctor.report import Report
from umail_host.errors import UserError
from umail_host.options import AsJson, Dns
from umail_host.settings import Settings

EXAMPLE = (
    "Example: umail doctor --port /dev/ttyUSB0, or without a board: umail doctor --config freezer.json. "
    "If there is a second route (mail.fallback), the same is looked at for it. "
    "The password or client secret is that of the board, of the environment (UMAIL_SECRET_MAIL_PASSWORD, "
    "UMAIL_SECRET_OAUTH_SECRET, for the second route with _2 behind it) or the keyring. "
    "No mail is sent without --send. Exit status: 0 all green, 4 a stage is red, 3 the board does not answer."
)
_NETWORK = 4  # exit status
_MICROSOFT = "what this route needs at Microsoft: umail doctor --powershell"


def command(
    config: Annotated[Path | None, typer.Option(help="Configuration; without it, that on the board.")] = None,
    port: Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port of the board.")] = "",
    host: Annotated[bool, typer.Option("--host/--no-host", help="Look from this computer, too.")] = True,
    send: Annotated[bool, typer.Option("--send", help="Send a mail to the configured recipients at the end.")] = False,
    dns: Dns = None,
    file: Annotated[
        list[str] | None, typer.Option(help="A root or certificate that the board has, HERE:/THERE.")
    ] = None,
    try_ports: Annotated[str, typer.Option("--ports", help="TCP ports to try at the mail server.")] = "25,587,465",
    reference: Annotated[
        str, typer.Option(help="HOST:PORT of a mail server elsewhere, to recognise a blocked port.")
    ] = "smtp.office365.com:587",
    timeout: Annotated[float, typer.Option(help="Seconds for each reply.", min=1, max=300)] = 30,
    script: Annotated[bool, typer.Option("--powershell", help="Only print what the administrator runs.")] = False,
    app_id: Annotated[str, typer.Option(help="Client id of the application, for that script (OAuth).")] = "",
    object_id: Annotated[str, typer.Option(help="Its object id under Enterprise applications.")] = "",
    as_json: AsJson = False,
) -> None:
    """Follow a mail from the name of the server to the recipients, from this computer and from the board."""
    known = dict(files.for_board(text) for text in file or ())
    options = diagnosis.Options(domain.servers(dns or []), _ports(try_ports), _reference(reference), timeout, send)
    report = Report(as_json)
    with contextlib.ExitStack() as stack:
        link = None
        if port or config is None:
            link = stack.enter_context(maintenance.held(port or _only()))
        settings = Settings.read(config) if config is not None else diagnosis.settings_of(link)
        known = material.checked(settings, known)
        secrets = diagnosis.secrets_here(settings)
        if not script:
            if host:
                report.begin("host")
                roots = {} if link is None else diagnosis.roots_on(link, settings, known)
                diagnosis.from_host(settings, known | roots, secrets, options, report.add)
            if link is not None:
                report.begin("board")
                diagnosis.from_board(link, settings, options, report.add, report.checks)
            report.begin("domain")
            for check in domain.of(settings, domain.Dns(options.servers), report.address):
                report.add(check)
    token = "mail_token" in secrets or bool(app_id or object_id)
    names = powershell.Names(settings.board_name, report.address, app_id, object_id, token)
    _end(report, powershell.scripts(settings.routes, names), script, as_json)


def _end(report: Report, administrator: str, only_that: bool, as_json: bool) -> None:
    """Tell what is to be done; the process ends with 4 if a check is red."""
    report.pause()
    if as_json:
        rows = [asdict(check) for check in report.checks]
        terminal.echo_json({"ok": report.good, "address": report.address, "stages": rows, "powershell": administrator})
    elif only_that:
        if not administrator:
            raise UserError("this route does not lead to Microsoft 365: there is nothing to run there")
        typer.echo(administrator, nl=False)
    elif report.good:
        typer.echo(_good(report.checks) + (administrator and f"; {_MICROSOFT}"))
    elif administrator:
        typer.echo("\nWhat an administrator of Microsoft 365 runs for this route:\n\n" + administrator, nl=False)
    if not report.good:
        raise typer.Exit(_NETWORK)


def _good(checks: list[Check]) -> str:
    yellow = sum(check.state == WARNING for check in checks)
    return f"no stage is red, {yellow} to look at (!)" if yellow else "all stages are green"


def _only() -> str:
    try:
        return ports.only()
    except UserError as error:
        hint = "without a board: umail doctor --config FILE, such as freezer.json"
        raise UserError(f"{error}; {hint}", error.exit_code) from None


def _ports(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(part) for part in text.split(","))
        if all(0 < number < 65536 for number in found):
            return found
    except ValueError:
        pass
    raise UserError(f"--ports {text}: write numbers with commas in between, such as 25,587,465")


def _reference(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition(":")
    if not name or not number.isdigit():
        raise UserError(f"--reference {text}: write HOST:PORT, such as smtp.office365.com:587")
    return name, int(number)
