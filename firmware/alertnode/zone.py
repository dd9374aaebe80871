"""Computes dates from Unix seconds, and local time by a POSIX TZ rule such as ``CET-1CEST,M3.5.0,M10.5.0/3``.

MicroPython knows no time zones, and its ports count from 1970 or from 2000. So all of the alert node counts Unix
seconds (since 1970-01-01 00:00 UTC), and dates are computed here, by arithmetic alone. The rule's form is that of the
POSIX variable TZ (IEEE 1003.1, 8.3), with hours of a change from -167 to 167 as RFC 8536 allows.
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
    """Knows the time zone of a POSIX TZ rule; raises ValueError, with a sentence, if the text is not a rule."""

    def __init__(self, rule):
        self._rule = rule
        self._at = 0
        self._standard = self._name(), -self._offset(24)
        self._summer = None
        if self._at < len(rule):
            name = self._name()
            east = self._standard[1] + 3600
            if self._at < len(rule) and rule[self._at] != ",":
                east = -self._offset(24)
            self._summer = name, east
            if self._at == len(rule):
                # POSIX leaves this to the system; all known ones take the rule of the United States.
                self._rule = rule = rule + ",M3.2.0,M11.1.0"
            self._start = self._change()
            self._end = self._change()
        if self._at != len(rule):
            self._wrong()

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

    def _wrong(self):
        raise ValueError("not a POSIX TZ rule from its character %d on" % (self._at + 1))

    def _take(self, allowed):
        start = self._at
        while self._at < len(self._rule) and self._rule[self._at] in allowed:
            self._at += 1
        return self._rule[start : self._at]

    def _name(self):
        rest = self._rule[self._at :]
        if rest[:1] == "<" and ">" in rest:
            end = rest.index(">")
            self._at += end + 1
            return rest[1:end]
        start = self._at
        while self._at < len(self._rule) and self._rule[self._at].isalpha():
            self._at += 1
        if self._at - start < 3:
            self._wrong()
        return self._rule[start : self._at]

    def _number(self, low, high):
        digits = self._take("0123456789")
        if not digits or not low <= int(digits) <= high:
            self._wrong()
        return int(digits)

    def _offset(self, hours):
        sign = self._take("+-")
        if len(sign) > 1:
            self._wrong()
        total = self._number(0, hours) * 3600
        unit = 60
        while unit and self._take(":"):
            total += self._number(0, 59) * unit
            unit //= 60
        return -total if sign == "-" else total

    def _expect(self, character):
        if self._take(character) != character:
            self._wrong()

    def _change(self):
        self._expect(",")
        kind = self._take("MJ")
        if kind == "M":
            month = self._number(1, 12)
            self._expect(".")
            week = self._number(1, 5)
            self._expect(".")
            day = month, week, self._number(0, 6)
        elif kind == "J":
            day = self._number(1, 365)
        elif not kind:
            day = -self._number(0, 365)
        else:
            self._wrong()
        return day, self._offset(167) if self._take("/") else 7200


def _moment(year, change):
    """Return the change's wall-clock time in ``year``, as seconds since 1970 on that same wall clock."""
    day, at = change
    first = days(year, 1, 1)
    if isinstance(day, tuple):
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
