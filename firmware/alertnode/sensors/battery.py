"""The voltage of the board's battery, by a divider of two resistors at an ADC pin."""

from alertnode.sensors import adc

KEYS = {"pin": ("pin", None), "divider": ("number", 2, 1, 100), "samples": ("whole", 16, 1, 1000)}
VALUES = (("", "V", 0, None),)


class Driver(adc.Driver):
    """The pin ``pin``; ``divider`` is what its voltage is multiplied by: 2 for two equal resistors."""

    def __init__(self, config, buses):
        adc.Driver.__init__(self, config, buses)
        self._divider = config["divider"]

    def read(self):
        """Return V."""
        return (adc.Driver.read(self)[0] * self._divider,)
