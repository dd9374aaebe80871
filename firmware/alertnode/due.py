"""Finds when what is sent at an hour is due: in local time, and spread over a fleet by the board's id."""

from binascii import crc32

from alertnode.zone import DAY, fields

# One that is nearer, in seconds, is left as it is: it may have failed and be tried again.
_NEAR = 7200
# Minutes of a day.
_MINUTES = 1440


def minute(text):
    """Return the minute of the day of ``07:00``. Raises ValueError if it is not so."""
    hour, _, minute = text.partition(":")
    if len(hour) != 2 or len(minute) != 2 or not (hour.isdigit() and minute.isdigit()):
        raise ValueError
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError
    return int(hour) * 60 + int(minute)


def unique():
    """Return the board's id (bytes): its chip's own number."""
    import machine

    return machine.unique_id()


def late(board, spread):
    """Return by how many seconds of ``spread`` (minutes) the board with the id ``board`` (bytes) is later than others.

    It is the same at each start, and as good as any for the rest of the fleet: a mailbox takes 30 mails a minute.
    """
    return crc32(board) % (spread * 60) if spread else 0


class Beat:
    """Moves the heartbeats of an outbox to their hour: called after each flush.

    ``section`` is that of the configuration, with days, at and spread; ``board`` is its id.
    """

    def __init__(self, outbox, clock, section, board):
        self._outbox = outbox
        self._clock = clock
        self._section = section
        self._late = late(board, section["spread"])
        self._at = None

    def __call__(self):
        """Move the next heartbeat, unless it was moved or is about to be sent."""
        outbox, now = self._outbox, self._clock.now()
        if now is None or outbox.beat in (None, self._at):
            return
        wait = outbox.beat - outbox.now()
        if wait < _NEAR:
            return
        if self._at is not None:
            # One was sent just now, or it comes sooner, as there is something to tell.
            wait = min(wait, self._section["days"] * DAY)
        at = after(self._clock.zone, now + wait - DAY // 2, self._section["at"], late=self._late)
        outbox.beat = self._at = outbox.now() + at - now
        outbox.save()


def after(zone, unix, minute, every="day", on=0, late=0):
    """Return the first moment (Unix seconds) after ``unix`` that is ``late`` seconds after a ``minute`` of the day.

    ``every`` "week" takes only the weekday ``on``, 0 for Monday; "month" only the first of the month. ``late`` is less
    than a day; ``zone`` is a Zone.
    """
    day = (unix + zone.offset(unix)[1]) // DAY - 1
    while True:
        date = fields(day * DAY + minute * 60)
        # 1970-01-01 was a Thursday.
        if every == "day" or ((day + 3) % 7 == on if every == "week" else date[2] == 1):
            at = zone.unix(*date) + late
            if at > unix:
                return at
        day += 1


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
        second = local % DAY
        since = (second // 60 - self._begin) % _MINUTES
        if since >= (self._end - self._begin) % _MINUTES:
            return 0, ""
        left = (self._end * 60 - second) % DAY
        return left, self._clock.zone.short(now + left)


def minutes(hours):
    """Return (begin, end) of ``22:00-06:00`` in minutes of the day. Raises ValueError if it is not so."""
    begin, _, end = hours.partition("-")
    begin, end = minute(begin), minute(end)
    if begin == end:
        raise ValueError
    return begin, end
