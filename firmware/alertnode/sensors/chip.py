"""The temperature of the board's own chip: a few degrees above that of its surroundings."""

from alertnode.sensors.reading import Ready

KEYS: dict = {}
VALUES = (("", "°C", -40, 125),)


class Driver(Ready):
    """The sensor inside an ESP32 or RP2."""

    def __init__(self, config, buses):
        self._buses = buses

    def read(self):
        """Return °C."""
        try:
            import esp32
        except ImportError:
            return (self._rp2(),)
        if hasattr(esp32, "mcu_temperature"):
            return (esp32.mcu_temperature(),)
        if not hasattr(esp32, "raw_temperature"):
            # With 1.22 any chip but the first ESP32.
            raise OSError("this chip has no thermometer")
        # The first ESP32 has an uncalibrated one, in °F.
        return ((esp32.raw_temperature() - 32) / 1.8,)

    def _rp2(self):
        import machine

        adc = machine.ADC(4)
        if not hasattr(adc, "read_u16"):
            raise OSError("this chip has no thermometer")
        return rp2_celsius(adc.read_u16())


def rp2_celsius(word):
    """Return the temperature of a 16-bit reading at 3.3 V (RP2040 data sheet, 4.9.5)."""
    return 27 - (word * 3.3 / 65535 - 0.706) / 0.001721
