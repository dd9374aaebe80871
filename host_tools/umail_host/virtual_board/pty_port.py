"""The board's serial port as a pseudo-terminal, which behaves as a USB-serial adapter does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from umail_host.errors import UserError

_LOOK_AGAIN = 0.03  # seconds between looks whether somebody has opened the port
_RETRY = 0.003  # seconds until a full port is tried again


class PtyPort:
    """A pseudo-terminal behind a symbolic link.

    What the board prints while nobody has the port open is lost, as with a real adapter. The link matters: mpremote
    waits forever on a silent ``/dev/pts/N`` but not on a path of another name.

    Args:
        link: where the symbolic link goes; a file there is replaced only if it is a link. None: a temporary folder.
        receive: called with what the host sends.
        ready: called when a port that was full has taken everything.
    """

    def __init__(self, link: Path | None, receive: Callable[[bytes], None], ready: Callable[[], None]) -> None:
        try:
            import pty
            import tty
        except ImportError:
            raise UserError(
                "the virtual board needs pseudo-terminals, which this system lacks: use Linux or macOS"
            ) from None
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._receive, self._ready = receive, ready
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self._name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._folder = None if link else tempfile.TemporaryDirectory(prefix="umail-")
        self._link = link or Path(self._folder.name if self._folder else "") / "port"
        _point(self._link, self._name)
        self._pending = b""
        self._present = False
        self._closed = False
        # Not at once: what somebody sends as soon as the link is there is for a board that is still being put together.
        self._loop.call_soon(self._look)

    @property
    def url(self) -> str:
        """What a serial program opens."""
        return str(self._link)

    @property
    def full(self) -> bool:
        """Whether the last write has not gone out yet."""
        return bool(self._pending)

    def write(self, data: bytes) -> None:
        """Send ``data`` to whoever has the port open; what does not fit waits, see ``full``."""
        if not self._present:
            self._read()
        if self._present:
            self._pending += data
            self._flush()

    def close(self) -> None:
        """Take the port away."""
        self._closed = True
        if self._present:
            self._loop.remove_reader(self._master)
        os.close(self._master)
        self._link.unlink(missing_ok=True)
        if self._folder is not None:
            self._folder.cleanup()

    def _flush(self) -> None:
        if self._closed:
            return
        try:
            self._pending = self._pending[os.write(self._master, self._pending) :]
        except BlockingIOError:
            pass
        except OSError:
            self._pending = b""
        if self._pending:
            self._loop.call_later(_RETRY, self._flush)
        else:
            self._ready()

    def _look(self) -> None:
        """Look from time to time whether somebody has the port open; until then its end reads as an error."""
        if not self._closed and not self._present:
            self._read()
            if not self._present:
                self._loop.call_later(_LOOK_AGAIN, self._look)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            data = None
        except OSError:
            data = b""
        present = data is None or data != b""
        if present and not self._present:
            self._loop.add_reader(self._master, self._read)
        elif self._present and not present:
            self._loop.remove_reader(self._master)
            self._pending = b""
            _forget_input(self._name)
            self._ready()
            self._loop.call_later(_LOOK_AGAIN, self._look)
        self._present = present
        if data:
            self._receive(data)


def _forget_input(name: str) -> None:
    """Drop what one program has not read, as an adapter's driver does when the port is closed."""
    import termios

    slave = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    termios.tcflush(slave, termios.TCIFLUSH)
    os.close(slave)


def _point(link: Path, target: str) -> None:
    if link.is_symlink():
        link.unlink()
    try:
        link.symlink_to(target)
    except FileExistsError:
        raise UserError(f"{link} exists and is not a link to a port: name another path") from None
    except OSError as error:
        raise UserError(f"{link} can't be made a link to the port: {error.strerror}") from None
