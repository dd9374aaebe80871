"""An AHT20 or AHT21: temperature and humidity by I2C, at the address 0x38 (Aosong AHT20 data sheet)."""

from alertnode.sensors import crc

KEYS = {"scl": ("pin", None), "sda": ("pin", None)}
VALUES = (("temperature", "°C", -40, 85), ("humidity", "%", 0, 100))
TRIES = 3
_ADDRESS = 0x38


class Driver:
    """The chip, asked for one measurement at a time."""

    def __init__(self, config, buses):
        self._bus = buses.i2c(config)
        self._sleep = buses.sleep

    def start(self):
        """Begin a measurement; return the milliseconds that it takes."""
        # Bit 3: calibrated. It is not after its supply came back.
        if not self._bus.registers(_ADDRESS, 0x71, 1)[0] & 8:
            self._bus.write(_ADDRESS, b"\xbe\x08\x00")
            self._sleep(10)
        self._bus.write(_ADDRESS, b"\xac\x33\x00")
        return 85

    def read(self):
        """Return °C and %."""
        data = self._bus.read(_ADDRESS, 7)
        if data[0] & 0x80:
            raise OSError("the chip is still measuring")
        if crc.crc8(data[:6]) != data[6]:
            raise crc.wrong()
        return convert(data)


def convert(data):
    """Return °C and % of six bytes (6.1, 6.2): status, 20 bits of humidity, 20 of temperature."""
    humidity = data[1] << 12 | data[2] << 4 | data[3] >> 4
    temperature = (data[3] & 15) << 16 | data[4] << 8 | data[5]
    return temperature * 200 / 1048576 - 50, humidity * 100 / 1048576
