"""Computes dates from Unix seconds, and local time by a POSIX TZ rule such as ``CET-1CEST,M3.5.0,M10.5.0/3``.

MicroPython knows no time zones, and its ports count from 1970 or from 2000. So all of the alert node counts Unix
seconds (since 1970-01-01 00:00 UTC), and dates are computed here, by arithmetic alone.
"""

DAY = 86400


def days(year, month, day):
    """Return the number of days from 1970-01-01 to this date of the Gregorian calendar."""
    # The year is counted from March, so that the leap day is its last day.
    if month < 3:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469


def seconds(year, month, day, hour=0, minute=0, second=0):
    """Return Unix seconds of this date and time, taken as UTC."""
    return days(year, month, day) * DAY + hour * 3600 + minute * 60 + second


def fields(unix):
    """Return (year, month, day, hour, minute, second) in UTC of ``unix`` seconds."""
    unix = int(unix)
    number = unix // DAY
    second = unix - number * DAY
    number += 719468
    era = number // 146097
    number -= era * 146097
    year = (number - number // 1460 + number // 36524 - number // 146096) // 365
    number -= 365 * year + year // 4 - year // 100
    month = (5 * number + 2) // 153
    day = number - (153 * month + 2) // 5 + 1
    year += era * 400
    month += 3
    if month > 12:
        month -= 12
        year += 1
    return year, month, day, second // 3600, second // 60 % 60, second % 60


class Zone:
    """Knows the time zone of a POSIX TZ ``rule``, a text or what ``zone_rule.parts`` makes of it.

    Raises ValueError, with a sentence, if the text is not a rule.
    """

    def __init__(self, rule):
        if isinstance(rule, str):
            from alertnode import zone_rule

            rule = zone_rule.parts(rule)
        self._standard, self._summer, self._start, self._end = rule

    def offset(self, unix):
        """Return (name, seconds east of Greenwich) in force at ``unix``."""
        if self._summer is None:
            return self._standard
        standard = self._standard[1]
        year = fields(unix + standard)[0]
        start = _moment(year, self._start) - standard
        end = _moment(year, self._end) - self._summer[1]
        # South of the equator summer begins in one year and ends in the next.
        summer = start <= unix < end if start < end else not end <= unix < start
        return self._summer if summer else self._standard

    def unix(self, *local):
        """Return Unix seconds of a local (year, month, day, hour, minute, second).

        A time that comes twice, when summer time ends, is the first of the two.
        """
        local = seconds(*local)
        if self._summer is not None:
            guess = local - self._summer[1]
            if self.offset(guess) is self._summer:
                return guess
        return local - self._standard[1]

    def text(self, unix):
        """Return ``2026-11-24 12:03:10 CET``: the local time at ``unix``, with its zone."""
        name, east = self.offset(unix)
        return "{0:04d}-{1:02d}-{2:02d} {3:02d}:{4:02d}:{5:02d} {6}".format(*(fields(unix + east) + (name,)))

    def short(self, unix):
        """Return ``12:03``: the local time of day at ``unix``."""
        return "%02d:%02d" % fields(unix + self.offset(unix)[1])[3:5]


def _moment(year, change):
    """Return the change's wall-clock time in ``year``, as seconds since 1970 on that same wall clock."""
    day, at = change
    first = days(year, 1, 1)
    if not isinstance(day, int):
        month, week, weekday = day
        first = days(year, month, 1)
        # 1970-01-01 was a Thursday; POSIX counts from Sunday.
        day = first + (weekday - first - 4) % 7 + 7 * (week - 1)
        if day >= days(year + month // 12, month % 12 + 1, 1):
            day -= 7
    elif day > 0:
        # "Jn" never counts the leap day: after February it is skipped.
        day += first - 1
        if day >= first + 59 and days(year, 3, 1) - first == 60:
            day += 1
    else:
        day = first - day
    return day * DAY + at
