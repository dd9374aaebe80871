"""Turns readings into events by rules, pure state machines: one alert and one recovery for each excursion.

A reading that is missing says nothing about its value: it neither begins nor ends an excursion, nor breaks the row of
readings that one takes. Only a rule "gone" looks at it.
"""

ALERT = "alert"
RECOVERY = "recovery"
# While an excursion lasts: told once more, and told to further people.
AGAIN = "again"
THEN = "then"
_MOST = 100


def number(value):
    """Return ``37.23``: as many digits as a person wants to read."""
    text = (("%.2f" if abs(value) >= 1 else "%.4f") % value).rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def shown(value):
    """Return ``value`` as ``number`` shows it, in whole ten-thousandths."""
    if abs(value) >= 1:
        return int(("%.2f" % value).replace(".", "")) * 100
    return int(("%.4f" % value).replace(".", ""))


class Event:
    """Holds what a rule noticed: ``kind`` ALERT, RECOVERY, AGAIN or THEN, the ``rule`` and the ``reading``.

    ``since`` is the time of the excursion's first reading, on the sensor's time line; ``peak`` its farthest value;
    ``times`` how many alerts there were within the last ``span`` milliseconds, with this one.
    """

    times = 1
    span = 0

    def __init__(self, kind, rule, reading, since, peak):
        self.kind = kind
        self.rule = rule
        self.reading = reading
        self.since = since
        self.peak = peak


