"""Reads several sensors side by side: all begin, then each is read as soon as its conversion is over."""

from alertnode.sensors.reading import Reading, Sensor, reason

# One slice of waiting for a conversion, in milliseconds.
_SLICE = 200


def maker(kind, section, buses):
    """Return what makes a driver of the class ``kind``. (A function keeps its module in memory, and this one stays.)"""
    return lambda: kind(section, buses)


class Source:
    """One sensor of the configuration: its driver, the names and units of its values, its calibration, its interval.

    Args:
        name: the sensor's, "" for the only one.
        make: returns its driver; it may raise, and is called again at each reading until it does not.
        values: (name, unit) of each value, in the driver's order.
        interval: milliseconds from one reading to the next.
        scale, offset: of each value, if any differs from 1 and 0.
        tries, pause: how often one reading is tried, and the milliseconds between two tries.

    Attributes:
        section: its section of the configuration; answered: whether it has, since the start.
    """

    section: dict = {}
    answered = False

    def __init__(self, name, make, values, interval, scale=(), offset=(), tries=1, pause=0):
        self.name = name
        self.values = values
        self.interval = interval
        # Uptime of the next reading.
        self.due = None
        self._make = make
        self.driver = None
        self._scale = scale
        self._offset = offset
        self._tries = tries
        self._pause = pause
        self._tried = 0
        self._begun = False
        self._got = None
        self._why = ""

    def prepare(self):
        """Set the sensor up; return "" or why that failed. Raises ValueError if the configuration is wrong."""
        try:
            self.driver = self._make()
            return ""
        except ValueError:
            raise
        except Exception as error:
            return reason(error)

    def is_due(self, at):
        """Return True if it is time for a reading; a board on battery wakes up to a second before it."""
        return self.due is None or self.due - at <= min(1000, self.interval // 4)

    def begin(self):
        """Begin a reading; ``step`` does the rest."""
        self._tried = 0
        self._got = None
        self._begun = False

    def step(self):
        """Do what comes next; return the milliseconds until the step after it, None if the reading is over."""
        try:
            if self.driver is None:
                # What cannot be set up is not tried more often.
                self._tried = self._tries
                self.driver = self._make()
                self._tried = 0
            if not self._begun:
                self._begun = True
                wait = self.driver.start()
                if wait:
                    return wait
            self._begun = False
            self._got = self.driver.read()
            return None
        except Exception as error:
            # A driver may raise anything, and a missing reading is what all of it means.
            self._begun = False
            self._tried += 1
            self._why = reason(error)
            return self._pause if self._tried < self._tries else None

    def readings(self, at):
        """Return what the reading that began ``at`` has found, a Reading for each value."""
        found = [self._reading(i, at) for i in range(len(self.values))]
        for reading in found:
            if reading.value is None:
                reading.source = self
            else:
                self.answered = True
        return found

    def _reading(self, i, at):
        of, unit = self.values[i]
        if self._got is None:
            return Reading(None, unit, at, self._why, of)
        try:
            value = self._got[i]
            if value is None:
                return Reading(None, unit, at, "no answer", of)
            if self._scale:
                value = value * self._scale[i] + self._offset[i]
            # NaN and the infinities are not values: only of them is this difference not 0.
            why = "" if value - value == 0 else "not a number"
        except Exception as error:
            why = reason(error)
        return Reading(None if why else value, unit, at, why, of)

    def urgent(self):
        """Return True if the sensor should be read now."""
        try:
            return self.driver.urgent()  # type: ignore[union-attr]
        except Exception:
            # Most have nothing urgent; of one that fails, the next reading says what is wrong.
            return False


class Group(Sensor):
    """The ``sources`` of a board; ``sleep`` waits, in milliseconds, ``feed`` feeds the watchdog meanwhile."""

    def __init__(self, clock, sources, sleep, feed=None):
        Sensor.__init__(self, clock, "")
        self.sources = sources
        self.feed = feed
        self._sleep = sleep

    def take(self):
        """Return the Readings of all sensors that are due or urgent."""
        at = now = self.clock.uptime()
        due = [source for source in self.sources if source.is_due(at) or source.urgent()]
        steps = []
        for source in due:
            source.due = at + source.interval
            source.begin()
            steps.append((at, source))
        while steps:
            # The one that is ready first; of several the one that came first.
            best = min([when for when, _ in steps])
            when, source = step = [one for one in steps if one[0] == best][0]
            steps.remove(step)
            self._until(when)
            wait = source.step()
            now = self.clock.uptime()
            if wait is not None:
                steps.append((now + wait, source))
        return [reading for source in due for reading in source.readings(at)]

    def pause(self, interval):
        """Return the milliseconds until the next sensor is due."""
        now = self.clock.uptime()
        return max(
            0, min([now + source.interval if source.due is None else source.due for source in self.sources]) - now
        )

    def urgent(self):
        """Return True if one of the sensors should be read now."""
        for source in self.sources:
            if source.urgent():
                return True
        return False

    def _until(self, end):
        while True:
            left = end - self.clock.uptime()
            if left <= 0:
                return
            if self.feed:
                self.feed()
            self._sleep(min(_SLICE, left))
