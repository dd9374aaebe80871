"""What the board prints: line ends as a UART sends them, the part that a program printed, and a record with times."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from umail_host.errors import UserError

_FRAME = 0x18
# What follows the command byte in each frame of `mpremote mount`, as the board sends it: a byte, a word, a string.
_LAYOUT = {1: "s", 2: "s", 3: "", 4: "ss", 5: "b", 6: "bw", 7: "b", 8: "bs", 9: "bwb", 10: "s", 11: "ss", 12: "s"}
_LAYOUT[13] = "s"
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
HELP = b'Type "help()" for more information.\r\n'
PROMPT = b">>> "
_BANNER = HELP + PROMPT
_PROMPTS = re.compile(rb"(?:>>> (?:\r\n)?)+\Z")
_PARTS = b"|".join(re.escape(whole[:size]) for whole in (RAW_PROMPT, PROMPT) for size in range(1, len(whole)))
# Prompts, and the beginning of what may follow them, or of the first of them on a line of its own.
_BEGUN = re.compile(rb"(?:>>> (?:\r\n)?)+(?:\r|%s)?\Z|(?<![^\n])>{1,3}\Z" % _PARTS)
_LOOKED = 256  # bytes in which prompts are looked for


class LineEnds:
    """Turns LF into CR LF as a board's console does, except inside the binary frames of `mpremote mount`."""

    def __init__(self) -> None:
        self._last = 0
        self._frame: Iterator[None] | None = None
        self._byte = 0

    def convert(self, data: bytes) -> bytes:
        """Return the bytes of ``data`` as they go over the wire; state is kept between calls."""
        if self._frame is None and _FRAME not in data and self._last != 0x0D and b"\r" not in data:
            self._last = data[-1] if data else self._last
            return data.replace(b"\n", b"\r\n")
        out = bytearray()
        for byte in data:
            if self._frame is not None:
                out.append(byte)
                self._byte = byte
                if next(self._frame, self) is self:
                    self._frame = None
                self._last = 0
                continue
            if byte == _FRAME:
                self._frame = self._fields()
                next(self._frame)
            elif byte == 0x0A and self._last != 0x0D:
                out.append(0x0D)
            out.append(byte)
            self._last = byte
        return bytes(out)

    def _fields(self) -> Iterator[None]:
        """Consume one frame, a byte (``self._byte``) at each step; ends when the frame does."""
        yield  # primed
        for field in _LAYOUT.get(self._byte, ""):
            if field == "b":
                yield
                continue
            length = 0
            for shift in (0, 8, 16, 24):
                yield
                length |= self._byte << shift
            if field == "s":
                for _ in range(length):
                    yield


class Program:
    """Tells what programs print, and a person's REPL, from what mpremote and `umail` say with the raw REPL.

    The raw REPL begins with its own prompt and ends with the REPL's banner, or with the power cycle. Prompts in front
    of it, which a host program asks for, are part of it: so a prompt is recognised only when something follows it.
    """

    def __init__(self) -> None:
        self._raw = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return the part of ``data``, and of what was held back, that a program printed."""
        shown, self._held = b"", self._held + data
        while True:
            head, found, tail = self._held.partition(_BANNER if self._raw else RAW_PROMPT)
            if not found:
                break
            if not self._raw:
                shown += head[: _start(_PROMPTS, head)]
            self._raw, self._held = not self._raw, tail
        if self._raw:
            self._held = self._held[-len(_BANNER) :]
            return shown
        end = _start(_BEGUN, self._held)
        shown, self._held = shown + self._held[:end], self._held[end:]
        return shown


def _start(pattern: re.Pattern[bytes], data: bytes) -> int:
    """Return where that begins with which ``data`` ends."""
    found = pattern.search(data, max(0, len(data) - _LOOKED))
    return found.start() if found else len(data)


@dataclass(frozen=True)
class Printed:
    """Some bytes that the board printed, and when (``time.monotonic()`` seconds)."""

    time: float
    data: bytes


class Console:
    """Record of what the board printed.

    Args:
        on_console: called with what programs print as it comes, see `Program`, from the board's thread.
        kept: bytes after which the older half is forgotten.
    """

    def __init__(self, on_console: Callable[[bytes], None] | None = None, kept: int = 16 * 1024 * 1024) -> None:
        self.on_console = on_console
        self.entries: deque[Printed] = deque()
        self._kept = kept
        self._data = bytearray()
        self._seen = 0
        self._changed = threading.Condition()

    def __bytes__(self) -> bytes:
        with self._changed:
            return bytes(self._data)

    @property
    def text(self) -> str:
        """All of it as text; bytes that are not UTF-8 are replaced."""
        return bytes(self).decode(errors="replace")

    def add(self, data: bytes, of_program: bytes | None = None) -> None:
        """Append what the board printed; ``of_program``: the part of it, and of before, from a program; None: all."""
        with self._changed:
            self.entries.append(Printed(time.monotonic(), data))
            self._data += data
            self._forget()
            self._changed.notify_all()
        told = data if of_program is None else of_program
        if told and self.on_console is not None:
            self.on_console(told)

    def _forget(self) -> None:
        """Drop the older half of a record that has grown too long."""
        if len(self._data) <= self._kept:
            return
        while len(self._data) > self._kept // 2 and len(self.entries) > 1:
            gone = len(self.entries.popleft().data)
            del self._data[:gone]
            self._seen = max(self._seen - gone, 0)

    def skip(self) -> None:
        """Let `wait_for` look only at what is printed from now on."""
        with self._changed:
            self._seen = len(self._data)

    def wait_for(self, text: str, timeout: float) -> str:
        """Wait until ``text`` is printed after what the last call found; returns what came up to its end.

        Raises:
            UserError: not within ``timeout`` seconds; the sentence shows what came instead.
        """
        wanted, deadline = text.encode(), time.monotonic() + timeout
        with self._changed:
            while (found := self._data.find(wanted, self._seen)) < 0:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    tail = bytes(self._data[max(self._seen, len(self._data) - 800) :]).decode(errors="replace")
                    raise UserError(f"the board did not print {text!r} within {timeout} s, but: {tail!r}", exit_code=3)
            start, self._seen = self._seen, found + len(wanted)
            return bytes(self._data[start : self._seen]).decode(errors="replace")
