"""The voltage of the board's battery, by a divider of two resistors at an ADC pin."""

from alertnode.sensors.reading import Ready

KEYS = {"pin": ("pin", None), "divider": ("number", 2, 1, 100), "samples": ("whole", 16, 1, 1000)}
VALUES = (("", "V", 0, None),)


class Driver(Ready):
    """The pin ``pin``; ``divider`` is what its voltage is multiplied by: 2 for two equal resistors."""

    def __init__(self, config, buses):
        self._volts = buses.volts(config["pin"])
        self._divider = config["divider"]
        self._samples = config["samples"]

    def read(self):
        """Return V."""
        total = 0
        for sample in range(self._samples):
            total += self._volts()
        return (total / self._samples * self._divider,)
