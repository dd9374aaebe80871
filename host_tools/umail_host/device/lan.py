"""At which address a board reaches a server on this computer."""

from __future__ import annotations

import socket

from umail_host.errors import UserError


def address(virtual: bool) -> str:
    """Return the loopback for a virtual board, for others this computer's address in the LAN.

    Raises:
        UserError: this computer has no network.
    """
    if virtual:
        return "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737; a datagram socket sends nothing by this
        except OSError:
            raise UserError("this computer has no network: the board could not reach a server on it", 4) from None
        name: str = probe.getsockname()[0]
        return name
