"""A MicroPython board on a serial port: reached whatever it does, files put and hashed, code run, resets.

Over mpremote's transport, so that any port pyserial opens will do: ``/dev/ttyUSB0``, ``COM3``, ``rfc2217://host:port``,
the link of a virtual board.
"""

from __future__ import annotations

import binascii
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serial
from mpremote.transport import TransportError, TransportExecError

from umail_host import terminal, trees
from umail_host.device import port_failure
from umail_host.device.transport import BoundedTransport
from umail_host.errors import UserError

SCRIPT = Path(__file__).with_name("on_board.py")  # what several tools run on a board
__tracebackhide__ = True  # a failed test of the plugin shows its own lines
_NO_BOARD = 3  # exit status
_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_KNOCK = 0.05  # seconds between two Ctrl-C: a firmware that only wakes to sleep again listens no longer
_KNOCKS = 10  # of them in silence until the REPL is asked for all the same: a raw one does not answer to Ctrl-C
_QUIET = 0.1  # seconds of silence after which no late answer is expected
_MUTTER = 5.0  # seconds in which late answers must end
_LARGEST = 16_000_000  # bytes of a file: more than any board's flash
_NO_LINES = "ign_set_control"  # of pyserial's RFC 2217: not to wait until the server confirms DTR and RTS
_CHUNK = 1024  # bytes of a file in one command; the board holds its base64 text and the bytes at once

_PUT = """\
import binascii
f=open(%r,'wb')
def w(s):f.write(binascii.a2b_base64(s))
"""
_TREE = """\
import os,hashlib,binascii
def t(p):
 for e in os.ilistdir(p or '/'):
  q=p+'/'+e[0]
  if e[1]&0x4000:print(repr((q,-1,'')));t(q);continue
  h=hashlib.sha256();n=0
  with open(q,'rb') as f:
   while 1:
    k=f.readinto(b)
    if not k:break
    n+=k;h.update(m[:k])
  print(repr((q,n,binascii.hexlify(h.digest()).decode())))
b=bytearray(512);m=memoryview(b)
t(%r)
"""
_MAKE_FOLDER = """\
import os
p=''
for d in %r.split('/'):
 if not d:continue
 p+='/'+d
 try:os.mkdir(p)
 except OSError as e:
  if e.errno!=17:raise
"""
_REMOVE = """\
import os
def r(p):
 if os.stat(p)[0]&0x4000:
  for e in list(os.ilistdir(p)):r(p+'/'+e[0])
  os.rmdir(p)
 else:os.remove(p)
try:r(%r)
except OSError as e:
 if e.errno!=2:raise
"""


class BoardError(UserError):
    """The board does not answer, or not as a MicroPython board does."""

    def __init__(self, message: str) -> None:
        super().__init__(message, _NO_BOARD)


class ExecError(BoardError):
    """Code raised an exception on the board; ``traceback`` is what it printed."""

    def __init__(self, port: str, traceback: str) -> None:
        last = traceback.strip().splitlines()[-1] if traceback.strip() else "an exception"
        super().__init__(f"the board at {port} raised {terminal.printable(last)}")
        self.traceback = traceback


@dataclass(frozen=True)
class Entry:
    """A file or folder on the board: size in bytes (-1: a folder), SHA-256 in hexadecimal."""

    size: int
    sha256: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.size < 0


