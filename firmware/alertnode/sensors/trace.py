"""Replays a recorded trace as a sensor: a CSV file ``timestamp,value``, at any speed.

Defined for imperfect recordings: a value that is empty, text, NaN or infinite is a sensor that is gone; missing rows
are as many readings of a sensor that is gone (at most ``_MOST_MISSING`` for one gap, so that a year's gap ends soon);
a row without a readable timestamp is skipped and reported. Timestamps without an offset are local time of the clock's
zone.
"""

from alertnode import texts
from alertnode.sensors.reading import Reading, Sensor
from alertnode.sensors.rows import Rows

KEYS = {
    "path": ("path", None),
    "column": ("text", ""),
    "speed": ("number", 0, 0, 1e6),
    "step": ("number", 0, 0, 1e7),
}
VALUES = (("", "", None, None),)
_MOST_MISSING = 100
# So many rows are looked at to find out how far apart rows are.
_SAMPLE = 20


def make(config, clock, say):
    """Return the recording of the section ``config``. Raises ValueError, with a sentence, if it is not there."""
    try:
        step = round(config["step"] * 1000)
        return Trace(config["path"], config["unit"], clock, say, config["speed"], step, config["column"])
    except OSError:
        raise ValueError("the file %s of sensor.path is not there: copy it to the board" % config["path"])


class Trace(Sensor):
    """The trace in the file ``path``.

    ``speed`` is how many times faster than recorded it runs (0: as fast as it can), ``step`` the milliseconds from row
    to row (0: found out), ``column`` the name of the values', if there are more than two. ``values`` and ``missing``
    count readings. Raises OSError if there is no such file, ValueError if it has no row.
    """

    def __init__(self, path, unit, clock, say, speed=0, step=0, column=""):
        Sensor.__init__(self, clock, unit)
        self.values = 0
        self.missing = 0
        self._path = path
        self._column = column
        self._say = say
        # In thousandths, so that all times are whole numbers.
        self._speed = round(speed * 1000)
        self._file = open(path, "rb")
        self._step = step or self._find_step()
        self._rows = self._open(self._skipped)
        self._last = None
        self._waited = 0
        self._row = self._next()
        self._first = self._row.at

    def read(self):
        """Return the next reading of the recording; after its last one ``finished`` is True."""
        row = self._row
        last = self._last
        late = 0 if last is None else row.at - last
        if self._step and 2 * late > 3 * self._step:
            # The row waits while the readings before it are found missing.
            self.missing += 1
            self._waited += 1
            self._last = last + self._step
            if self._waited == _MOST_MISSING:
                self._last = row.at - self._step
            return Reading(None, self.unit, self._last, "no row in the recording")
        self._waited = 0
        self._last = row.at
        if row.value is None:
            self.missing += 1
        else:
            self.values += 1
        self._row = self._next()
        self.finished = self._row is None
        if self.finished:
            self._file.close()
        return row

    def finish(self, app):
        """Report how it went, in the log of ``app``, an App."""
        if self.missing:
            app.log.say("readings missing or not a number: %d" % self.missing)
        readings = texts.count(self.values, "1 reading", "%d readings")
        alerts = texts.count(app.alerts, "1 alert", "%d alerts")
        recoveries = texts.count(app.recoveries, "1 recovery", "%d recoveries")
        app.log.say("trace finished: %s, %s, %s" % (readings, alerts, recoveries))

    def pace(self):
        """Return an uptime in seconds that keeps the recording's pace: what is hours apart in it stays hours apart."""
        return (self.clock.uptime() + (0 if self._last is None else max(0, self._last - self._first))) // 1000

    def unix(self, at):
        """Return Unix seconds: the recording's time is in Unix milliseconds itself."""
        return at // 1000

    def text(self, at):
        """Return the recording's own local time."""
        return self.clock.zone.text(at // 1000)

    def recorded(self, at):
        """Return ``, recorded 1990-12-12 08:40:00 CET``."""
        return ", recorded %s" % self.text(at)

    def pause(self, interval):
        """Return the pause as recorded, divided by the speed."""
        if not self._speed or self._row is None or self._last is None:
            return 0
        return max(0, min(self._row.at - self._last, self._step or interval)) * 1000 // self._speed

    def _open(self, skipped):
        self._file.seek(0)
        return Rows(self._file, self._path, self.clock.zone, skipped, self._column)

    def _skipped(self, line):
        self._say("%s, line %d: no timestamp, skipped" % (self._path, line))

    def _next(self):
        """Return the next row that has a timestamp, as a Reading, or None at the end."""
        try:
            row = self._rows.next()
        except OSError as error:
            line = self._rows.line
            self._say("%s, line %d: the recording ends, as it cannot be read (%s)" % (self._path, line, error))
            return None
        return row and Reading(row[1], self.unit, row[0] * 1000, row[2])

    def _find_step(self):
        """Return the median distance of the first rows, in milliseconds; 0 for one row."""
        rows = self._open(lambda line: None)
        times = [row[0] * 1000 for row in [rows.next() for _ in range(_SAMPLE)] if row]
        steps = sorted([later - earlier for earlier, later in zip(times, times[1:]) if later > earlier])
        return steps[(len(steps) - 1) // 2] if steps else 0
