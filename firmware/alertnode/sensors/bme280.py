"""A BME280: temperature, humidity and air pressure by I2C (Bosch BST-BME280-DS002)."""

KEYS = {"scl": ("pin", None), "sda": ("pin", None), "address": ("i2c", 0x76, 0x76, 0x77)}
VALUES = (("temperature", "°C", -40, 85), ("humidity", "%", 0, 100), ("pressure", "hPa", 300, 1100))
TRIES = 2
# What the id register says.
_IDS = {0x60: "BME280", 0x58: "BMP280", 0x61: "BME680"}
_SKIPPED = 0x80000


class Driver:
    """The chip at ``address``, asked for one measurement at a time (forced mode); it sleeps in between."""

    IDENTITY = 0x60

    def __init__(self, config, buses):
        self._bus = buses.i2c(config)
        self._address = config["address"]
        self._trim = None

    def start(self):
        """Begin a measurement; return the milliseconds that it takes."""
        found = self._bus.registers(self._address, 0xD0, 1)[0]
        if found != self.IDENTITY:
            self._trim = None
            name = _IDS.get(found, "chip of another kind")
            raise OSError("at I2C address 0x%02x is a %s, not a %s" % (self._address, name, _IDS[self.IDENTITY]))
        if self._trim is None:
            self._trim = self._trimming()
        # Oversampling 1 of all three; the humidity's counts only after the other register was written.
        self._bus.write(self._address, b"\xf2\x01")
        self._bus.write(self._address, b"\xf4\x25")
        # Section 9.1: 1.25 + 2.3 + 2 * (2.3 + 0.575) ms at most.
        return 10

    def read(self):
        """Return °C, % and hPa."""
        return self._measured(8)

    def _measured(self, count):
        if self._bus.registers(self._address, 0xF3, 1)[0] & 8:
            raise OSError("the chip is still measuring")
        data = self._bus.registers(self._address, 0xF7, count)
        raw = data[3] << 12 | data[4] << 4 | data[5] >> 4
        if raw == _SKIPPED:
            # It has lost its supply since it was told to measure.
            raise OSError("the chip has not measured")
        try:
            fine = fine_temperature(raw, self._trim)
            values = [((fine * 5 + 128) >> 8) / 100]
            if count == 8:
                values.append(humidity(data[6] << 8 | data[7], fine, self._trim) / 1024)
            values.append(pressure(data[0] << 12 | data[1] << 4 | data[2] >> 4, fine, self._trim) / 25600)
        except ZeroDivisionError:
            values = []
        if not values or not -40 <= values[0] <= 85 or not 300 <= values[-1] <= 1100:
            # The chip itself measures no further.
            self._trim = None
            raise OSError("the chip's values cannot be right: check its wires")
        return tuple(values)

    def _trimming(self):
        from alertnode.sensors import crc

        first = self._bus.registers(self._address, 0x88, 26)
        second = self._bus.registers(self._address, 0xE1, 8)
        # As in Bosch's own self-test (bme280_selftest.c).
        if crc.crc8(first + second[:7], 0x1D) ^ 0xFF != second[7]:
            raise crc.wrong()
        return trimming(first, second)


def trimming(first, second=b""):
    """Return T1 to T3, P1 to P9 and H1 to H6 of what lies from 0x88 and from 0xE1 on (4.2.2)."""
    from struct import unpack

    found = list(unpack("<HhhHhhhhhhhh", first[:24]))
    if second:
        h2, h3, h4, h45, h5, h6 = unpack("<hBbBbb", second[:7])
        found += [first[25], h2, h3, h4 * 16 | h45 & 15, h5 * 16 | h45 >> 4, h6]
    return found


def fine_temperature(raw, trim):
    """Return the temperature in 1/5120 °C (4.2.3, t_fine)."""
    one = (((raw >> 3) - (trim[0] << 1)) * trim[1]) >> 11
    two = (raw >> 4) - trim[0]
    return one + ((((two * two) >> 12) * trim[2]) >> 14)


def pressure(raw, fine, trim):
    """Return the pressure in 1/256 Pa (4.2.3, 64 bits)."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = trim[3:12]
    one = fine - 128000
    two = one * one * p6 + ((one * p5) << 17) + (p4 << 35)
    one = (((1 << 47) + ((one * one * p3) >> 8) + ((one * p2) << 12)) * p1) >> 33
    found = (((1048576 - raw) << 31) - two) * 3125 // one
    return ((found + ((p9 * (found >> 13) * (found >> 13)) >> 25) + ((p8 * found) >> 19)) >> 8) + (p7 << 4)


def humidity(raw, fine, trim):
    """Return the relative humidity in 1/1024 % (4.2.3)."""
    h1, h2, h3, h4, h5, h6 = trim[12:]
    v = fine - 76800
    slope = (((((v * h6) >> 10) * (((v * h3) >> 11) + 32768)) >> 10) + 2097152) * h2 + 8192
    v = (((raw << 14) - (h4 << 20) - h5 * v + 16384) >> 15) * (slope >> 14)
    v -= (((v >> 15) * (v >> 15) >> 7) * h1) >> 4
    return min(max(v, 0), 419430400) >> 12
