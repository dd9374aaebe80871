"""Finds the serial ports of boards, by the USB ids in the boards' descriptions."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports

from umail_host.device import boards
from umail_host.errors import UserError


@dataclass(frozen=True)
class Port:
    """A serial port with a board on it, or with a chip that boards use.

    Attributes:
        device: what a serial program opens.
        usb: its USB id, ``vid:pid``.
        serial: the USB serial number; empty if there is none.
        title: what the device calls itself.
        candidates: names of the boards that have this USB id.
    """

    device: str
    usb: str
    serial: str
    title: str
    candidates: tuple[str, ...]


def found() -> list[Port]:
    """Return the ports of this computer that may lead to a board, sorted by name."""
    known: dict[str, list[str]] = {}
    for board in boards.load_all():
        for usb in board.usb:
            known.setdefault(usb, []).append(board.name)
    ports = []
    for info in list_ports.comports():
        if info.vid is None or info.pid is None:
            continue
        usb = f"{info.vid:04x}:{info.pid:04x}"
        if usb in known:
            title = info.product or info.description or ""
            ports.append(Port(info.device, usb, info.serial_number or "", title, tuple(known[usb])))
    return sorted(ports, key=lambda port: port.device)


def only() -> str:
    """Return the one port with a board.

    Raises:
        UserError: there is none, or there are several.
    """
    ports = [port.device for port in found()]
    if len(ports) == 1:
        return ports[0]
    if ports:
        raise UserError(f"several boards are connected ({', '.join(ports)}): say which with --port", 3)
    raise UserError(
        "no board is connected: plug one in with a cable that carries data, or name its port with --port "
        "(a virtual board prints its own)",
        3,
    )
