"""Finds the module of a sensor's type."""

# What the node brings along; docs/firmware.md lists them. (As one text: MicroPython looks up each word of a tuple.)
TYPES = (
    ",adc,aht20,battery,bme280,bmp280,chip,contact,dht11,dht22,ds18b20,flash,hx711,ina219,max31865,max6675,mcp9808,"
    "pulse,scd4x,sht3x,sht4x,supply,touch,trace,wifi,"
)


def module(kind, known=TYPES, package="alertnode.sensors."):
    """Return the module of the type ``kind``, a word, or what stands for it if it is none of ``known``: the user's own.

    Raises ImportError if it is not on this board.
    """
    import sys

    own = ",%s," % kind not in known
    name = package + ("own" if own else kind)
    __import__(name)
    found = sys.modules[name]
    return found.Part(kind) if own else found


def values(driver, config):
    """Return (name, unit, lowest, highest) of each value that the module ``driver`` reads by a checked section."""
    return list(driver.values(config) if hasattr(driver, "values") else driver.VALUES)
