"""Sensors: each has ``read()``, which gives a Reading, and knows what time its readings have."""


class Reading:
    """A ``value`` (float, or None where it is gone), its ``unit``, and ``at``, seconds on its sensor's time line.

    ``why`` says, of a sensor that is gone, what is the matter.
    """

    def __init__(self, value, unit, at, why=""):
        self.value = value
        self.unit = unit
        self.at = at
        self.why = why


class Sensor:
    """What all sensors share. Their time line is the clock's uptime, which never jumps.

    A sensor measures in ``measure()``, which gives a number, or raises OSError or ValueError with the reason.
    """

    # Nothing more will come: a recording has ended.
    finished = False

    def __init__(self, clock, unit):
        self.clock = clock
        self.unit = unit

    def read(self):
        """A Reading, of a value or of a sensor that is gone; never raises."""
        at = self.clock.uptime()
        try:
            value = self.measure()  # type: ignore[attr-defined]
        except (OSError, ValueError) as error:
            return Reading(None, self.unit, at, str(error) or "no answer")
        # NaN and the infinities are no values: only of them is this difference not 0.
        if value - value != 0:
            return Reading(None, self.unit, at, "not a number")
        return Reading(value, self.unit, at)

    def unix(self, at):
        """Unix seconds at the moment ``at``, or None while they are unknown."""
        return self.clock.unix(at)

    def text(self, at):
        """The moment ``at`` for a person, in local time with its zone."""
        return self.clock.text(at)

    def recorded(self, at):
        """What a console line adds about the time of a reading that is not of now."""
        return ""

    def pause(self, interval):
        """Seconds to wait before the next reading, where ``interval`` is what the configuration asks for."""
        return interval

    def urgent(self):
        """True when the next reading should not wait; asked a few times a second."""
        return False


def make(config, clock, sleep, say):
    """The sensor of the section ``sensor``; ``sleep`` waits, in seconds; ``say`` takes console lines."""
    kind = config["type"]
    if kind == "trace":
        from alertnode.sensors.trace import Trace

        return Trace(config["path"], config["unit"], clock, say, config["speed"], config["step"])
    from alertnode.sensors import wired

    return wired.make(kind, config, clock, sleep)
