"""`umail provision`: tells a board its Wi-Fi, its way for mail, its recipients and limits, and tries it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from umail_host import files, terminal
from umail_host.configuration import checks
from umail_host.device import boards, identity, maintenance, ports
from umail_host.device.board import Board
from umail_host.doctor import domain
from umail_host.errors import UserError
from umail_host.options import BoardFiles, Dns
from umail_host.provision import answers, interview, many
from umail_host.provision.fleet import Fleet
from umail_host.provision.job import Run
from umail_host.sensing import which
from umail_host.settings import CONFIG, Settings
from umail_host.virtual_board import listed

EXAMPLE = (
    "Example: umail provision asks for everything; umail provision fleet.toml --name freezer-3 reads a file, in which "
    "each [[board]] has its board_name and may have its id (umail boards --probe); umail provision fleet.toml --all "
    "--jobs 8 --report done.csv does every board of it that is connected, eight at once, with a line for each; goes on "
    "if one fails, and a second time does only the rest. "
    "Passwords, client secrets and the like come from a question, the environment (UMAIL_SECRET_WIFI_PASSWORD, "
    "UMAIL_SECRET_FREEZER_3_MAIL_PASSWORD) or the keyring, and go into the board's NVS. "
    'With mail.oauth.flow = "device_code" you sign in with a code shown here. Keys: docs/firmware.md. '
    "Exit status: 4 when a test alert did not get through or a sign-in failed, 3 when a board did not answer, 2 when "
    "the file must be fixed; with --all 10 and as many as failed: 12 if two boards did, 110 for a hundred or more."
)
_REFUSED = 4  # exit status

FileOfBoards = Annotated[
    Path | None, typer.Argument(help="TOML file for one or many boards; without it you are asked.")
]
Ports = Annotated[
    list[str] | None,
    typer.Option(envvar="UMAIL_PORT", help="Serial port; by default the one with a board. With --all repeatable."),
]
Every = Annotated[
    bool, typer.Option("--all", help="Every board that is connected and in the file by its id, but those done.")
]
Report = Annotated[
    Path | None, typer.Option(help="With --all: file that says what became of each board, .json or .csv.")
]
Token = Annotated[
    bool, typer.Option("--token", help="The login is by a ready OAuth token (for tests), not by password.")
]
Language = Annotated[
    str, typer.Option(help="Language of mails and console, such as de; by default the file's or the board's.")
]


def command(
    file: FileOfBoards = None,
    port: Ports = None,
    name: Annotated[str, typer.Option(help="Which board of the file; by default the one with the board's id.")] = "",
    every: Every = False,
    again: Annotated[bool, typer.Option("--again", help="With --all: those too that are done.")] = False,
    jobs: Annotated[int, typer.Option(help="With --all: how many boards at once.", min=1, max=100)] = 1,
    report: Report = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --all: print what became of each as JSON.")] = False,
    token: Token = False,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Send a test alert from the board.")] = True,
    save: Annotated[Path | None, typer.Option(help="Write the configuration to this JSON file, too.")] = None,
    dns: Dns = None,
    extra: BoardFiles = None,
    language: Language = "",
) -> None:
    """Bring configuration and secrets onto a board, send a test alert from it, and say what Microsoft 365 needs."""
    more = dict(files.for_board(text) for text in extra or ())
    ask = _confirm if file is None and sys.stdin.isatty() else None
    run = Run(token, test, domain.servers(dns or []), every, terminal.echo, _warn, ask)
    named = list(port or [])
    if every:
        if file is None:
            raise UserError("--all needs a file: umail provision fleet.toml --all")
        if name or save or language:
            raise UserError("--all is for many boards: leave --name, --save and --language out")
        _all(run, many.Order(Fleet(file), named or _connected(), more, jobs, again), report, as_json)
        return
    if jobs > 1 or report or as_json or len(named) > 1:
        raise UserError("--jobs, --report, --json and several --port are for many boards: add --all")
    if language and (wrong := checks.spoken(language)):
        raise UserError(f"fix the configuration:\n  - {wrong}")
    fleet = None if file is None else Fleet(file)
    device = named[0] if named else ports.only()
    config, own = _config(fleet, name, device)
    if language:
        config["language"] = language

    def checked(settings: Settings) -> None:
        if save is not None:
            files.write(save, json.dumps(settings.config, indent=1, ensure_ascii=False) + "\n")

    job = run.prepare(config, own | more, fleet, checked)
    good = run.carry_out(device, job).good
    _tell_administrator(run)
    if not good:
        raise typer.Exit(_REFUSED)


def _connected() -> list[str]:
    """Return the ports of all boards; for a rehearsal, without a connected one, those of virtual boards."""
    return [found.device for found in ports.found()] or [board.device for board in listed.found()]


def _config(fleet: Fleet | None, name: str, device: str) -> tuple[answers.Config, interview.Files]:
    """Return the configuration for the board at ``device``, and its further files: of ``fleet``, or as answered."""
    if fleet is None:
        config, own = _interview(device)
    else:
        board = fleet.choose(name, "" if name else _identity(device))
        config, own = fleet.config(board), fleet.files(board)
    if sys.stdin.isatty():
        config = which.settle(config, device, _ask, terminal.echo)
    return config, own


def _all(run: Run, order: many.Order, report: Path | None, as_json: bool) -> None:
    """Provision all boards, and say what became of each."""
    if report is not None:
        many.check_report(report)

    def told(outcome: many.Outcome) -> None:
        terminal.echo(outcome.line, err=as_json or outcome.state in (many.FAILED, many.FOREIGN, many.TWICE))

    account = many.provision(run, order, told)
    if report is not None:
        account.write(report)
    if as_json:
        terminal.echo_json(account.as_json() | {"for_administrator": run.for_administrator})
    else:
        _tell_administrator(run)
        typer.echo(", ".join(f"{count} {what}" for what, count in account.counts().items() if what != many.ABSENT))
        if account.absent:
            terminal.echo(f"not connected: {', '.join(account.absent)}")
    if failed := account.failed:
        names = ", ".join(one.label for one in failed)
        raise UserError(
            f"{len(failed)} failed: {names}; run it again: finished boards are skipped", account.exit_status
        )
    if not account.counts().keys() & {many.READY, many.BEFORE}:
        text = f"no board of {order.fleet.path} is connected: plug it in with a cable that carries data"
        raise UserError(f"{text}, or name its --port", 3)


def _tell_administrator(run: Run) -> None:
    if script := run.for_administrator:
        typer.echo("\nWhat an administrator of Microsoft 365 runs for this route:\n\n" + script)


def _warn(text: str) -> None:
    terminal.echo(text, err=True)


def _identity(device: str) -> str:
    with maintenance.held(device) as link:
        return identity.unique_id(link)


def _interview(device: str) -> tuple[answers.Config, interview.Files]:
    """Ask for a configuration that fits the board there; in a terminal it begins with the one that the board has."""
    with maintenance.held(device) as link:
        spec, release = boards.by_machine(identity.machine(link)), identity.release(link)
        before = _before(link) if sys.stdin.isatty() else {}
    return interview.interview(_ask, before, spec, release)


def _before(link: Board) -> answers.Config:
    """Return the configuration that the board has; empty if it has none that can be read."""
    if not link.exists(CONFIG):
        return {}
    try:
        found = json.loads(link.get(CONFIG))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ask(text: str, default: str, problem: answers.Problem) -> str:
    while why := problem(answer := terminal.ask(text, default)):
        terminal.echo(f"  {why}")
    return answer


def _confirm(question: str) -> bool:
    return _ask(f"{question} (yes, no)", "yes", answers.one_of("yes", "no")) == "yes"
