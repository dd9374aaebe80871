"""The watchdog of the virtual board's chip: it bites unless it is fed in time, and may be put off by a sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watchdog:
    """A timer in the board's thread.

    Args:
        bite: resets the chip.

    Attributes:
        seconds: the time in which it must be fed; 0 while it is off.
    """

    def __init__(self, bite: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._bite = bite
        self._timer: asyncio.TimerHandle | None = None
        self.seconds = 0.0

    def arm(self, seconds: float) -> None:
        """Begin to count ``seconds``; 0: off."""
        self.seconds = seconds
        self.put_off(seconds)

    def feed(self) -> None:
        """Begin to count from zero."""
        self.put_off(self.seconds)

    def put_off(self, seconds: float) -> None:
        """Let it bite in ``seconds`` from now, this once."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._bite) if self.seconds else None

    @property
    def left(self) -> int | None:
        """The milliseconds until it bites; None while it is off."""
        return None if self._timer is None else max(int((self._timer.when() - self._loop.time()) * 1000), 0)
