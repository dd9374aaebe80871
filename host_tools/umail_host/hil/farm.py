"""labgrid's side of a rig: what an exporter shares of this computer's boards, and the places that are made of it."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from umail_host.device.ports import Port
from umail_host.errors import UserError
from umail_host.hil import labgrid

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LIMIT = 30.0  # seconds that a command of labgrid's client may take


@dataclass(frozen=True)
class Shared:
    """One board that an exporter shares.

    Attributes:
        name: of the resource group, and of the place.
        resource: YAML below it.
        board: name of a folder under boards/; a tag of the place. Empty if it is not known.
    """

    name: str
    resource: str
    board: str


def of_port(port: Port) -> Shared | None:
    """Return a board on USB, known again by its serial number; None if it has none."""
    if not port.serial or not _NAME.fullmatch(port.serial):
        return None
    board = port.candidates[0] if len(port.candidates) == 1 else ""
    chip = (board or "board").lower().replace("_generic", "").replace("_", "-")
    resource = f'  USBSerialPort:\n    match:\n      ID_SERIAL_SHORT: "{port.serial}"\n    speed: 115200\n'
    return Shared(f"{chip}-{port.serial}", resource, board)


def of_network(text: str) -> Shared:
    """Return a board behind an RFC 2217 server, as ``NAME=HOST:PORT``.

    Raises:
        UserError: it is not written so.
    """
    found = re.fullmatch(r"([A-Za-z0-9._-]+)=([^\s:]+):(\d+)", text)
    if not found or not 0 < int(found[3]) < 65536:
        raise UserError(f"--network {text}: write it as NAME=HOST:PORT, such as freezer=10.0.0.7:4000")
    resource = f"  NetworkSerialPort:\n    host: {found[2]}\n    port: {found[3]}\n    protocol: rfc2217\n"
    return Shared(found[1], resource, "")


def of_path(text: str) -> Shared:
    """Return a board on a serial port without a USB serial number, as ``NAME=/dev/PORT``.

    Raises:
        UserError: it is not written so.
    """
    found = re.fullmatch(r"([A-Za-z0-9._-]+)=(/dev/[\w./:@+-]+)", text)
    if not found:
        raise UserError(f"--serial {text}: write it as NAME=/dev/PORT, such as freezer=/dev/serial0")
    return Shared(found[1], f'  RawSerialPort:\n    port: "{found[2]}"\n    speed: 115200\n', "")


def exporter(shared: Iterable[Shared]) -> str:
    """Return the exporter's configuration.

    Raises:
        UserError: two boards have one name, of which labgrid would see the last only.
    """
    shared = list(shared)
    names = [one.name for one in shared]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"{twice[0]} is the name of two boards: give each its own")
    text = "## Boards of this host, for labgrid-exporter (a line that begins with one # is a statement to it).\n"
    for one in shared:
        text += f"{one.name}:\n" + (f"  ## board: {one.board}\n" if one.board else "") + one.resource
    return text


def places(configuration: str, host: str) -> list[list[str]]:
    """Return the words for labgrid's client that make a place of each board in an exporter's configuration.

    Args:
        configuration: what `exporter` made.
        host: the exporter's name; its host's, unless it was started with ``--name``.

    Raises:
        UserError: there is no board in it.
    """
    commands = []
    for name, rest in re.findall(r"^([A-Za-z0-9._-]+):\n((?:[ #].*\n|\n)*)", configuration, re.MULTILINE):
        commands += [["-p", name, "create"], ["-p", name, "add-match", f"{host}/{name}/*"]]
        if board := re.search(r"# board: (\S+)", rest):
            commands.append(["-p", name, "set-tags", f"board={board[1]}"])
    if not commands:
        raise UserError("the configuration holds no board: make it with `umail farm exporter`")
    return commands


def apply(commands: Iterable[list[str]]) -> None:
    """Run labgrid's client with each of them; a place that is there already stays.

    Raises:
        UserError: the client is not here, or refused.
    """
    for words in commands:
        done = subprocess.run([labgrid.client(), *words], capture_output=True, text=True, timeout=_LIMIT, check=False)
        if done.returncode and "exists" not in done.stderr:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise UserError(f"`labgrid-client {shlex.join(words)}` failed: {said[-1]}", 4)
