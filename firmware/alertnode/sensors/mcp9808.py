"""An MCP9808: temperature by I2C (Microchip DS25095)."""

KEYS = {"scl": ("pin", None), "sda": ("pin", None), "address": ("i2c", 0x18, 0x18, 0x1F)}
VALUES = (("", "°C", -40, 125),)
TRIES = 2


class Driver:
    """The chip at ``address``, which measures all the time. What it says has no checksum."""

    def __init__(self, config, buses):
        self._bus = buses.i2c(config)
        self._address = config["address"]
        self._first = True

    def start(self):
        """Check that it is one; return the milliseconds until it has measured."""
        bus, address = self._bus, self._address
        # 5.1.5, 5.1.6: Microchip, and the device.
        if bus.number(address, 6) != 0x54 or bus.number(address, 7) >> 8 != 4:
            raise OSError("at I2C address 0x%02x is a chip of another kind" % address)
        first, self._first = self._first, False
        return 250 if first else 0

    def read(self):
        """Return °C."""
        return (celsius(self._bus.number(self._address, 5)),)


def celsius(word):
    """Return the temperature of the register (5.1.4): 13 bits with sign, in 1/16 °C; above them are alerts."""
    word &= 0x1FFF
    return (word - 0x2000 if word & 0x1000 else word) / 16
