"""An I2C bus that sensors share: one that is held low is freed by nine clocks; what fails is said in a sentence."""


def bus(made, config):
    """Return the Bus on the pins of ``config``: scl, sda; ``made`` are those that were made before, by their pins."""
    wires = config["scl"], config["sda"]
    if wires not in made:
        made[wires] = Bus(wires[0], wires[1])
    return made[wires]


class Bus:
    """The bus on the pins ``scl`` and ``sda``, by software: any two pins will do, and a chip may stretch the clock."""

    def __init__(self, scl, sda):
        self._wires = scl, sda
        self._open()

    def write(self, address, data):
        """Write bytes to the chip at ``address``. Raises OSError, with a sentence."""
        self._free()
        try:
            done = self._i2c.writeto(address, data)
        except OSError:
            done = -1
        if done < len(data):
            raise OSError("no chip answers at I2C address 0x%02x: check its wires and its address" % address)

    def read(self, address, count):
        """Return bytes from the chip at ``address``. Raises OSError, with a sentence."""
        self._free()
        try:
            return self._i2c.readfrom(address, count)
        except OSError:
            raise OSError("the chip at I2C address 0x%02x does not answer: check its wires" % address)

    def registers(self, address, first, count):
        """Return ``count`` bytes of a chip's registers from ``first`` on. Raises OSError, with a sentence."""
        self.write(address, bytes([first]))
        return self.read(address, count)

    def number(self, address, register):
        """Return a register of 16 bits, its high byte first. Raises OSError, with a sentence."""
        data = self.registers(address, register, 2)
        return data[0] << 8 | data[1]

    def scan(self):
        """Return the addresses at which chips answer. Raises OSError, with a sentence, if the bus is held low."""
        self._free()
        return self._i2c.scan()

    def _open(self):
        import machine

        self._scl, self._sda = machine.Pin(self._wires[0]), machine.Pin(self._wires[1])
        self._i2c = machine.SoftI2C(scl=self._scl, sda=self._sda, freq=100000)

    def _free(self):
        """Check that nobody holds the lines. A master in software takes a line that is low for an answer."""
        if self._sda.value() and self._scl.value():
            return
        import time

        # NXP UM10204, 3.1.16: nine clocks bring a chip to the end of the byte in which it was left alone.
        self._scl.init(self._scl.OPEN_DRAIN, value=1)
        for pulse in range(9):
            if self._sda.value():
                break
            self._scl.value(0)
            time.sleep_us(5)  # type: ignore[attr-defined]
            self._scl.value(1)
            time.sleep_us(5)  # type: ignore[attr-defined]
        self._open()
        if not self._sda.value() or not self._scl.value():
            text = "the I2C bus is held low: check its wires, its two pull-up resistors, and the supply of its chips"
            raise OSError(text)
