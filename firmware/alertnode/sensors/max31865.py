"""A MAX31865 with a Pt100 or Pt1000, by SPI (Maxim 19-6478)."""

KEYS = {
    "sck": ("pin", None),
    "mosi": ("pin", None),
    "miso": ("pin", None),
    "cs": ("pin", None),
    "wires": ("whole", 4, 2, 4),
    "nominal": ("number", 100, 10, 10000),
    "reference": ("number", 430, 10, 100000),
}
VALUES = (("", "°C", -200, 850),)
TRIES = 2
_BIAS, _ONE_SHOT, _THREE, _CLEAR, _50_HZ = 0x80, 0x20, 0x10, 0x02, 0x01
# IEC 60751.
_A, _B, _C = 3.9083e-3, -5.775e-7, -4.183e-12


class Driver:
    """The chip chosen by the pin ``cs``; ``nominal``: Ω of the Pt at 0 °C, ``reference``: of the board's resistor."""

    def __init__(self, config, buses):
        self._spi = buses.spi(config, phase=1)
        self._cs = buses.output(config["cs"], 1)
        self._sleep = buses.sleep
        self._ratio = config["reference"] / config["nominal"]
        self._setting = _50_HZ | (_THREE if config["wires"] == 3 else 0)

    def start(self):
        """Begin a measurement; return the milliseconds that it takes."""
        self._write(0, self._setting | _BIAS | _CLEAR)
        # The bias reaches its voltage.
        self._sleep(10)
        self._write(0, self._setting | _BIAS | _ONE_SHOT)
        # 62.5 ms at most with the 50 Hz filter.
        return 66

    def read(self):
        """Return °C."""
        data = self._read(0, 8)
        self._write(0, self._setting)
        # One that is not there gives all bits 1, or all 0.
        if data[0] & ~_ONE_SHOT != self._setting | _BIAS:
            raise OSError("no MAX31865 answers: check its wires and the pin cs")
        if data[0] & _ONE_SHOT:
            raise OSError("the chip is still measuring")
        code = (data[1] << 8 | data[2]) >> 1
        if data[2] & 1 or code == 0 or code == 0x7FFF:
            raise OSError("the Pt's wires are broken or shorted (fault 0x%02x)" % data[7])
        value = celsius(code / 32768 * self._ratio)
        if not -200 <= value <= 850:
            raise OSError("the Pt's wires are broken or shorted (fault 0x%02x)" % data[7])
        return (value,)

    def _write(self, register, value):
        self._cs.value(0)
        self._spi.write(bytes([register | 0x80, value]))
        self._cs.value(1)

    def _read(self, register, count):
        self._cs.value(0)
        self._spi.write(bytes([register]))
        data = self._spi.read(count)
        self._cs.value(1)
        return data


def celsius(ratio):
    """Return the temperature at which a Pt has ``ratio`` times its resistance at 0 °C (Callendar, Van Dusen)."""
    value = (-_A + (_A * _A - 4 * _B * (1 - ratio)) ** 0.5) / (2 * _B)
    if ratio < 1:
        # Below 0 °C there is one more term: Newton's method from the solution without it.
        for step in range(3):
            cube = _C * value * value * value
            error = 1 + value * (_A + value * _B) + cube * (value - 100) - ratio
            value -= error / (_A + 2 * _B * value + _C * value * value * (4 * value - 300))
    return value
