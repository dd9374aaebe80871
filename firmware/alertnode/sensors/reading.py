"""Defines what sensors share: ``read()``, which returns a Reading, and the time of its readings."""


class Reading:
    """A ``value`` (float, or None if it is gone), its ``unit``, and ``at``, milliseconds on its sensor's time line.

    ``why`` says what is wrong with a sensor that is gone.
    """

    def __init__(self, value, unit, at, why=""):
        self.value = value
        self.unit = unit
        self.at = at
        self.why = why


def reason(error):
    """Return what an exception of a sensor says to a person."""
    text = str(error)
    if isinstance(error, (OSError, ValueError)):
        return text or "no answer"
    return type(error).__name__ + (": " + text if text else "")


class Sensor:
    """Reads, and never raises; the base of all sensors. Their time line is the clock's uptime, which never jumps.

    A sensor measures in ``measure()``, which returns a number, or raises an exception with the reason.
    """

    # Nothing more will come: a recording has ended.
    finished = False

    def __init__(self, clock, unit):
        self.clock = clock
        self.unit = unit

    def read(self):
        """Return a Reading, of a value or of a sensor that is gone; never raises."""
        at = self.clock.uptime()
        try:
            value = self.measure()  # type: ignore[attr-defined]
            # NaN and the infinities are not values: only of them is this difference not 0.
            if value - value != 0:
                return Reading(None, self.unit, at, "not a number")
        except Exception as error:
            # A driver may raise anything, and a missing reading is what all of it means.
            return Reading(None, self.unit, at, reason(error))
        return Reading(value, self.unit, at)

    def unix(self, at):
        """Return Unix seconds at the moment ``at``, or None while they are unknown."""
        return self.clock.unix(at)

    def text(self, at):
        """Return the moment ``at`` for a person, in local time with its zone."""
        return self.clock.text(at)

    def recorded(self, at):
        """Return what a console line adds about the time of a reading that is not of now."""
        return ""

    def pause(self, interval):
        """Return the milliseconds to wait before the next reading; ``interval`` is what the configuration asks for."""
        return interval

    def urgent(self):
        """Return True if the next reading should not wait; asked a few times a second."""
        return False
