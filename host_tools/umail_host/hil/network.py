"""The board's Wi-Fi and the access point, the same for virtual and real boards: the fixture `wifi`."""

from __future__ import annotations

import shlex
import subprocess

from umail_host.device import lan
from umail_host.device.board import SCRIPT
from umail_host.errors import UserError
from umail_host.hil.dut import Dut
from umail_host.hil.faults import RigFault

_LIMIT = 60.0  # seconds that the access point's command may take


class Wifi:
    """The network of one board.

    Args:
        board: the board.
        ssid, password: the network's, for real boards.
        access_point: a command that switches the access point; gets ``up`` or ``down`` as its last word.
    """

    def __init__(self, board: Dut, ssid: str, password: str, access_point: str) -> None:
        self._board = board
        self._command = access_point
        self.ssid = ssid or "virtual"
        self.dropped = False
        self._password = password
        if password:
            board.mask(password)

    def join(self, timeout: float = 20.0) -> int:
        """Let the board join; milliseconds that it took.

        Raises:
            RigFault: it did not come up in time; `attempt` is for tests in which that is the matter.
        """
        answer = self.attempt(timeout)
        if isinstance(answer, int):
            return answer
        raise RigFault(f"{self._board.place.spec} did not join the Wi-Fi {self.ssid} within {timeout:g} s ({answer})")

    def attempt(self, timeout: float = 20.0) -> int | str:
        """Join as ``join`` does, but return the board's status as text if it did not come up."""
        self._board.exec(SCRIPT.read_text(encoding="utf-8"))
        answer: int | str = self._board.call("join", self.ssid, self._password, int(timeout), timeout=timeout + 10)
        return answer

    def leave(self) -> None:
        """Let the board leave."""
        self._board.exec("import network\nnetwork.WLAN(0).disconnect()")

    @property
    def online(self) -> bool:
        """Whether the board has an address."""
        return bool(self._board.eval("__import__('network').WLAN(0).isconnected()"))

    def drop(self) -> None:
        """Take the access point away."""
        self.dropped = True
        if self._board.virtual is not None:
            self._board.virtual.wifi.drop()
        else:
            self._switch("down")

    def restore(self) -> None:
        """Bring the access point back."""
        self.dropped = False
        if self._board.virtual is not None:
            self._board.virtual.wifi.up()
        else:
            self._switch("up")

    def _switch(self, word: str) -> None:
        try:
            subprocess.run([*shlex.split(self._command), word], check=True, capture_output=True, timeout=_LIMIT)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise RigFault(f"the access point could not be switched {word} ({error})") from None


def address(virtual: bool) -> str:
    """Return the address at which the board reaches a server: the loopback, or this computer's in the LAN."""
    try:
        return lan.address(virtual)
    except UserError as error:
        raise RigFault(str(error)) from None
