"""An HX711 with a load cell (Avia HX711 data sheet): channel A, gain 128, read bit by bit."""

KEYS = {"pin": ("pin", None), "sck": ("pin", None)}
VALUES = (("", "", -8388608, 8388607),)
TRIES, PAUSE = 3, 110


class Driver:
    """The chip whose DOUT is at ``pin``; its number becomes grams by the sensor's ``scale`` and ``offset``."""

    def __init__(self, config, buses):
        self._sck = buses.output(config["sck"], 0)
        self._data = buses.input(config["pin"], "up")

    def start(self):
        """Return the milliseconds until it has measured: 10 times a second."""
        return 110 if self._data.value() else 0

    def read(self):
        """Return what the converter says."""
        if self._data.value():
            raise OSError("no HX711 answers: check its wires")
        value = 0
        for bit in range(25):
            value = value << 1 | self._bit()
        # The 25th pulse chooses channel A again, and the chip lets the line go until it has measured.
        if not value & 1 or not self._data.value():
            raise OSError("no HX711 answers: check its wires")
        value >>= 1
        if value in (0x7FFFFF, 0x800000):
            raise OSError("the load cell is overloaded, or one of its wires is broken")
        return (value - 0x1000000 if value & 0x800000 else value,)

    def _bit(self):
        from machine import disable_irq, enable_irq

        # A clock that is high for 60 µs switches the chip off.
        state = disable_irq()
        self._sck.value(1)
        self._sck.value(0)
        enable_irq(state)
        return self._data.value()
