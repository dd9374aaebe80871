"""`umail deploy`: brings library, firmware, certificates and configuration onto a board."""

from __future__ import annotations

import contextlib
import functools
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from umail_host import firmware_rules, paths, secret_source
from umail_host.commands import flash
from umail_host.deploy import freeze as freezing
from umail_host.deploy import image, rollback, transfer
from umail_host.deploy import watch as watching
from umail_host.device import boards, maintenance, ports
from umail_host.device.board import Board, BoardError, ExecError
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError

EXAMPLE = (
    "Example: umail deploy --port /dev/ttyUSB0 --config freezer.json --secret wifi_password --secret mail_password. "
    "A secret is read from the environment (UMAIL_SECRET_MAIL_PASSWORD) or asked for; it goes into the board's NVS, "
    "never into a file here. umail deploy --romfs --healthy 60 puts library and firmware into the board's ROMFS "
    "partition, and brings the ones before back where they do not run. umail deploy --freeze build "
    "--board ESP32_GENERIC writes what a build of MicroPython with them needs."
)

Hold = Callable[[], contextlib.AbstractContextManager[Board]]
Build = Callable[[str], tuple[BoardSpec, dict[str, bytes]]]

Romfs = Annotated[
    bool | None,
    typer.Option(
        "--romfs/--no-romfs",
        help="Library and firmware into the ROMFS partition, from where they run, or into /lib.",
        show_default="where they are now, else /lib",
    ),
]
Freeze = Annotated[
    Path | None,
    typer.Option(
        help="Write into this folder what builds MicroPython with library and firmware frozen in, or, with --romfs, "
        "with a ROMFS partition; nothing is deployed."
    ),
]


def command(
    port: Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port; by default the one with a board.")] = "",
    board: Annotated[str, typer.Option(help="Name of its description; by default what the board says.")] = "",
    config: Annotated[Path | None, typer.Option(help="JSON or TOML file that becomes /config.json.")] = None,
    file: Annotated[list[str] | None, typer.Option(help="A further file, HERE:/THERE; may be repeated.")] = None,
    secret: Annotated[list[str] | None, typer.Option(help="Name of a secret to store; may be repeated.")] = None,
    romfs: Romfs = None,
    freeze: Freeze = None,
    mpy: Annotated[bool, typer.Option("--mpy/--no-mpy", help="Compile, or copy the sources.")] = True,
    reset: Annotated[bool, typer.Option("--reset/--no-reset", help="Start the new firmware at the end.")] = True,
    wait: Annotated[float, typer.Option(help="Seconds in which the board must answer.")] = 10,
    healthy: Annotated[
        float,
        typer.Option(help="Seconds in which the new firmware must run, else the old one comes back; 0: no check."),
    ] = 0,
    watch: Annotated[
        bool, typer.Option("--watch", help="Deploy again whenever a file changes; Ctrl-C ends it.")
    ] = False,
) -> None:
    """Bring library, firmware, certificates and configuration onto a board; only what changed is copied."""
    if healthy and not reset:
        raise UserError("--healthy needs the new firmware to start: leave --no-reset out")
    if freeze is not None:
        _freeze(freeze, boards.load(board or _connected(port)), bool(romfs))
        return
    if romfs and not mpy:
        raise UserError("--romfs is for .mpy, which run from where they lie: leave --no-mpy out")
    rom = romfs if mpy else False
    secrets = {name: secret_source.read(name) for name in secret or ()}

    def once() -> None:
        # Read anew each time: with --watch they change.
        files = dict(extra_file(text) for text in file or ())
        settings = None if config is None else read_config(config)
        device = port or ports.only()

        def build(machine: str) -> tuple[BoardSpec, dict[str, bytes]]:
            spec = choose_board(machine, board)
            if settings is not None:
                check_config(settings, spec)
            return spec, image.build(spec, config=settings, extra_files=files, mpy=mpy)

        _once(functools.partial(maintenance.held, device, wait, reset), build, secrets, healthy, device, reset, rom)

    once()
    if watch:
        _watch(once, [paths.library(), paths.firmware(), *([config] if config else [])])


def _connected(port: str) -> str:
    try:
        return flash.connected(port)
    except UserError as error:
        known = ", ".join(boards.names())
        raise UserError(f"{error}; or say for which it is with --board ({known})", error.exit_code) from None


def _freeze(folder: Path, spec: BoardSpec, romfs: bool) -> None:
    made = (freezing.write_romfs if romfs else freezing.write)(folder, spec)
    typer.echo(
        f"{folder} has what builds MicroPython {made.version} for {spec.name} with {made.holds}.\n\n"
        f"On a computer with {made.needs}:\n"
        f"  sh {made.script}            # fetches MicroPython; or name a folder that has it\n"
    )
    if spec.flash_method != "none":
        how = " --romfs" if romfs else ""
        # On an ESP32 the partition moves the file system.
        erase = " --erase" if romfs and spec.flash_method == "esptool" else ""
        typer.echo(
            "Then put it on the board, and after that what is the board's own:\n"
            f"  umail flash {made.firmware}{erase}\n"
            f"  umail deploy{how} --config config.json --secret wifi_password --secret mail_password"
        )


