"""The board's clock, and the time server that may set it right."""

from __future__ import annotations

import calendar
import struct
import time
from collections.abc import Callable

_EPOCH = 946_684_800  # 2000-01-01 in Unix time, where an ESP32 starts to count
_NTP_EPOCH = 2_208_988_800  # 1970 in NTP's time


class Clock:
    """The board's idea of the time: 2000-01-01 at power-on, then what the board sets.

    Attributes:
        ntp: whether the time server answers; it needs the Wi-Fi as well.
        ntp_offset: seconds by which its answer is wrong.
        ntp_answer: gets the server's name and its answer (48 bytes, RFC 5905), and returns what is sent instead.
        first_year: its clock starts at the first of January of it.
        true_time: gives the right time, seconds of Unix time; exchange it to live on another day.
    """

    def __init__(self, online: Callable[[], bool]) -> None:
        self.ntp = True
        self.ntp_offset = 0.0
        self.true_time: Callable[[], float] = time.time
        self.first_year = 2000
        self.ntp_answer: Callable[[str, bytes], bytes] = lambda host, packet: packet
        self._online = online
        self._offset = 0
        self.power_lost()

    def __repr__(self) -> str:
        return f"<Clock {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(self.now()))}>"

    def now(self) -> float:
        """Return what the board believes it is, in seconds of Unix time."""
        return self._microseconds() / 1e6 + _EPOCH

    def set(self, unix_time: float) -> None:
        """Set the board's clock, as a backup clock or somebody at the REPL would."""
        self._set(int((unix_time - _EPOCH) * 1e6))

    def advance(self, seconds: float) -> None:
        """Let the clock jump; negative: back."""
        self._offset += int(seconds * 1e6)

    def power_lost(self) -> None:
        """Back to where the chip starts."""
        self.set(calendar.timegm((self.first_year, 1, 1, 0, 0, 0)))

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {"clock.get": self._microseconds, "clock.set": self._set, "ntp.query": self._query, "ntp.ask": self._ask}

    def _microseconds(self) -> int:
        """Return microseconds since 2000-01-01."""
        return time.monotonic_ns() // 1000 + self._offset

    def _set(self, microseconds: int) -> None:
        self._offset = microseconds - time.monotonic_ns() // 1000

    def _query(self, host: str) -> int | None:
        if not self._online() or not host:
            raise OSError(-202)
        return int(self.true_time() + self.ntp_offset - _EPOCH) if self.ntp else None

    def _ask(self, host: str, request: list[int]) -> list[int] | None:
        """Return what a time server answers to a packet, None without one."""
        if not self.ntp:
            return None
        now = self.true_time() + self.ntp_offset + _NTP_EPOCH
        stamp = struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))
        # No warning, version 4, a server; stratum 2, poll, precision; delay and dispersion; by 127.0.0.1; the times.
        head = bytes((0x24, 2, 6, 0xEC)) + bytes(8) + b"\x7f\0\0\1"
        return list(self.ntp_answer(host, head + stamp + bytes(request[40:48]) + stamp + stamp))
