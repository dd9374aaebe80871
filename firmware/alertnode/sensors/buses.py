"""Lends drivers what they are wired to: pins, and buses that several sensors share."""


class Buses:
    """The board's pins and buses, made when they are asked for; ``sleep`` waits some milliseconds for a driver."""

    def __init__(self, sleep):
        self.sleep = sleep
        self._onewire = {}
        self._buses = {}

    def pin(self, number):
        """Return the Pin of that number or name."""
        import machine

        return machine.Pin(number)

    def input(self, number, pull):
        """Return the Pin as an input, held by a resistor: ``pull`` is "up", "down" or "none"."""
        from machine import Pin

        return Pin(number, Pin.IN, {"up": Pin.PULL_UP, "down": Pin.PULL_DOWN, "none": None}[pull])

    def adc(self, number):
        """Return the ADC at a pin, for voltages up to the supply."""
        import machine

        adc = machine.ADC(machine.Pin(number))
        # An ESP32's ADC ends at 1.1 V unless its input is attenuated.
        if hasattr(adc, "atten"):
            adc.atten(machine.ADC.ATTN_11DB)
        return adc

    def onewire(self, number):
        """Return the DS18X20 of the wire at a pin, which all its chips share."""
        if number not in self._onewire:
            import ds18x20
            import onewire

            self._onewire[number] = ds18x20.DS18X20(onewire.OneWire(self.pin(number)))
        return self._onewire[number]

    def output(self, number, level):
        """Return the Pin as an output, which begins with ``level``."""
        from machine import Pin

        return Pin(number, Pin.OUT, value=level)

    def i2c(self, config):
        """Return the Bus on the pins scl and sda of ``config``, which all its chips share."""
        from alertnode.sensors import i2c

        return i2c.bus(self._buses, config)

    def spi(self, config, polarity=0, phase=0):
        """Return the SPI bus on the pins sck, mosi and miso of ``config``, which all its chips of a mode share."""
        from alertnode.sensors import spi

        return spi.bus(self._buses, config, polarity, phase)
