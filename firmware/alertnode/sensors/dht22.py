"""Reads a DHT22's temperature and humidity by MicroPython's own driver; ``quantity`` chooses one of the two."""

from alertnode.sensors.reading import Ready

KEYS = {"pin": ("pin", None), "quantity": (("temperature", "humidity"), "")}
# As the only sensor, under "sensor", it is one value.
ALONE = {"quantity": "temperature"}
# The chip may be asked every 2 s (data sheet, "Sensing period").
TRIES, PAUSE = 3, 2000
_BOTH = (("temperature", "°C", -40, 80), ("humidity", "%", 0, 100))


def values(config, both=_BOTH):
    """Return the values of a checked section: (name, unit, lowest, highest)."""
    return [("",) + value[1:] for value in both if value[0] == config["quantity"]] or both


class Driver(Ready):
    """One chip; ``config`` is its section, ``buses`` gives its pin."""

    # As MicroPython's module calls it.
    NAME = "DHT22"

    def __init__(self, config, buses):
        import dht

        self._dht = getattr(dht, self.NAME)(buses.pin(config["pin"]))
        self._quantity = config["quantity"]

    def read(self):
        """Return the values. Raises OSError if there is no answer, or its checksum is wrong."""
        try:
            self._dht.measure()
        except Exception as error:
            # The driver raises a bare Exception for a wrong checksum, OSError with a number for no answer.
            raise OSError("%s: %s" % (self.NAME, "no answer" if isinstance(error, OSError) else error))
        both = self._dht.temperature(), self._dht.humidity()
        return both if not self._quantity else both[1:] if self._quantity == "humidity" else both[:1]