class Board:
    """One board, as a context manager.

    Args:
        port: what pyserial opens.
        baudrate: bits per second.
        on_console: called with what the board prints while it is waited for.

    Raises:
        BoardError: the port does not exist, is in use, or may not be opened.
    """

    def __init__(self, port: str, baudrate: int = 115200, on_console: Callable[[bytes], None] | None = None) -> None:
        self.port = port
        self._on_console = on_console
        self._has_lines = _NO_LINES not in port
        try:
            self._transport = self._open(port, baudrate)
        except (TransportError, serial.SerialException, OSError, ValueError):
            raise BoardError(f"the port {port} can't be opened: {port_failure.reason(port)}") from None

    def __repr__(self) -> str:
        return f"<Board {self.port}>"

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, port: str, baudrate: int) -> BoundedTransport:
        try:
            return BoundedTransport(port, baudrate=baudrate, wait=0, timeout=10)
        except TransportError:
            # A server whose port lacks DTR and RTS, such as ser2net before a pseudo-terminal, never confirms them.
            if not self._has_lines or not port_failure.listens(port):
                raise
        self._has_lines = False
        return BoundedTransport(f"{port}{'&' if '?' in port else '?'}{_NO_LINES}", baudrate=baudrate, timeout=10)

    def close(self) -> None:
        """Free the port; the board goes on with what it does."""
        try:
            self._transport.close()
        except OSError:
            pass  # it has gone already

    # The REPL.

    def enter(self, timeout: float = 10.0, soft_reset: bool = False) -> None:
        """Stop whatever runs and enter the raw REPL.

        Ctrl-C is repeated until the board answers, so that one that boots, sleeps for a while or is busy in a TLS
        handshake is caught as soon as it listens, in the boot window at the latest.

        Args:
            timeout: seconds to try.
            soft_reset: begin with a clean heap; boot.py runs, main.py does not.

        Raises:
            BoardError: it did not answer.
        """
        deadline = time.monotonic() + timeout
        attempts, heard = 0, b"?"
        while not heard.endswith(_BANNER):
            if time.monotonic() > deadline:
                raise BoardError(
                    f"no MicroPython answered at {self.port} within {timeout:g} s: "
                    "press the board's reset button, or hold it in its boot window"
                )
            self._write(b"\r\x03")
            if heard or attempts % _KNOCKS == 0:
                self._write(b"\r\x01")
            attempts += 1
            heard = self._read_until(_BANNER, _KNOCK)
        if attempts > 1:
            self._settle()
        self._transport.in_raw_repl = True
        if soft_reset:
            self.soft_reset()

    def soft_reset(self) -> None:
        """Reset the interpreter from the raw REPL, and stay in it: boot.py runs, main.py does not."""
        self._expect(b">", 10)
        self._write(b"\x04")
        self._expect(b"soft reboot\r\n", 10)
        self._expect(_BANNER, 20)

    def start(self) -> None:
        """Leave the raw REPL by a soft reset that runs boot.py and main.py."""
        self._write(b"\r\x02")
        self._expect(b">>> ", 10)
        self._transport.in_raw_repl = False
        self._write(b"\x04")

    def hard_reset(self) -> None:
        """Reset the chip: by the reset line if the port has one, else by `machine.reset()`; main.py runs.

        The second way needs the raw REPL (`enter`).
        """
        was_raw = self._transport.in_raw_repl
        if not self.press_reset():
            if not was_raw:
                self.enter()
            self._run(lambda: self._transport.exec_raw_no_follow("import machine\nmachine.reset()"))
            self._transport.in_raw_repl = False

    def press_reset(self) -> bool:
        """Pull the reset line, whatever the board does; False if the port has none."""
        if not self._has_lines:
            return False
        try:
            # While a folder is mounted, mpremote's own object stands before the port.
            port = getattr(self._serial, "orig_serial", self._serial)
            port.dtr = False
            port.rts = True  # pulls EN low through the board's auto-reset circuit
            time.sleep(0.1)
            port.rts = False
        except OSError:
            return False
        self._transport.in_raw_repl = False
        return True

    def exec(self, code: str | bytes, timeout: float = 10.0, on_output: Callable[[bytes], None] | None = None) -> str:
        """Run code and return what it printed.

        Args:
            code: MicroPython source; as bytes it may hold any in its literals.
            timeout: seconds of silence after which it is given up.
            on_output: called with each byte as it comes; nothing is returned then.

        Raises:
            ExecError: it raised.
            BoardError: it was silent for too long, or the board has gone.
        """

        def show(byte: bytes) -> None:
            if on_output is not None and byte != b"\x04":  # the end mark of the raw REPL
                on_output(byte)

        consumer = show if on_output is not None else None
        out, error = self._run(lambda: self._transport.exec_raw(code, timeout=timeout, data_consumer=consumer))
        if error:
            raise ExecError(self.port, error.decode(errors="replace"))
        return "" if on_output else out.decode(errors="replace").replace("\r\n", "\n")

    def eval(self, expression: str) -> Any:
        """Return the value of an expression whose repr() is a Python literal."""
        printed = self.exec(f"print(repr(({expression})))")
        try:
            return trees.literal(printed.strip())
        except (ValueError, SyntaxError):
            raise BoardError(f"the board at {self.port} answered {printed!r} to {expression}") from None

    # Files.

    def put(self, path: str, data: bytes, progress: Callable[[int], None] | None = None) -> None:
        """Write a file; its folder must exist. ``progress`` is called with the bytes written at each step."""
        self.exec(_PUT % path)
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            self.exec(f"w({binascii.b2a_base64(chunk, newline=False)!r})")
            if progress is not None:
                progress(len(chunk))
        self.exec("f.close()\ndel f,w")

    def get(self, path: str) -> bytes:
        """Return the contents of a file."""
        self.exec(f"import binascii\nf=open({path!r},'rb')")
        data = b""
        while chunk := self.exec(f"print(binascii.b2a_base64(f.read({_CHUNK})).decode(),end='')").strip():
            data += binascii.a2b_base64(chunk)
            if len(data) > _LARGEST:
                raise BoardError(f"the board at {self.port} sends {path} without end")
        self.exec("f.close()\ndel f")
        return data

    def tree(self, folder: str = "") -> dict[str, Entry]:
        """Return all below ``folder`` (empty: everything), by absolute path, files with their hashes; one command."""
        found = (trees.literal(line) for line in self.exec(_TREE % folder.rstrip("/"), timeout=30).splitlines())
        return {path: Entry(size, sha256) for path, size, sha256 in found}

    def listdir(self, folder: str = "/") -> list[str]:
        """Return the names in a folder, sorted."""
        self.exec("import os")
        names: list[str] = self.eval(f"os.listdir({folder!r})")
        return sorted(names)

    def hash(self, path: str) -> str:
        """Return the SHA-256 of a file in hexadecimal."""
        digest: bytes = self._run(lambda: self._transport.fs_hashfile(path, "sha256"))
        return digest.hex()

    def exists(self, path: str) -> bool:
        """Tell whether there is a file or folder ``path``."""
        return bool(self._run(lambda: self._transport.fs_exists(path)))

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, if missing."""
        self.exec(_MAKE_FOLDER % path)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it; nothing if it does not exist."""
        self.exec(_REMOVE % path)

    # The console, outside the raw REPL.

    def read_console(self, timeout: float = 0.1) -> bytes:
        """Return what the board has printed; waits up to ``timeout`` seconds for the first byte."""
        deadline = time.monotonic() + timeout
        while not (count := self._waiting()) and time.monotonic() < deadline:
            time.sleep(0.01)
        data: bytes = self._run(lambda: self._serial.read(count)) if count else b""
        if data and self._on_console is not None:
            self._on_console(data)
        return data

    def wait_for(self, wanted: str | re.Pattern[str], timeout: float) -> Any:
        """Read the console until a text comes, and return all that was read; or the match of a regular expression.

        Raises:
            BoardError: not within ``timeout`` seconds.
        """
        data, deadline = b"", time.monotonic() + timeout
        while True:
            text = data.decode(errors="replace")
            found = (text if wanted in text else None) if isinstance(wanted, str) else wanted.search(text)
            if found is not None:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                what = repr(wanted if isinstance(wanted, str) else wanted.pattern)
                tail = text[-800:]
                raise BoardError(f"the board at {self.port} did not print {what} within {timeout:g} s, but: {tail!r}")
            data += self.read_console(min(left, 0.1))

    # Inside.

    @property
    def _serial(self) -> Any:
        return self._transport.serial

    def _run(self, function: Callable[[], Any]) -> Any:
        """Call the transport; its errors become sentences."""
        try:
            return function()
        except TransportExecError as error:
            raise ExecError(self.port, error.error_output) from None
        except (TransportError, serial.SerialException, OSError) as error:
            raise BoardError(f"the board at {self.port} does not answer ({error}): is it still connected?") from None

    def _write(self, data: bytes) -> None:
        self._run(lambda: self._serial.write(data))

    def _waiting(self) -> int:
        count: int = self._run(self._serial.inWaiting)  # as a mounted one has it
        return count

    def _read_until(self, ending: bytes, timeout: float) -> bytes:
        data: bytes = self._run(lambda: self._transport.read_until(1, ending, timeout=timeout, timeout_overall=timeout))
        if data and self._on_console is not None:
            self._on_console(data)
        return data

    def _expect(self, ending: bytes, timeout: float) -> None:
        if not (data := self._read_until(ending, timeout)).endswith(ending):
            raise BoardError(f"the board at {self.port} answered {data[-200:]!r} instead of {ending!r}")

    def _settle(self) -> None:
        """Wait until all is said, as several attempts may be answered several times, however late.

        A word of our own comes after all of that: another banner could be the answer to an attempt of before.
        """
        deadline = time.monotonic() + _MUTTER
        while self.read_console(_QUIET) and time.monotonic() < deadline:
            pass
        said = b""
        # (A Ctrl-C of before may still stop one.)
        for _ in range(3):
            word = secrets.token_hex(4).encode()
            self._write(b"\x01print('%s')\x04" % word)
            # The prompt behind it is what the next command waits for.
            ending = word + b"\r\n\x04\x04"
            if (said := self._read_until(ending, 2)).endswith(ending):
                return
        raise BoardError(f"the board at {self.port} answered {said[-200:]!r} instead of a word that it was to print")
