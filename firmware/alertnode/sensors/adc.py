"""Reads a voltage at a pin, averaged; ``scale`` and ``offset``, which every sensor has, make another quantity of it."""

from alertnode.sensors.reading import Ready

KEYS = {"pin": ("pin", None), "samples": ("whole", 16, 1, 1000)}
VALUES = (("", "V", None, None),)


class Driver(Ready):
    """One pin; ``config`` is its section, ``buses`` gives the pin."""

    def __init__(self, config, buses):
        self._adc = buses.adc(config["pin"])
        self._samples = config["samples"]

    def read(self):
        """Return the volts."""
        # read_uv is calibrated if the chip has calibration; elsewhere full scale is the supply, 3.3 V.
        microvolts = getattr(self._adc, "read_uv", None) or self._raw
        total = 0
        for _ in range(self._samples):
            total += microvolts()
        return (total / self._samples / 1e6,)

    def _raw(self):
        return self._adc.read_u16() * 3300000 / 65535
