"""An INA219: voltage, current and power by I2C (Texas Instruments SBOS448)."""

KEYS = {
    "scl": ("pin", None),
    "sda": ("pin", None),
    "address": ("i2c", 0x40, 0x40, 0x4F),
    "shunt": ("number", 0.1, 0.0001, 100),
}
# What the chip begins with: 32 V, 320 mV at the shunt, 12 bits, shunt and bus again and again.
_SETTING = 0x399F


def values(config):
    """Return the values, whose ends follow from the shunt."""
    most = 0.32 / config["shunt"]
    return ("voltage", "V", 0, 32), ("current", "A", -most, most), ("power", "W", 0, 32 * most)


class Driver:
    """The chip at ``address``; ``shunt`` is its resistor, in Ω. What it says has no checksum."""

    def __init__(self, config, buses):
        self._bus = buses.i2c(config)
        self._address = config["address"]
        self._shunt = config["shunt"]

    def start(self):
        """Check its setting; return the milliseconds of a measurement."""
        if self._bus.number(self._address, 0) != _SETTING:
            self._bus.write(self._address, bytes([0, _SETTING >> 8, _SETTING & 0xFF]))
            if self._bus.number(self._address, 0) != _SETTING:
                raise OSError("at I2C address 0x%02x is a chip of another kind" % self._address)
        return 2

    def read(self):
        """Return V, A and W."""
        return convert(self._bus.number(self._address, 1), self._bus.number(self._address, 2), self._shunt)


def convert(shunt, bus, ohms):
    """Return V, A and W of the registers of shunt (10 µV) and bus (4 mV, from bit 3 on)."""
    if shunt & 0x8000:
        shunt -= 0x10000
    volts, amperes = (bus >> 3) * 4 / 1000, shunt / 100000 / ohms
    return volts, amperes, volts * abs(amperes)
