"""A BMP280: temperature and air pressure by I2C (Bosch BST-BMP280-DS001); registers and formulas of the BME280."""

from alertnode.sensors import bme280

KEYS = bme280.KEYS
VALUES = (("temperature", "°C", -40, 85), ("pressure", "hPa", 300, 1100))
TRIES = 2


class Driver(bme280.Driver):
    """The chip at ``address``. Its trimming has no checksum: of two such chips at one address it cannot be told."""

    IDENTITY = 0x58

    def read(self):
        """Return °C and hPa."""
        return self._measured(6)

    def _trimming(self):
        return bme280.trimming(self._bus.registers(self._address, 0x88, 24))