def _once(
    hold: Hold, build: Build, secrets: dict[str, str], healthy: float, device: str, reset: bool, rom: bool | None
) -> None:
    report = transfer.Report()
    before: dict[str, bytes] | None = {} if healthy else None
    spec = deploy_over(hold, build, secrets, report, before, rom)
    for warning in report.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(
        f"{spec.name}: {len(report.written)} files written ({report.octets / 1000:.1f} kB), "
        f"{len(report.unchanged)} unchanged, {len(report.removed)} removed"
        + (f"; {' and '.join(report.frozen)} frozen in its MicroPython" if report.frozen else "")
        + (f"; {report.rom}" if report.rom else "")
        + (f", {len(secrets)} secrets stored" if secrets else "")
        + ("; the board restarts" if reset else "")
    )
    if before is not None:
        _confirm(hold, device, healthy, before)


def _confirm(hold: Hold, device: str, healthy: float, before: dict[str, bytes]) -> None:
    """Waits for the firmware to run, and brings the one before back where it does not."""
    printed = rollback.wait_healthy(device, healthy)
    if not printed:
        typer.echo("the new firmware runs")
        return
    what = f"the new firmware did not run within {healthy:g} s; the board printed:\n{printed}\n"
    if not before:
        raise UserError(f"{what}Nothing was deployed before, so it stays", 1)
    with hold() as link:
        copy(link, before, {}, transfer.Report(), rom=False)
    raise UserError(f"{what}The firmware from before is back, and its configuration; secrets are the new ones", 1)


def _watch(once: Callable[[], None], folders: list[Path]) -> None:
    typer.echo("watching; Ctrl-C ends it")
    for changed in watching.changes(folders):
        typer.echo(f"changed: {', '.join(path.name for path in changed)}")
        try:
            once()
        except UserError as error:
            # The next change may mend it.
            typer.echo(f"umail: {error}", err=True)


def deploy_over(
    hold: Hold,
    build: Build,
    secrets: dict[str, str],
    report: transfer.Report,
    before: dict[str, bytes] | None = None,
    rom: bool | None = None,
) -> BoardSpec:
    """Deploys, and goes on once by itself: the watchdog of the firmware before may have reset the board meanwhile.

    Args:
        hold: gives the board; build: the image for what the board says it is.
        before: is filled with what lay on the board before, where it is a dict.
        rom: as `deploy.deploy` takes it.
    """
    again = False
    while True:
        reached = False
        try:
            with hold() as link:
                reached = True
                spec, built = build(link.exec("import sys\nprint(sys.implementation._machine)").strip())
                if before is not None:
                    before.update(rollback.keep(link, built))
                copy(link, built, secrets, report, rom)
                return spec
        except ExecError:
            raise
        except BoardError as error:
            if again:
                raise UserError(f"{error}. Run the command again: it goes on where this one stopped", 3) from None
            if not reached:
                raise
            again = True
            typer.echo("the board went away; trying once more", err=True)


def copy(
    link: Board, built: dict[str, bytes], secrets: dict[str, str], report: transfer.Report, rom: bool | None = None
) -> None:
    """Deploys with a bar that shows how far it is."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("comparing", total=None)

        def show(path: str, done: int, total: int) -> None:
            bar.update(task, description=path, completed=done, total=total)

        transfer.deploy(link, built, rom=rom, secrets=secrets, progress=show, report=report)


def choose_board(machine: str, wanted: str) -> BoardSpec:
    """The description of the board that calls itself ``machine``.

    Args:
        wanted: the name the user gave; empty to find it.

    Raises:
        UserError: no description fits, or the wanted one is another chip's.
    """
    found = boards.by_machine(machine)
    if not wanted:
        if found is None:
            raise UserError(
                f"the board calls itself {machine!r}, which no description fits: name one with --board, "
                "or add one (docs/porting.md)",
                3,
            )
        return found
    spec = boards.load(wanted)
    if found is not None and found.chip != spec.chip and "virtual" not in (found.chip, spec.chip):
        raise UserError(f"the board calls itself {machine!r}, which is not {wanted}: leave --board out", 3)
    return spec


def read_config(path: Path) -> dict[str, Any]:
    """The configuration in the file ``path``, JSON, or TOML where its name ends so.

    Raises:
        UserError: it can't be read, is not an object of keys, or has a ``[[board]]`` for each of several boards.
    """
    toml = path.suffix == ".toml"
    try:
        text = path.read_text(encoding="utf-8")
        value = tomllib.loads(text) if toml else json.loads(text)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path} is not {'TOML' if toml else 'JSON'}: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"{path} must hold an object, {{…}}, with the keys of docs/firmware.md")
    if "board" in value:
        raise UserError(f"{path} is for umail provision, whose --save writes the configuration of one board of it")
    return value


def check_config(config: dict[str, Any], spec: BoardSpec) -> None:
    """Checks a configuration with the firmware's own rules, before anything is sent.

    Raises:
        UserError: the first sentence counts the problems, one line each follows.
    """
    firmware_rules.checked(image.config_file(config, spec))


def extra_file(text: str) -> tuple[str, bytes]:
    """Path on the board and contents of an argument ``HERE:/THERE``.

    Raises:
        UserError: it is not of that form, or can't be read.
    """
    source, colon, target = text.rpartition(":")
    if not colon or not source or not target.startswith("/"):
        raise UserError(f"--file {text}: write it as HERE:/THERE, such as trace.csv:/trace.csv")
    try:
        return target, Path(source).read_bytes()
    except OSError as error:
        raise UserError(f"--file {source} can't be read: {error.strerror}") from None
