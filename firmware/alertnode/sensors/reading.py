"""Defines what sensors share: readings, and the time of them."""


class Reading:
    """A ``value`` (float, or None if it is missing), its ``unit``, and ``at``, milliseconds on its sensor's time line.

    ``why`` says what is wrong if it is missing; ``of`` names the value, ``climate.humidity``, "" for the only one of a
    board with one sensor. One that is missing has the Source as its ``source``, if there is one.
    """

    source = None

    def __init__(self, value, unit, at, why="", of=""):
        self.value = value
        self.unit = unit
        self.at = at
        self.why = why
        self.of = of


def reason(error):
    """Return what an exception of a sensor says to a person."""
    text = str(error)
    if isinstance(error, (OSError, ValueError)):
        return text or "no answer"
    return type(error).__name__ + (": " + text if text else "")


class Ready:
    """What a driver is whose chip, if there is one, needs no time before it is read."""

    def start(self):
        """Return 0, the milliseconds until ``read`` may be called."""
        return 0


class Sensor:
    """What the node reads: a Group of sensors on wires, or a Trace; their time line is the clock's uptime.

    ``read()`` returns a Reading and never raises; a Group has ``take()`` instead.
    """

    # Nothing more will come: a recording has ended.
    finished = False

    def __init__(self, clock, unit):
        self.clock = clock
        self.unit = unit

    def take(self):
        """Return the list of all Readings that are due."""
        return [self.read()]  # type: ignore[attr-defined]

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
