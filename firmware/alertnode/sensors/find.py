"""Finds the module of a sensor's type."""

# What the node brings along; docs/firmware.md lists them.
TYPES = (
    "adc",
    "aht20",
    "battery",
    "bme280",
    "bmp280",
    "chip",
    "contact",
    "dht22",
    "ds18b20",
    "flash",
    "hx711",
    "ina219",
    "max31865",
    "max6675",
    "mcp9808",
    "pulse",
    "scd4x",
    "sht3x",
    "sht4x",
    "supply",
    "trace",
    "wifi",
)


def module(kind):
    """Return the module of the sensor type ``kind``, or what stands for it if it is one of the user's own.

    Raises ImportError if it is not on this board.
    """
    if kind not in TYPES:
        from alertnode.sensors.own import Part

        return Part(kind)
    name = "alertnode.sensors." + kind
    __import__(name)
    import sys

    return sys.modules[name]


def values(driver, config):
    """Return (name, unit, lowest, highest) of each value that the module ``driver`` reads by a checked section."""
    return list(driver.values(config) if hasattr(driver, "values") else driver.VALUES)
