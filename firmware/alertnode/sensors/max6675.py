"""A MAX6675 with a thermocouple of type K (Maxim 19-2235), read bit by bit."""

KEYS = {"sck": ("pin", None), "miso": ("pin", None), "cs": ("pin", None)}
VALUES = (("", "°C", 0, 1023.75),)
TRIES, PAUSE = 2, 250


class Driver:
    """The chip chosen by the pin ``cs``, which measures while it is not asked."""

    def __init__(self, config, buses):
        self._cs = buses.output(config["cs"], 1)
        self._sck = buses.output(config["sck"], 0)
        # A line that nobody drives is high.
        self._data = buses.input(config["miso"], "up")
        self._first = True

    def start(self):
        """Return the milliseconds until it has measured: 220 at most."""
        first, self._first = self._first, False
        return 250 if first else 0

    def read(self):
        """Return °C."""
        self._cs.value(0)
        word = 0
        for bit in range(16):
            word = word << 1 | self._data.value()
            self._sck.value(1)
            self._sck.value(0)
        self._cs.value(1)
        return (celsius(word),)


def celsius(word):
    """Return the temperature of the 16 bits (table 2): 12 of them are 1/4 °C. Raises OSError if there is none."""
    # The sign and the id are always 0.
    if word & 0x8002:
        raise OSError("no MAX6675 answers: check its wires and the pin cs")
    if word & 4:
        raise OSError("the thermocouple's wire is broken")
    return (word >> 3) / 4
