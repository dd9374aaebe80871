"""The voltage of the board's battery, by a divider of two resistors at an ADC pin."""

KEYS = {"pin": ("pin", None), "divider": ("number", 2, 1, 100), "samples": ("whole", 16, 1, 1000)}
VALUES = (("", "V", 0, None),)


class Driver:
    """The pin ``pin``; ``divider`` is what its voltage is multiplied by: 2 for two equal resistors."""

    def __init__(self, config, buses):
        self._volts = buses.volts(config["pin"])
        self._divider = config["divider"]
        self._samples = config["samples"]

    def start(self):
        """Return 0: it is always ready."""
        return 0

    def read(self):
        """Return V."""
        total = 0
        for sample in range(self._samples):
            total += self._volts()
        return (total / self._samples * self._divider,)
