"""Counts whole seconds for an outbox that was given no uptime: by ticks that wrap, and what the date knows of them."""

import umail

from ..net import transport as sockets


def stopwatch(ticks=None, left=None, period=0, date=None):
    """Return a function that returns the whole seconds since now, though a board's ticks wrap every 12.4 days.

    Between two calls lies less than that, or as long as the date tells, if it is known at both.

    Args:
        ticks, left (callable), period (int): ``time.ticks_ms``, ``time.ticks_diff``, and what they wrap at; 0: never.
        date (callable): as of ``Outbox``.
    """
    if ticks is None:
        ticks, left = sockets.ticks, sockets.left
        period = sockets.after(0, -1) + 1
    date = date or umail.now
    last, total, known = ticks(), 0, date()

    def seconds():
        nonlocal last, total, known
        now, today = ticks(), date()
        passed = left(now, last)
        if passed < 0:
            passed += period
        if period and known is not None and today is not None:
            # Whole turns of the counter, if the date has gone on by just those; anything else is a clock that was set.
            missing = (today - known) * 1000 - passed
            turns = (missing + period // 2) // period
            if turns > 0 and abs(missing - turns * period) < 600000:
                passed += turns * period
        last = now
        total += passed
        known = today
        return total // 1000

    return seconds
