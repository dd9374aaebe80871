"""Reads a DS18B20 on a 1-Wire bus by MicroPython's own driver; ``address`` chooses one of several on the wire."""

KEYS = {"pin": ("pin", None), "address": ("digits", "")}
VALUES = (("", "°C", -55, 125),)
TRIES = 3
# Milliseconds that a conversion of 12 bits takes (data sheet, "Thermometer resolution").
_CONVERSION = 750


class Driver:
    """One chip; ``config`` is its section, ``buses`` lends the wire."""

    def __init__(self, config, buses):
        self._bus = buses.onewire(config["pin"])
        self._address = bytes.fromhex(config["address"]) if config["address"] else None
        self._rom = None
        self._last = None

    def start(self):
        """Begin a conversion; return its milliseconds. Raises OSError if the chip cannot be told from others."""
        rom = self._address
        if rom is None:
            found = self._bus.scan()
            if len(found) > 1:
                raise OSError("%d chips on the wire: set sensor.address to one of them" % len(found))
            if not found:
                raise OSError("no DS18B20 answers: check its wires and its 4.7 kΩ resistor")
            rom = found[0]
        self._rom = rom
        try:
            self._bus.convert_temp()
        except Exception as error:
            raise _failure(error)
        return _CONVERSION

    def read(self):
        """Return the temperature in °C. Raises OSError if no chip answers, or its answer fails its checksum."""
        try:
            value = self._bus.read_temp(self._rom)
        except Exception as error:
            raise _failure(error)
        # 85 °C is what the chip holds before its first conversion: believed only when it was hot already.
        if value == 85 and not (self._last is not None and 80 < self._last < 90):
            raise OSError("DS18B20: the chip was without power (85.0)")
        self._last = value
        return (value,)


def _failure(error):
    # The driver raises a bare Exception for a wrong checksum, OneWireError for no answer.
    return OSError("DS18B20: " + (str(error) or "no answer"))
