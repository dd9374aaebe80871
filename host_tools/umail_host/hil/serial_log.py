"""What went over a board's serial line, with times, and with every known secret masked."""

from __future__ import annotations

import time
from collections.abc import Callable

from umail_host.fake_smtp.record.masking import Masker

FROM_BOARD, TO_BOARD, NOTE = "<", ">", "!"
_LONG = 4000  # bytes of one entry that are shown


class SerialLog:
    """A log of lines. ``<`` came from the board, ``>`` is code sent to it, ``!`` is what the rig did.

    Args:
        masker: the secrets to hide when the log is shown.
        clock: seconds since 1970.
    """

    def __init__(self, masker: Masker, clock: Callable[[], float] = time.time) -> None:
        self.masker = masker
        self._clock = clock
        self._lines: list[tuple[float, str, bytes]] = []
        self._rest = b""
        self._since = 0.0

    def received(self, data: bytes) -> None:
        """Record what the board sent; a line gets the time of its first byte."""
        for octet in data.splitlines(keepends=True):
            if not self._rest:
                self._since = self._clock()
            self._rest += octet
            if self._rest.endswith(b"\n"):
                self._flush()

    def add(self, direction: str, text: str) -> None:
        """Record code sent to the board, or what the rig did."""
        self._flush()
        self._lines.append((self._clock(), direction, text.encode()))

    def clear(self) -> None:
        """Start over."""
        self._lines.clear()
        self._rest = b""

    def text(self) -> str:
        """Return all of it: local time, direction, line."""
        self._flush()
        shown = []
        for moment, direction, data in self._lines:
            stamp = time.strftime("%H:%M:%S", time.localtime(moment)) + f".{int(moment % 1 * 1000):03}"
            line = self.masker.mask(data).decode(errors="backslashreplace").rstrip("\r\n")
            if len(line) > _LONG:
                line = line[:_LONG] + f"… ({len(line)} characters)"
            shown += [f"{stamp} {direction} {_printable(part)}\n" for part in line.split("\n")]
        return "".join(shown)

    def _flush(self) -> None:
        if self._rest:
            self._lines.append((self._since, FROM_BOARD, self._rest))
            self._rest = b""


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in line)
