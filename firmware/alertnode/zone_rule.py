"""Reads a POSIX TZ rule such as ``CET-1CEST,M3.5.0,M10.5.0/3``; needed once."""


def parts(rule):
    """Return what a Zone wants of the text ``rule``: standard time, summer time, its beginning and its end.

    The rule's form is that of the POSIX variable TZ (IEEE 1003.1, 8.3), with hours of a change from -167 to 167 as RFC
    8536 allows.
    A time is (name, seconds east of Greenwich), a change (day, seconds of the wall clock); the last three are None
    if there is no summer time. Raises ValueError, with a sentence, if the text is not a rule.
    """
    reader = _Rule(rule)
    standard = reader.name(), -reader.offset(24)
    summer = start = end = None
    if reader.left():
        name = reader.name()
        summer = name, standard[1] + 3600 if reader.left()[:1] in (b"", b",") else -reader.offset(24)
        if not reader.left():
            # POSIX leaves this to the system; all known ones take the rule of the United States.
            reader.rule += b",M3.2.0,M11.1.0"
        start = reader.change()
        end = reader.change()
    if reader.left():
        reader.wrong()
    return standard, summer, start, end


class _Rule:
    """The text ``rule``, read from ``at`` on, as bytes: each character of a str would be a name, kept for ever."""

    def __init__(self, rule):
        self.rule = rule.encode()
        self.at = 0

    def left(self):
        """Return what has not been read (bytes)."""
        return self.rule[self.at :]

    def wrong(self):
        raise ValueError("not a POSIX TZ rule from its character %d on" % (self.at + 1))

    def name(self):
        rest = self.left()
        end = rest.find(b">")
        if rest[:1] == b"<" and end > 0:
            self.at += end + 1
            return rest[1:end].decode()
        name = self._take(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if len(name) < 3:
            self.wrong()
        return name.decode()

    def offset(self, hours):
        sign = self._take(b"+-")
        if len(sign) > 1:
            self.wrong()
        total = self._number(0, hours) * 3600
        unit = 60
        while unit and self._take(b":"):
            total += self._number(0, 59) * unit
            unit //= 60
        return -total if sign == b"-" else total

    def change(self):
        self._expect(b",")
        kind = self._take(b"MJ")
        if kind == b"M":
            month = self._number(1, 12)
            self._expect(b".")
            week = self._number(1, 5)
            self._expect(b".")
            day = month, week, self._number(0, 6)
        elif kind == b"J":
            day = self._number(1, 365)
        elif not kind:
            day = -self._number(0, 365)
        else:
            self.wrong()
        return day, self.offset(167) if self._take(b"/") else 7200

    def _take(self, text):
        start = self.at
        while self.at < len(self.rule) and self.rule[self.at] in text:
            self.at += 1
        return self.rule[start : self.at]

    def _number(self, low, high):
        digits = self._take(b"0123456789")
        if not digits or not low <= int(digits) <= high:
            self.wrong()
        return int(digits)

    def _expect(self, text):
        if self._take(text) != text:
            self.wrong()
