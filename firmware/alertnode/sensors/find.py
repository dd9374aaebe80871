"""Finds the module of a sensor's type."""

# What the node brings along; docs/firmware.md lists them.
TYPES = ("adc", "contact", "dht22", "ds18b20", "trace")


def module(kind):
    """Return the module of the sensor type ``kind``. Raises ImportError if it is not on this board."""
    name = "alertnode.sensors." + kind
    __import__(name)
    import sys

    return sys.modules[name]


def values(driver, config):
    """Return (name, unit, lowest, highest) of each value that the module ``driver`` reads by a checked section."""
    return list(driver.values(config) if hasattr(driver, "values") else driver.VALUES)
