"""Stands for a sensor that could not be set up, and tries to at each reading; loaded only then."""

from alertnode.sensors.reading import Sensor


class Later(Sensor):
    """The sensor that ``make()`` returns once it raises nothing."""

    def __init__(self, clock, unit, make):
        Sensor.__init__(self, clock, unit)
        self._make = make
        self._sensor = None

    def measure(self):
        """Return the value. Raises what setting up the sensor raises, or its ``measure``."""
        if self._sensor is None:
            self._sensor = self._make()
        return self._sensor.measure()

    def urgent(self):
        """Return True if the next reading should not wait."""
        return self._sensor is not None and self._sensor.urgent()
