"""Replays a recorded trace as a sensor: a CSV file ``timestamp,value``, at any speed.

Defined for imperfect recordings: a value that is empty, text, NaN or infinite is a sensor that is gone; missing rows
are as many readings of a sensor that is gone (at most ``_MOST_MISSING`` for one gap, so that a year's gap ends soon);
a row without a readable timestamp is skipped and reported. Timestamps without an offset are local time of the clock's
zone.
"""

from alertnode import zone
from alertnode.sensors.reading import Reading, Sensor

_LONGEST_LINE = 200
_MOST_MISSING = 100
# So many rows are looked at to find out how far apart rows are.
_SAMPLE = 20


class Trace(Sensor):
    """The trace in the file ``path``.

    ``speed`` is how many times faster than recorded it runs (0: as fast as it can), ``step`` the milliseconds from row
    to row (0: found out). ``values`` and ``missing`` count readings. Raises OSError if there is no such file,
    ValueError if it has no row.
    """

    def __init__(self, path, unit, clock, say, speed=0, step=0):
        Sensor.__init__(self, clock, unit)
        self.values = 0
        self.missing = 0
        self._path = path
        self._say = say
        # In thousandths, so that all times are whole numbers.
        self._speed = round(speed * 1000)
        self._file = open(path, "rb")
        self._step = step or self._find_step()
        self._file.seek(0)
        self._line = 0
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
        return ", recorded " + self.text(at)

    def pause(self, interval):
        """Return the pause as recorded, divided by the speed."""
        if not self._speed or self._row is None or self._last is None:
            return 0
        return max(0, min(self._row.at - self._last, self._step or interval)) * 1000 // self._speed

    def _next(self):
        """Return the next row that has a timestamp, as a Reading, or None at the end."""
        while True:
            line = self._file.readline(_LONGEST_LINE)
            if not line:
                return None
            self._line += 1
            row = parse(line, self.clock.zone, self.unit)
            if row is not None:
                return row
            if self._line > 1 and line.strip():
                self._say("%s, line %d: no timestamp, skipped" % (self._path, self._line))

    def _find_step(self):
        """Return the median distance of the first rows, in milliseconds; 0 for one row. Raises ValueError for none."""
        times = []
        for _ in range(_SAMPLE):
            row = parse(self._file.readline(_LONGEST_LINE), self.clock.zone, self.unit)
            if row is not None:
                times.append(row.at)
        if not times:
            raise ValueError("the trace %s has no row of the form timestamp,value" % self._path)
        steps = sorted([later - earlier for earlier, later in zip(times, times[1:]) if later > earlier])
        return steps[(len(steps) - 1) // 2] if steps else 0


def parse(line, zone, unit=""):
    """Return the Reading in a line (bytes) of a trace, or None if it has no timestamp."""
    try:
        text = line.decode()
    except ValueError:
        return None
    for separator in ";\t":
        text = text.replace(separator, ",")
    cells = [cell.strip(' \r\n"\ufeff') for cell in text.split(",")]
    try:
        at = moment(cells[0], zone) * 1000
    except (ValueError, IndexError):
        return None
    text = cells[1] if len(cells) > 1 else ""
    try:
        value = float(text)
    except ValueError:
        return Reading(None, unit, at, 'the recording says "%s"' % text if text else "the recording is empty here")
    if value - value != 0:
        return Reading(None, unit, at, "not a number")
    return Reading(value, unit, at)


def moment(text, local):
    """Return Unix seconds of ``2026-11-24 12:03:10`` (also with T, without seconds, with Z or +01:00), or of a number.

    Raises ValueError or IndexError if it is neither. Without an offset it is local time of the Zone ``local``.
    """
    if text.isdigit():
        return int(text)
    date = text[:10].split("-")
    if len(date) != 3:
        raise ValueError(text)
    rest = text[11:]
    east = None
    if rest[-1:] in ("Z", "z"):
        east, rest = 0, rest[:-1]
    elif rest[-6:-5] in ("+", "-"):
        east = (int(rest[-5:-3]) * 60 + int(rest[-2:])) * (60 if rest[-6] == "+" else -60)
        rest = rest[:-6]
    time = [int(part.split(".")[0]) for part in rest.split(":")] if rest else []
    if len(time) > 3:
        raise ValueError(text)
    fields = [int(part) for part in date] + time + [0] * (3 - len(time))
    if not (1 <= fields[1] <= 12 and 1 <= fields[2] <= 31 and fields[3] < 24 and fields[4] < 60):
        raise ValueError(text)
    if east is None:
        return local.unix(*fields)
    return zone.seconds(*fields) - east
