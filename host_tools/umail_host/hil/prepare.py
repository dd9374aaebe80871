"""Puts MicroPython and the library on a board before its first test, as `--flash` and `--deploy` say."""

from __future__ import annotations

from pathlib import Path

from umail_host import paths, terminal
from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance
from umail_host.device.board import BoardError
from umail_host.errors import UserError
from umail_host.flash import write
from umail_host.hil.dut import Dut
from umail_host.hil.faults import RigFault
from umail_host.hil.serial_log import NOTE

_ASK = "import sys\nprint(getattr(sys.implementation, '_machine', ''))\nprint(*sys.implementation.version[:3], sep='.')"
_HAS_ROMFS = "import vfs\nprint(hasattr(vfs, 'rom_ioctl') and vfs.rom_ioctl(1) > 0)"


def flash_board(board: Dut, mode: str, firmware: Path | None, kind: str) -> None:
    """Flash ``firmware`` if ``mode`` says so.

    Args:
        mode: one of ``options.FLASH``.
        firmware: the file; its name holds the version.
        kind: name of the board (`umail boards --known`); empty: asked from the board.

    Raises:
        UserError: no file, or not one for this board.
        RigFault: esptool failed, or the board does not answer afterwards.
    """
    if mode == "never" or board.virtual is not None:
        return
    if firmware is None:
        raise UserError(f"--flash {mode} needs --firmware FILE")
    machine, version = _what_runs(board)
    if mode == "if-needed" and version and version == write.version_in(firmware.name):
        return
    spec = boards.load(kind) if kind else boards.by_machine(machine)
    if spec is None:
        raise UserError(f"{board.place.spec} does not say what board it is: name it with --board-type")
    write.check_file(firmware, spec)
    port = board.link.port
    board.close()
    board.log.add(NOTE, f"flash {firmware.name}")
    try:
        write.write(firmware, spec, port, erase=False, baud=460800, echo=lambda line: board.log.add(NOTE, line.strip()))
        board.reach(20)
    except UserError as error:
        raise RigFault(f"{board.place.spec} could not be flashed: {error}") from None


def deploy_library(board: Dut, mode: str) -> None:
    """Make ``import umail`` work on the board. What `umail deploy` put there before is replaced, main.py goes.

    Args:
        mode: ``mpy`` (compiled, to the flash), ``copy`` (sources), ``mount`` (sources, read from this computer),
            ``romfs`` (compiled, into the ROMFS partition).

    Raises:
        UserError: the board has no ROMFS.
        RigFault: the board does not answer, or its flash has no room.
    """
    board.reach()
    rom = mode == "romfs"
    if rom and board.exec(_HAS_ROMFS).strip() != "True":
        raise UserError(f"{board.place.spec} has no ROMFS partition: use --deploy mpy")
    files = {} if mode == "mount" else image.package(paths.library(), image.LIBRARY, mode != "copy")
    port = board.link.port
    board.close()
    try:
        with maintenance.held(port, reset=False) as link:
            report = transfer.deploy(link, files, rom=rom)
    except UserError as error:
        raise RigFault(f"the library could not be put on {board.place.spec}: {error}") from None
    wrote = report.rom or f"{terminal.count(len(report.written), 'file')} written, {len(report.unchanged)} were there"
    board.log.add(NOTE, f"deploy {mode}: {wrote}")
    board.reach()
    if mode == "mount":
        mount_library(board)


def mount_library(board: Dut) -> None:
    """Let the board read the library from this computer, at this test and the next ones."""
    board.library = paths.library().parent
    board.unmount()


def _what_runs(board: Dut) -> tuple[str, str]:
    """Return what the board says of itself; nothing from one that holds no MicroPython."""
    try:
        board.reach(5)
        machine, version = board.exec(_ASK).splitlines()[:2]
    except BoardError:
        return "", ""
    return machine, version
