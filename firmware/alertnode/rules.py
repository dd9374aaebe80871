"""Turns readings into events by rules, pure state machines: one alert and one recovery for each excursion.

A reading of a sensor that is gone says nothing about its value: it neither begins nor ends an excursion, nor breaks the
row of readings that one takes. Only a rule "gone" looks at it.
"""

ALERT = "alert"
RECOVERY = "recovery"


def number(value):
    """Return ``37.23``: as many digits as a person wants to read."""
    text = ("%.2f" if abs(value) >= 1 else "%.4f") % value
    while text[-1] == "0":
        text = text[:-1]
    if text[-1] == ".":
        text = text[:-1]
    return "0" if text == "-0" else text


def _shown(value):
    """Return ``value`` as ``number`` shows it, in whole ten-thousandths."""
    whole, _, rest = number(value).partition(".")
    return int(whole + (rest + "0000")[:4])


class Event:
    """Holds what a rule noticed: ``kind`` ALERT or RECOVERY, the ``rule`` and the ``reading``.

    ``since`` is the time of the excursion's first reading, on the sensor's time line; ``peak`` its farthest value.
    """

    def __init__(self, kind, rule, reading, since, peak):
        self.kind = kind
        self.rule = rule
        self.reading = reading
        self.since = since
        self.peak = peak


class Rule:
    """Watches one value: its ``name``, ``when`` it alerts, its ``limit``, ``hysteresis`` and number of ``readings``.

    It begins when that many readings in a row are beyond the limit, and ends when one has come back by the hysteresis.
    """

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

    def feed(self, reading):
        """Take the next Reading; return an Event if an excursion begins or ends, else None."""
        if self.when == "gone":
            beyond, back = reading.value is None, reading.value is not None
        elif reading.value is None:
            return None
        else:
            # What a person reads decides: 7.9 must be normal at 7.9, though 8 - 0.1 is less in a board's floats.
            value, limit, normal = [_shown(value) for value in (reading.value, self.limit, self.normal())]
            beyond, back = value > limit, value <= normal
            if self.when in ("below", "closed"):
                beyond, back = value < limit, value >= normal
        if self.active:
            self._note(reading)
            return self._turn(RECOVERY, reading) if back else None
        if not beyond:
            self.row = 0
            return None
        if not self.row:
            self.since = reading.at
            self.peak = None
        self._note(reading)
        self.row += 1
        # `readings` 0 switches a rule off.
        return self._turn(ALERT, reading) if self.row == self.readings else None

    def normal(self):
        """Return the value at which all is well again."""
        return self.limit + self.hysteresis if self.when in ("below", "closed") else self.limit - self.hysteresis

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
        return Event(kind, self, reading, self.since, self.peak)


def make(rules):
    """Return the rules of the configuration's list ``rules``."""
    return [Rule(**rule) for rule in rules]
