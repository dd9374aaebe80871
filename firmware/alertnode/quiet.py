"""Knows the quiet hours, in which what is not urgent waits; loaded only if there are some."""

from alertnode.due import minute

_DAY = 1440


class Quiet:
    """Returns how long mails wait; ``hours`` is ``22:00-06:00`` in local time, ``clock`` a Clock."""

    def __init__(self, hours, clock):
        self._begin, self._end = minutes(hours)
        self._clock = clock

    def __call__(self):
        """Return (seconds until the quiet hours end, ``06:00``); (0, "") outside of them or without a date."""
        now = self._clock.now()
        if now is None:
            return 0, ""
        local = now + self._clock.zone.offset(now)[1]
        second = local % 86400
        since = (second // 60 - self._begin) % _DAY
        if since >= (self._end - self._begin) % _DAY:
            return 0, ""
        left = (self._end * 60 - second) % 86400
        return left, self._clock.zone.short(now + left)


def minutes(hours):
    """Return (begin, end) of ``22:00-06:00`` in minutes of the day. Raises ValueError if it is not so."""
    begin, _, end = hours.partition("-")
    begin, end = minute(begin), minute(end)
    if begin == end:
        raise ValueError
    return begin, end
