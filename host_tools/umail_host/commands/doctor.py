"""`umail doctor`: where on its way a mail stops, from this computer and from the board, and what to do about it."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from umail_host import firmware_rules, secret_source
from umail_host.commands import deploy
from umail_host.deploy import image
from umail_host.device import boards, maintenance, ports
from umail_host.device.board import Board
from umail_host.doctor import diagnosis, domain, powershell
from umail_host.doctor.check import FAILED, OK, SKIPPED, WARNING, Stage
from umail_host.errors import UserError

EXAMPLE = (
    "Example: umail doctor --port /dev/ttyUSB0, or without a board: umail doctor --config freezer.json. "
    "Where there is a second route (mail.fallback), the same stages are looked at for it. "
    "The password or client secret is that of the board, of the environment (UMAIL_SECRET_MAIL_PASSWORD, "
    "UMAIL_SECRET_OAUTH_SECRET, for the second route with _2 behind it) or the keyring. "
    "No mail is sent without --send. Exit status: 0 all green, 4 a stage is red, 3 the board does not answer."
)
_SIGNS = {OK: ("✓", "green"), WARNING: ("!", "yellow"), FAILED: ("✗", "bold red"), SKIPPED: ("-", "dim")}
_TITLES = {"host": "from this computer", "board": "from the board", "domain": "the sender's domain"}
_CONFIG = "/config.json"
_NETWORK = 4  # exit status


def command(
    config: Annotated[Path | None, typer.Option(help="Configuration; without it, that on the board.")] = None,
    port: Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port of the board.")] = "",
    host: Annotated[bool, typer.Option("--host/--no-host", help="Look from this computer, too.")] = True,
    send: Annotated[bool, typer.Option("--send", help="Send a mail to the configured recipients at the end.")] = False,
    dns: Annotated[list[str] | None, typer.Option(help="DNS server, ADDRESS or ADDRESS#PORT; may be repeated.")] = None,
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Follow a mail from the name of the server to the recipients, from this computer and from the board."""
    files = dict(deploy.extra_file(text) for text in file or ())
    options = diagnosis.Options(dns or [], _ports(try_ports), _reference(reference), timeout, send)
    report = Report(as_json)
    with contextlib.ExitStack() as stack:
        link = None
        if port or config is None:
            link = stack.enter_context(maintenance.held(port or ports.only()))
        settings = _settings(config, link)
        names = powershell.Names(settings["board_name"], "", app_id, object_id)
        secrets = _secrets(settings)
        if not script:
            if host:
                _fetch(settings, link, files)
                report.begin("host")
                diagnosis.from_host(settings, files, secrets, options, report.add)
            if link is not None:
                report.begin("board")
                diagnosis.from_board(link, settings, options, report.add, report.stages)
            report.begin("domain")
            for stage in _domain(settings, options, report.address):
                report.add(stage)
        token = "mail_token" in secrets or bool(app_id or object_id)
    names = powershell.Names(names.board, report.address, app_id, object_id, token)
    report.end(powershell.scripts(settings["mail"], names), script)


class Report:
    """What is told, as it comes, or at the end as JSON.

    Attributes:
        stages: all so far.
    """

    def __init__(self, as_json: bool) -> None:
        self.stages: list[Stage] = []
        self._json = as_json
        self._console = Console(highlight=False, markup=False)
        self._status = self._console.status("asking …", spinner="line")
        self._live = self._console.is_terminal and not as_json
        self._route = ""

    @property
    def address(self) -> str:
        """The public address that a mail server saw last; empty where none said so."""
        for stage in reversed(self.stages):
            with contextlib.suppress(ValueError):
                return str(ipaddress.ip_address(stage.address))
        return ""

    @property
    def good(self) -> bool:
        """Whether no stage is red."""
        return not any(stage.state == FAILED for stage in self.stages)

    def pause(self) -> None:
        """Take the sign of life away, so that others may print."""
        self._status.stop()

    def begin(self, where: str) -> None:
        """A part begins."""
        self._route = ""
        if not self._json:
            self._console.print(Text(_TITLES[where], style="bold"))
        if self._live:
            self._status.start()

    def add(self, stage: Stage) -> None:
        """Tell of a stage."""
        self.stages.append(stage)
        if self._json:
            return
        if stage.route != self._route:
            self._route = stage.route
            self._console.print(Text("  by the second route, mail.fallback", style="bold"))
        sign, style = _SIGNS[stage.state]
        line = Text.assemble(("  " + sign, style), f" {stage.name:16} ", stage.text)
        self._console.print(line, soft_wrap=True)
        if stage.remedy:
            self._console.print(Text(f"    → {stage.remedy}"), soft_wrap=True)

    def end(self, administrator: str, only_that: bool) -> None:
        """Tell what is to be done; the process ends with 4 where a stage is red."""
        self.pause()
        good = self.good
        if self._json:
            rows = [asdict(stage) for stage in self.stages]
            value = {"ok": good, "address": self.address, "stages": rows, "powershell": administrator}
            typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
        elif only_that:
            if not administrator:
                raise UserError("this route does not lead to Microsoft 365: there is nothing to run there")
            typer.echo(administrator, nl=False)
        elif good:
            typer.echo("all stages are green" if administrator == "" else _hint(self.stages))
        elif administrator:
            typer.echo("\nWhat an administrator of Microsoft 365 runs for this route:\n\n" + administrator, nl=False)
        if not good:
            raise typer.Exit(_NETWORK)


def _hint(stages: list[Stage]) -> str:
    yellow = sum(stage.state == WARNING for stage in stages)
    told = f"no stage is red, {yellow} to look at" if yellow else "all stages are green"
    return f"{told}; what this route needs at Microsoft: umail doctor --powershell"


def _settings(config: Path | None, link: Board | None) -> dict[str, Any]:
    if config is not None:
        spec = boards.load("virtual")
        if link is not None:
            spec = boards.by_machine(link.exec("import sys\nprint(sys.implementation._machine)").strip()) or spec
        return firmware_rules.checked(image.config_file(deploy.read_config(config), spec))
    if link is None or not link.exists(_CONFIG):
        raise UserError("the board has no configuration: run umail provision, or umail deploy with --config")
    return firmware_rules.checked(link.get(_CONFIG))


def _secrets(settings: Mapping[str, Any]) -> dict[str, str]:
    """Those that this computer knows by itself; nothing is asked for, and the board's own stay there."""
    found = {}
    for _, suffix in diagnosis.sections(settings):
        for name in ("mail_token", "mail_password", "oauth_secret"):
            if value := secret_source.find(name + suffix, settings["board_name"]):
                found[name + suffix] = value
    return found


def _fetch(settings: Mapping[str, Any], link: Board | None, files: dict[str, bytes]) -> None:
    """Roots that only the board has; never its private key."""
    for mail, _ in diagnosis.sections(settings):
        for path in mail["trust"]:
            if link is not None and path not in files and path != "insecure" and link.exists(path):
                files[path] = link.get(path)


def _domain(settings: Mapping[str, Any], options: diagnosis.Options, address: str) -> list[Stage]:
    """What the DNS says of each sender's domain, as far as its route makes it matter."""
    found: dict[Stage, None] = {}
    for mail, suffix in diagnosis.sections(settings):
        sender = mail["sender"] or mail["username"] or diagnosis.sender(settings)
        name = sender.rpartition("@")[2].lower()
        for stage in domain.stages(domain.Dns(options.servers), name, mail["route"], address):
            if stage not in found:
                found[replace(stage, route="fallback") if suffix else stage] = None
    return list(found)


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
