"""The voltage that a Pico W is fed with (VSYS), which its ADC measures by itself."""

from alertnode.sensors.reading import Ready

KEYS: dict = {}
VALUES = (("", "V", 0, 5.5),)
# The function SPI-by-PIO of a pin: it is the clock of the Wi-Fi chip otherwise (Pico W data sheet, 2.1).
_PIO = 7


class Driver(Ready):
    """VSYS / 3 at GPIO29, which it shares with the clock of the Wi-Fi chip."""

    def __init__(self, config, buses):
        pass

    def read(self):
        """Return V. Raises OSError if the board does not measure it."""
        import sys

        if sys.platform != "rp2":
            raise OSError("this board does not measure its supply: use the type battery")
        from machine import ADC, Pin, disable_irq, enable_irq

        # Meanwhile nobody talks to the Wi-Fi chip, and it hears nothing while its chip select is high.
        state = disable_irq()
        try:
            Pin(25, Pin.OUT, value=1)
            Pin(29, Pin.IN)
            word = ADC(29).read_u16()
            Pin(29, Pin.ALT, Pin.PULL_DOWN, alt=_PIO)
        finally:
            enable_irq(state)
        return (word * 3 * 3.3 / 65535,)
