"""`umail deploy`: brings library, firmware, certificates and configuration onto a board."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from umail_host import files, languages, paths, secret_source, terminal
from umail_host.deploy import freeze as freezing
from umail_host.deploy import run, transfer
from umail_host.deploy import watch as watching
from umail_host.device import boards, identity, ports
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.options import BoardFiles, Port
from umail_host.settings import Settings

EXAMPLE = (
    "Example: umail deploy --port /dev/ttyUSB0 --config freezer.json --secret wifi_password --secret mail_password. "
    "A secret is read from the environment (UMAIL_SECRET_MAIL_PASSWORD) or asked for; it goes into the board's NVS, "
    "never into a file here. umail deploy --romfs --healthy 60 puts library and firmware into the board's ROMFS "
    "partition, and brings the ones before back if they do not run. umail deploy --freeze build "
    "--board ESP32_GENERIC writes what a build of MicroPython with them needs."
)

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
        "with a ROMFS partition; nothing is deployed. --config says which language it speaks."
    ),
]
Healthy = Annotated[
    float,
    typer.Option(
        help="Seconds in which the new firmware must run, else the old one comes back; 0: no check.", min=0, max=86400
    ),
]
Watch = Annotated[bool, typer.Option("--watch", help="Deploy again whenever a file changes; Ctrl-C ends it.")]


def command(
    port: Port = "",
    board: Annotated[str, typer.Option(help="Name of its description; by default what the board says.")] = "",
    config: Annotated[Path | None, typer.Option(help="JSON or TOML file that becomes /config.json.")] = None,
    file: BoardFiles = None,
    secret: Annotated[list[str] | None, typer.Option(help="Name of a secret to store; may be repeated.")] = None,
    romfs: Romfs = None,
    freeze: Freeze = None,
    mpy: Annotated[bool, typer.Option("--mpy/--no-mpy", help="Compile, or copy the sources.")] = True,
    reset: Annotated[bool, typer.Option("--reset/--no-reset", help="Start the new firmware at the end.")] = True,
    wait: Annotated[float, typer.Option(help="Seconds in which the board must answer.", min=0, max=86400)] = 10,
    healthy: Healthy = 0,
    watch: Watch = False,
) -> None:
    """Bring library, firmware, certificates and configuration onto a board; only what changed is copied."""
    if healthy and not reset:
        raise UserError("--healthy needs the new firmware to start: leave --no-reset out")
    if freeze is not None:
        value = Settings.read(config).value if config else {}
        _freeze(freeze, boards.load(board or _connected(port)), bool(romfs), value)
        return
    if romfs and not mpy:
        raise UserError("--romfs needs .mpy files: remove --no-mpy")
    rom = romfs if mpy else False

    def given() -> tuple[Settings | None, dict[str, bytes]]:
        # Read again each time: with --watch they change.
        extra = dict(files.for_board(text) for text in file or ())
        return None if config is None else Settings.read(config, fresh=True), extra

    # What is wrong is reported before a board is looked for, and before a person has typed passwords.
    for name in secret or ():
        secret_source.check(name)
    given()
    device = port or ports.only()
    secrets = {name: secret_source.read(name) for name in secret or ()}

    def once() -> None:
        settings, extra = given()
        _once(run.Plan(device, board, settings, extra, secrets, rom, mpy, wait, reset), healthy)

    once()
    if watch:
        _watch(once, [paths.library(), paths.firmware(), *([config] if config else [])])


def _connected(port: str) -> str:
    try:
        return identity.connected(port)
    except UserError as error:
        known = ", ".join(boards.names())
        raise UserError(f"{error}; or say for which it is with --board ({known})", error.exit_code) from None


def _freeze(folder: Path, spec: BoardSpec, romfs: bool, value: Mapping[str, Any]) -> None:
    made = (
        freezing.write_romfs(folder, spec)
        if romfs
        else freezing.write(folder, spec, value.get("language", languages.ENGLISH), bool(value.get("update")))
    )
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


def _once(plan: run.Plan, healthy: float) -> None:
    report = transfer.Report()
    before: dict[str, bytes] | None = {} if healthy else None
    with terminal.bar("comparing") as show:
        spec, link = run.carry_out(plan, report, show, lambda text: terminal.echo(text, err=True), before)
    with link:
        _tell(plan, spec, report)
        if before is not None:
            run.confirm(plan, link, healthy, before)
            typer.echo("the new firmware runs")


def _tell(plan: run.Plan, spec: BoardSpec, report: transfer.Report) -> None:
    for warning in report.warnings:
        terminal.echo(f"warning: {warning}", err=True)
    # An open network has no password to be stored.
    stored = sum(map(bool, plan.secrets.values()))
    terminal.echo(
        f"{spec.name}: {terminal.count(len(report.written), 'file')} written ({report.octets / 1000:.1f} kB), "
        f"{len(report.unchanged)} unchanged, {len(report.removed)} removed"
        + (f"; {' and '.join(report.frozen)} frozen in its MicroPython" if report.frozen else "")
        + (f"; {report.rom}" if report.rom else "")
        + (f", {terminal.count(stored, 'secret')} stored" if stored else "")
        + ("; the board restarts" if plan.reset else "")
    )


def _watch(once: Callable[[], None], folders: list[Path]) -> None:
    typer.echo("watching; Ctrl-C ends it")
    for changed in watching.changes(folders):
        typer.echo(f"changed: {', '.join(path.name for path in changed)}")
        try:
            once()
        except UserError as error:
            # The next change may fix it.
            terminal.echo(f"umail: {error}", err=True)
