"""An SHT30, SHT31 or SHT35: temperature and humidity by I2C (Sensirion SHT3x-DIS data sheet)."""

from alertnode.sensors import sht4x

KEYS = {"scl": ("pin", None), "sda": ("pin", None), "address": ("i2c", 0x44, 0x44, 0x45)}
VALUES = sht4x.VALUES
TRIES = 3


class Driver(sht4x.Driver):
    """The chip at ``address``, asked for one measurement of high repeatability at a time, without clock stretching."""

    COMMAND, TIME = b"\x24\x00", 16

    def _percent(self, word):
        return word * 100 / 65535
