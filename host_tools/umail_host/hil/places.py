"""Where boards hang: what `--board` may say, and the port that is opened for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serial.tools import list_ports

from umail_host.errors import UserError
from umail_host.hil.faults import RigFault

_KINDS = "virtual, a port (/dev/ttyUSB0, COM3), id:SERIAL, rfc2217://HOST:PORT or labgrid:PLACE"


@dataclass(frozen=True)
class Place:
    """One board of a rig.

    Attributes:
        spec: what the user wrote.
        kind: ``virtual``, ``port``, ``id`` or ``labgrid``.
        detail: board name, port, serial number or labgrid's place.
    """

    spec: str
    kind: str
    detail: str

    @property
    def virtual(self) -> bool:
        """Whether it is not hardware but made for this run."""
        return self.kind == "virtual"

    @property
    def name(self) -> str:
        """A name for files."""
        return re.sub(r"[^A-Za-z0-9.-]+", "_", self.spec).strip("_")

    def port(self) -> str:
        """Return what pyserial opens, looked up again: a chip with USB of its own may come back under another name.

        Raises:
            RigFault: no port has that serial number now.
        """
        if self.kind != "id":
            return self.detail
        ports = list_ports.comports()
        for info in ports:
            if info.serial_number == self.detail:
                return str(info.device)
        known = ", ".join(sorted(info.serial_number for info in ports if info.serial_number)) or "none"
        raise RigFault(f"no port has the serial number {self.detail} (those here: {known}): is the board plugged in?")


def parse(spec: str) -> Place:
    """Return the place that ``spec`` names.

    Raises:
        UserError: it names none.
    """
    kind, _, detail = spec.partition(":")
    if kind == "virtual":
        return Place(spec, "virtual", detail or "virtual")
    if kind in ("id", "labgrid") and detail:
        return Place(spec, kind, detail)
    if kind in ("id", "labgrid") or not spec or (kind not in ("rfc2217", "socket", "loop") and "://" in spec):
        raise UserError(f"--board {spec}: give {_KINDS}")
    return Place(spec, "port", spec)


def parse_all(specs: list[str]) -> list[Place]:
    """Return all places; none twice, but for virtual boards, which are made one for each request.

    Raises:
        UserError: one is wrong or named twice.
    """
    places = [parse(spec) for spec in specs or ["virtual"]]
    for place in places:
        if not place.virtual and places.count(place) > 1:
            raise UserError(f"--board {place.spec} is given twice: name each board once")
    if any(place.virtual for place in places) and not all(place.virtual for place in places):
        raise UserError("--board virtual stands for any number of boards: do not mix it with real ones")
    return places
