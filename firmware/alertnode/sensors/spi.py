"""Makes the SPI buses that chips share, by software: any pins will do."""


def bus(made, config, polarity, phase):
    """Return the machine.SoftSPI on the pins of ``config``: sck, mosi, miso; ``made`` are those made before."""
    from machine import Pin, SoftSPI

    wires = config["sck"], config["mosi"], config["miso"], polarity, phase
    if wires not in made:
        pins = [Pin(number) for number in wires[:3]]
        made[wires] = SoftSPI(500000, polarity=polarity, phase=phase, sck=pins[0], mosi=pins[1], miso=pins[2])
    return made[wires]
