"""`umail provision`: tells a board its Wi-Fi, its way for mail, its recipients and limits, and tries it."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from umail_host import firmware_rules, secret_source
from umail_host.commands import deploy as deploy_command
from umail_host.commands.doctor import Report
from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance, ports
from umail_host.device.board import Board
from umail_host.device.boards import BoardSpec
from umail_host.doctor import diagnosis, powershell
from umail_host.doctor.domain import Dns
from umail_host.errors import UserError
from umail_host.provision import batch, interview, sign_in

EXAMPLE = (
    "Example: umail provision asks for everything; umail provision fleet.toml --name freezer-3 reads a file, in which "
    "each [[board]] has its board_name and may have its id (umail boards --probe); umail provision fleet.toml --all "
    "does every board of it that is connected, goes on where one fails, and a second time does only the rest. "
    "Passwords, client secrets and the like come from a question, the environment (UMAIL_SECRET_WIFI_PASSWORD, "
    "UMAIL_SECRET_FREEZER_3_MAIL_PASSWORD) or the keyring, and go into the board's NVS. "
    'With mail.oauth.flow = "device_code" you sign in with a code shown here. Keys: docs/firmware.md. '
    "Exit status: 4 when a test alert did not get through or a sign-in failed, 3 when a board did not answer, 2 when "
    "the file needs mending; with --all that of the first that failed."
)
_IDENTITY = "import machine, binascii\nprint(binascii.hexlify(machine.unique_id()).decode())"
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
) -> None:
    """Bring configuration and secrets onto a board, send a test alert from it, and say what Microsoft 365 needs."""
    files = dict(deploy_command.extra_file(text) for text in extra or ())
    run = Run(token, test, dns or [], every)
    if every:
        if file is None:
            raise UserError("--all needs a file: umail provision fleet.toml --all")
        if name or save:
            raise UserError("--all is for many boards: leave --name and --save out")
        _all(run, batch.Fleet(file), [port] if port else [found.device for found in ports.found()], files, again)
        return
    device = port or ports.only()
    if file is None:
        config, more = interview.interview(_ask)
    else:
        fleet = batch.Fleet(file)
        board = fleet.choose(name, "" if name else _identity(device))
        config, more = fleet.config(board), fleet.files(board)
    job = run.prepare(config, files | more)
    if save is not None:
        save.write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    good = run.carry_out(device, job)
    run.tell_administrator()
    if not good:
        raise typer.Exit(_REFUSED)


def _all(run: Run, fleet: batch.Fleet, devices: Sequence[str], files: Mapping[str, bytes], again: bool) -> None:
    """All boards at ``devices``, one after the other; what fails is told at the end."""
    failed: list[tuple[str, int]] = []
    seen: set[str] = set()
    counts = {"provisioned": 0, "done before": 0, "not in the file": 0}
    for device in devices:
        label = device
        try:
            identity, board, job, done = _look(run, fleet, device, files, again)
            seen.add(identity)
            if board is None or job is None:
                typer.echo(f"{device}: its id {identity} is not in the file", err=True)
                counts["not in the file"] += 1
                continue
            label = f"{fleet.name(board)} ({device})"
            if done:
                typer.echo(f"{label}: done before")
                counts["done before"] += 1
                continue
            typer.echo(f"{label}:")
            if not run.carry_out(device, job):
                raise UserError("its test alert did not get through", _REFUSED)
            counts["provisioned"] += 1
        except _Named as error:
            seen.add(error.identity)
            failed.append((f"{error.name} ({device})", error.exit_code))
            typer.echo(f"{failed[-1][0]}: {error}", err=True)
        except UserError as error:
            failed.append((label, error.exit_code))
            typer.echo(f"{label}: {error}", err=True)
    run.tell_administrator()
    typer.echo(", ".join(f"{count} {what}" for what, count in counts.items() if count) or "no board is connected")
    if missing := fleet.missing(seen):
        typer.echo(f"not connected: {', '.join(missing)}")
    if failed:
        names = ", ".join(name for name, _ in failed)
        raise UserError(
            f"{len(failed)} failed: {names}; the command once more does only what is not done", failed[0][1]
        )


class _Named(UserError):
    """A failure of a board whose name in the file is known."""

    def __init__(self, name: str, identity: str, error: UserError) -> None:
        super().__init__(str(error), error.exit_code)
        self.name, self.identity = name, identity


def _look(
    run: Run, fleet: batch.Fleet, device: str, files: Mapping[str, bytes], again: bool
) -> tuple[str, dict[str, Any] | None, Job | None, bool]:
    """Which board that is: its id, its entry (None: it has none), what is to be done, and whether it is done."""
    with maintenance.held(device) as link:
        identity = link.exec(_IDENTITY).strip()
        board = fleet.find(identity)
        if board is None:
            return identity, None, None, False
        try:
            job = run.prepare(fleet.config(board), {**files, **fleet.files(board)})
            done = not again and batch.is_done(link, job.digest, job.secrets, job.sign_ins)
        except UserError as error:
            raise _Named(fleet.name(board), identity, error) from None
        return identity, board, job, done


def _identity(device: str) -> str:
    with maintenance.held(device) as link:
        return link.exec(_IDENTITY).strip()


@dataclass
class Job:
    """What is to be done to one board.

    Attributes:
        name: the board's; config: its configuration; settings: the same, with its defaults.
        files: further ones, path on the board → octets.
        secrets: name → value; sign_ins: name → section of those that a person's sign-in brings.
    """

    name: str
    config: dict[str, Any]
    settings: dict[str, Any]
    files: dict[str, bytes]
    secrets: dict[str, str] = field(repr=False)
    sign_ins: dict[str, dict[str, Any]]

    @property
    def digest(self) -> str:
        """Of what the board is provisioned with, but for the secrets."""
        return batch.digest(self.config, self.files)


class Run:
    """One run of the command, for one board or several.

    Args:
        token: the login is by a ready token; test: a test alert is sent; dns: servers, none: this computer's.
        several: it is for several boards.
    """

    def __init__(self, token: bool, test: bool, dns: list[str], several: bool) -> None:
        self._token, self._test, self._dns, self._several = token, test, dns, several
        self._answers: dict[str, str] = {}
        self._scripts: dict[str, None] = {}

    def prepare(self, config: dict[str, Any], files: dict[str, bytes]) -> Job:
        """Check a configuration, complete it, and gather its secrets; no board is touched.

        Raises:
            UserError: it needs mending, or a secret is missing.
        """
        sign_ins = batch.sign_ins(config)
        # Before any secret is asked for.
        deploy_command.check_config(config, boards.load("virtual"))
        for told in batch.pin_mx(config, Dns(self._dns)):
            typer.echo(told)
        if warning := batch.not_warned_of(config):
            typer.echo(f"warning: {warning}", err=True)
        name = config["board_name"]
        needed = [key for key in batch.secrets_needed(config, self._token) if key not in sign_ins]
        secrets = {key: secret_source.read(key, name, self._answers) for key in needed}
        settings = firmware_rules.checked(image.config_file(config, boards.load("virtual")))
        return Job(name, config, settings, files, secrets, sign_ins)

    def carry_out(self, device: str, job: Job) -> bool:
        """Provision the board at ``device``; whether its test alert, if any, got through.

        Raises:
            UserError: a sign-in failed, or the board does not answer.
        """
        signed = {key: self._sign_in(job, key, mail) for key, mail in job.sign_ins.items()}

        def build(machine: str) -> tuple[BoardSpec, dict[str, bytes]]:
            spec = deploy_command.choose_board(machine, "")
            deploy_command.check_config(job.config, spec)
            return spec, image.build(spec, config=job.config, extra_files=job.files)

        report = transfer.Report()
        hold = functools.partial(maintenance.held, device, reset=False)
        deploy_command.deploy_over(hold, build, job.secrets | signed, report)
        for warning in report.warnings:
            typer.echo(f"warning: {warning}", err=True)
        stored = len(job.secrets) + len(signed)
        typer.echo(f"{job.name}: {len(report.written)} files written, {stored} secrets stored")
        told = Report(False)
        with maintenance.held(device) as link:
            if self._test:
                # Until it is known to work.
                batch.record(link, "")
                self._try(link, job, told)
            if told.good:
                batch.record(link, job.digest)
        names = powershell.Names("boards" if self._several else job.name, told.address, token=self._token)
        self._scripts[powershell.scripts(job.settings["mail"], names)] = None
        return told.good

    def tell_administrator(self) -> None:
        """Print what Microsoft 365 needs for the boards so far, once where it is the same for several."""
        if scripts := [text for text in self._scripts if text]:
            typer.echo("\nWhat an administrator of Microsoft 365 runs for this route:\n\n" + "\n".join(scripts))

    def _sign_in(self, job: Job, key: str, mail: dict[str, Any]) -> str:
        def show(address: str, code: str) -> None:
            typer.echo(
                f"{job.name}: open {address} in any browser, enter the code {code}, and sign in as {mail['username']}; "
                "waiting for that, Ctrl-C gives up …"
            )

        return sign_in.refresh_token(mail, _roots(mail, job.files), show)

    def _try(self, link: Board, job: Job, told: Report) -> None:
        told.begin("board")
        try:
            options = diagnosis.Options(
                self._dns, ports=(), send=True, subject=f"{job.name}: test alert, the board is ready"
            )
            diagnosis.from_board(link, job.settings, options, told.add)
        finally:
            told.pause()


def _roots(mail: Mapping[str, Any], files: Mapping[str, bytes]) -> list[bytes] | str | None:
    """The roots of a route, as they are known here."""
    trust = mail.get("trust") or ()
    paths = [trust] if isinstance(trust, str) else list(trust)
    if "insecure" in paths:
        return "insecure"
    for path in paths:
        if path not in files:
            raise UserError(f"the root {path} is needed here for the sign-in: give it with --file HERE:{path}")
    return [files[path] for path in paths] or None


def _ask(text: str, default: str, problem: interview.Problem) -> str:
    while True:
        try:
            answer = str(typer.prompt(text, default=default or None)).strip()
        except typer.Abort:
            raise UserError(
                f"stopped at the question {text!r}: a script gives a TOML file, docs/provision.md"
            ) from None
        if not (why := problem(answer)):
            return answer
        typer.echo(f"  {why}")
