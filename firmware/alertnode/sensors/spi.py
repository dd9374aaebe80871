"""Makes the SPI bus that chips share, by software: any pins will do."""


def bus(config, polarity, phase):
    """Return a machine.SoftSPI on the pins of ``config``: sck, mosi, miso."""
    from machine import Pin, SoftSPI

    pins = [Pin(config[key]) for key in ("sck", "mosi", "miso")]
    return SoftSPI(500000, polarity=polarity, phase=phase, sck=pins[0], mosi=pins[1], miso=pins[2])