class Rule:
    """Watches one value: its ``name``, ``when`` it alerts, its ``limit``, ``hysteresis`` and number of ``readings``.

    It begins when that many readings in a row are beyond the limit, and ends when one has come back by the hysteresis.

    Attributes:
        of: the value's name, or, for "gone", its sensor's.
        lasts: milliseconds that it must be beyond the limit.
        repeat: milliseconds after which it is reported again while it lasts; 0: never.
        then: (milliseconds after which others are told, their addresses), or ().
        urgent: whether it is reported in quiet hours; to: who is told, () for the board's own people.
    """

    of = ""
    lasts = 0
    repeat = 0
    then: tuple = ()
    urgent = False
    to: tuple = ()
    # Milliseconds within which a second alert is reported as such.
    window = 0

    def __init__(self, name, when, limit=0.5, hysteresis=0, readings=1):
        self.name = name
        self.when = when
        self.limit = limit
        self.hysteresis = hysteresis
        self.readings = readings
        self.active = False
        self.since = None
        self.peak = None
        self.row = 0
        # When it was told last, whether the second step was taken, and whether a person knows.
        self.told = None
        self.stepped = False
        self.known = False
        # When the first alert of the window was, and how many there were.
        self.first = None
        self.times = 0
        self._last = None

    def set(self, section):
        """Take what only some rules have from a checked section."""

    def pick(self, readings):
        """Return that of several ``readings`` which the rule looks at, or None."""
        found = None
        start = self.of + "."
        for reading in readings:
            if reading.of == self.of:
                return reading
            # A sensor of several values is gone if one of them is.
            if self.when == "gone" and reading.of[: len(start)] == start and (not found or reading.value is None):
                if found is None or found.value is not None:
                    found = reading
        return found

    def feed(self, reading):
        """Take the next Reading; return an Event if an excursion begins or ends, else None."""
        if reading.value is None and self.when != "gone":
            return None
        beyond, back = self._judge(reading)
        self._last = reading
        if self.active:
            self._note(reading)
            return self._turn(RECOVERY, reading) if back else None
        if not beyond:
            self.row = 0
            return None
        if not self.row:
            self.since = self._began(reading)
            self.peak = None
        elif self.since is None:
            self.since = reading.at
        self._note(reading)
        self.row = min(self.row + 1, _MOST)
        # `readings` 0 switches a rule off.
        if not self.readings or self.row < self.readings or reading.at - self.since < self.lasts:
            return None
        return self._turn(ALERT, reading)

    def later(self, at):
        """Return the Event that is due at the time ``at`` because the excursion lasts, or None."""
        if not (self.active and (self.repeat or self.then)) or self.known or self._last is None:
            return None
        if self.told is None:
            # After a reset that left no date.
            self.told = at
        begun = self.told if self.since is None else self.since
        if self.then and not self.stepped and at - begun >= self.then[0]:
            self.stepped = True
            return Event(THEN, self, self._last, self.since, self.peak)
        if self.repeat and at - self.told >= self.repeat:
            self.told = at
            return Event(AGAIN, self, self._last, self.since, self.peak)
        return None

    def beyond(self, reading):
        """Return True if a ``reading`` that has a value is beyond the limit; not for rules on more than one reading."""
        return self._judge(reading)[0]

    def normal(self):
        """Return the value at which all is well again."""
        return self.limit + self.hysteresis if self.when in ("below", "closed") else self.limit - self.hysteresis

    def dump(self, unix):
        """Return what must outlive a reset as a dict, None if nothing; ``unix(at)`` returns Unix seconds or None."""

        def at(moment):
            return None if moment is None else unix(moment)

        kept = {}
        if self.active or self.row or self.times:
            kept = {"active": self.active, "since": at(self.since), "peak": self.peak, "row": self.row}
        if self.active and (self.repeat or self.then):
            kept.update({"told": at(self.told), "stepped": self.stepped})
        if self.active and self.known:
            kept["known"] = True
        if self.times:
            kept.update({"first": at(self.first), "times": self.times})
        return kept or None

    def load(self, kept, moment):
        """Take up what ``dump`` gave, a dict that may hold anything; ``moment`` is the opposite of ``unix``."""

        def at(key):
            return moment(kept[key]) if is_number(kept.get(key)) else None

        self.active = kept.get("active") is True
        self.since = at("since")
        self.peak = kept["peak"] if is_number(kept.get("peak")) else None
        row = kept.get("row")
        self.row = row if is_number(row) and 0 <= row <= _MOST else 0
        if not self.lasts and self.row >= self.readings:
            self.row = 0
        self.told = at("told")
        self.stepped = kept.get("stepped") is True
        self.known = kept.get("known") is True
        self.first = at("first")
        times = kept.get("times")
        self.times = times if self.first is not None and is_number(times) and 0 <= times <= _MOST else 0

    def running(self):
        """Return what changes when a time begins to run, or ends, that an alert waits for; None if none runs."""
        return self.since if self.lasts and self.row and not self.active else None

    def resume(self, kept, moment):
        """Take up the times of ``kept`` that ``load`` could not, as there was no date."""
        if (self.row or self.active) and is_number(kept.get("since")):
            self.since = moment(kept["since"])

    def _judge(self, reading):
        """Return (the value is beyond the limit, it is back to normal)."""
        if self.when == "gone":
            return reading.value is None, reading.value is not None
        # What a person reads decides: 7.9 must be normal at 7.9, though 8 - 0.1 is less in a board's floats.
        value, limit, normal = [shown(value) for value in (reading.value, self.limit, self.normal())]
        if self.when in ("below", "closed"):
            return value < limit, value >= normal
        return value > limit, value <= normal

    def _began(self, reading):
        return reading.at

    def _note(self, reading):
        value = reading.value
        if value is None or self.when == "gone":
            return
        low = self.when in ("below", "closed")
        if self.peak is None or (value < self.peak if low else value > self.peak):
            self.peak = value

    def _turn(self, kind, reading):
        self.active = kind == ALERT
        self.row = 0
        event = Event(kind, self, reading, self.since, self.peak)
        self.stepped = self.known = False
        self.told = reading.at
        if self.active and self.window:
            if self.first is None or not 0 <= reading.at - self.first < self.window:
                self.first, self.times = reading.at, 0
            self.times = min(self.times + 1, _MOST)
            event.times, event.span = self.times, reading.at - self.first
        return event


def is_number(value):
    """Return True if ``value`` is a finite number, not True or False."""
    # Infinity passes JSON as a number; its difference to itself is not 0.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value - value == 0
