"""An SCD40 or SCD41: CO2, temperature and humidity by I2C, at the address 0x62 (Sensirion SCD4x data sheet)."""

from alertnode.sensors import crc, sht4x

KEYS = {"scl": ("pin", None), "sda": ("pin", None)}
VALUES = (("co2", "ppm", 0, 40000), ("temperature", "°C", -10, 60), ("humidity", "%", 0, 100))
_ADDRESS = 0x62


class Driver:
    """The chip, which measures by itself every 5 s once it was told to."""

    def __init__(self, config, buses):
        self._bus = buses.i2c(config)
        self._sleep = buses.sleep
        self._told = False

    def start(self):
        """Let it measure, if it does not; return the milliseconds until a measurement is there."""
        if self._ready():
            return 0
        if not self._told:
            try:
                self._bus.write(_ADDRESS, b"\x21\xb1")
            except OSError:
                # It has gone on measuring while the board was reset, and refuses to begin again.
                pass
            self._told = True
        return 5100

    def read(self):
        """Return ppm, °C and %."""
        if not self._ready():
            # Its supply may have gone meanwhile.
            self._told = False
            raise OSError("the chip has not measured")
        co2, temperature, humidity = self._ask(b"\xec\x05", 9)
        return co2, sht4x.celsius(temperature), humidity * 100 / 65535

    def _ready(self):
        # 3.8.2: the 11 lowest bits are 0 until a measurement is there.
        return self._ask(b"\xe4\xb8", 3)[0] & 0x7FF

    def _ask(self, command, count):
        self._bus.write(_ADDRESS, command)
        self._sleep(1)
        return crc.words(self._bus.read(_ADDRESS, count))
