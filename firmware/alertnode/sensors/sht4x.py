"""An SHT40, SHT41 or SHT45: temperature and humidity by I2C (Sensirion SHT4x data sheet)."""

from alertnode.sensors import crc

KEYS = {"scl": ("pin", None), "sda": ("pin", None), "address": ("i2c", 0x44, 0x44, 0x46)}
VALUES = (("temperature", "°C", -40, 125), ("humidity", "%", 0, 100))
TRIES = 3


class Driver:
    """The chip at ``address``, asked for one measurement of high precision at a time."""

    COMMAND, TIME = b"\xfd", 9

    def __init__(self, config, buses):
        self._bus = buses.i2c(config)
        self._address = config["address"]

    def start(self):
        """Begin a measurement; return the milliseconds that it takes at most."""
        self._bus.write(self._address, self.COMMAND)
        return self.TIME

    def read(self):
        """Return °C and %."""
        temperature, humidity = crc.words(self._bus.read(self._address, 6))
        return celsius(temperature), self._percent(humidity)

    def _percent(self, word):
        # By itself it goes a little beyond both ends (4.6).
        return min(max(word * 125 / 65535 - 6, 0), 100)


def celsius(word):
    """Return the temperature of a reading."""
    return word * 175 / 65535 - 45
