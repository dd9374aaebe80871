"""Reads a DHT11's temperature and humidity, in whole degrees and percent, as a DHT22's."""

from alertnode.sensors import dht22

KEYS = dht22.KEYS
ALONE = dht22.ALONE
TRIES, PAUSE = dht22.TRIES, dht22.PAUSE
# (Aosong's newer ones measure more than the 0 to 50 °C and 20 to 90 % of the first; MicroPython reads no sign.)
_BOTH = (("temperature", "°C", 0, 60), ("humidity", "%", 5, 95))


def values(config):
    """Return the values of a checked section: (name, unit, lowest, highest)."""
    return dht22.values(config, _BOTH)


class Driver(dht22.Driver):
    """One chip; ``config`` is its section, ``buses`` gives its pin."""

    NAME = "DHT11"
