"""The server's clock: the real one, or one that a test moves."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """The machine's clock."""

    def time(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` have passed on this clock."""
        await asyncio.sleep(seconds)


class ManualClock(Clock):
    """A clock that stands still until it is moved; whoever sleeps on it wakes when it has moved far enough.

    Args:
        start: its time at first, seconds since 1970.
    """

    def __init__(self, start: float = 1_770_000_000.0) -> None:
        self._now = start

    def time(self) -> float:
        return self._now

    def move(self, seconds: float) -> None:
        """Let ``seconds`` pass, backwards if negative; may be called from any thread."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        due = self._now + seconds
        while self._now < due:
            await asyncio.sleep(0.005)
