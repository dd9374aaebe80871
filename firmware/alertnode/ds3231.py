"""Reads and sets a DS3231, a clock chip with its own battery on an I2C bus; it keeps UTC here."""

from alertnode import zone

_ADDRESS = 0x68


def make(config, say, buses):
    """Return the DS3231 on the pins of ``config``, None if it cannot be set up. Raises ValueError if they are wrong."""
    from alertnode.sensors.reading import reason

    try:
        return DS3231(buses.i2c(config))
    except ValueError:
        raise
    except Exception as error:
        say("the DS3231 cannot be set up: %s" % reason(error))
        return None


class DS3231:
    """Talks to the chip on ``bus``, a Bus that sensors may share; its methods raise OSError if it does not answer."""

    def __init__(self, bus):
        self._bus = bus

    def get(self):
        """Return Unix seconds, or None if the chip's battery has been empty since it was set."""
        # Bit 7 of the status register, OSF: the oscillator stopped (data sheet, "Status Register").
        if self._bus.registers(_ADDRESS, 15, 1)[0] & 0x80:
            return None
        data = self._bus.registers(_ADDRESS, 0, 7)
        second, minute, hour, _, day, month, year = [value // 16 * 10 + value % 16 for value in data]
        # Bit 7 of the month register is the century, which this program leaves at 0.
        return zone.seconds(2000 + year, month % 80, day, hour, minute, second)

    def set(self, unix):
        """Set the chip to ``unix`` seconds and clear its warning that it had stopped."""
        year, month, day, hour, minute, second = zone.fields(unix)
        weekday = unix // zone.DAY % 7 + 1
        values = (second, minute, hour, weekday, day, month, year - 2000)
        self._bus.write(_ADDRESS, bytes([0] + [value // 10 * 16 + value % 10 for value in values]))
        status = self._bus.registers(_ADDRESS, 15, 1)[0]
        self._bus.write(_ADDRESS, bytes([15, status & 0x7F]))


def ask_chip(clock, chip):
    """Set ``clock`` by the DS3231 ``chip``, if that knows the time."""
    try:
        unix = chip.get()
    except Exception:
        # A bus that is disturbed may give any bits.
        clock.say("the DS3231 does not answer: check its wires, or remove clock.ds3231 from the configuration")
        return
    if unix is not None and clock.is_sane(unix):
        clock.set(unix, "the DS3231")
