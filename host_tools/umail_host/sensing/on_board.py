"""What reads each sensor of a board's configuration once, on the board, and lists its buses; each line is JSON."""

import json


def sense(mark):
    """Print a line for each reading and each bus, behind ``mark``; the sensors are set up as the node does it."""
    from alertnode import assemble, config, platform, texts
    from alertnode.clock import Uptime
    from alertnode.sensors.buses import Buses

    def tell(**what):
        print(mark + json.dumps(what))

    settings, problems = config.load()
    if problems:
        tell(problem=" ".join(problems))
        return
    if "trace" in [section["type"] for section in settings["sensors"].values()]:
        return
    # The network is not up.
    settings["sensors"] = {name: one for name, one in settings["sensors"].items() if one["type"] != "wifi"}

    class Time:
        uptime = Uptime(platform)

    try:
        readings = assemble._sensor(settings, Time(), lambda text: None, Buses(platform.sleep)).take()
    except ValueError as error:
        tell(problem=str(error))
        return
    for one in readings:
        text = "" if one.value is None else texts.amount(one.value, one.unit)
        tell(of=one.of, text=text, why=one.why)
    _buses(settings["sensors"], platform, tell)


def _buses(sensors, platform, tell):
    from alertnode.sensors.buses import Buses

    lent = Buses(platform.sleep)
    seen = []
    for section in sensors.values():
        wires = [section[key] for key in ("scl", "sda") if key in section]
        if section["type"] == "ds18b20":
            wires = [section["pin"]]
        if not wires or wires in seen:
            continue
        seen.append(wires)
        try:
            if len(wires) == 2:
                found = ["0x%02x" % address for address in lent.i2c(section).scan()]
            else:
                found = ["".join(["%02x" % byte for byte in rom]) for rom in lent.onewire(wires[0]).scan()]
            tell(bus=wires, found=found)
        except Exception as error:
            tell(bus=wires, found=[], why=str(error) or "no answer")


def thermometers(mark, pin):
    """Print a line of JSON behind ``mark``: [[address, °C or None], …] of the DS18B20 at ``pin``."""
    import time

    import ds18x20
    import machine
    import onewire

    bus = ds18x20.DS18X20(onewire.OneWire(machine.Pin(pin)))
    found = []
    roms = bus.scan()
    if roms:
        bus.convert_temp()
        time.sleep_ms(800)
    for rom in roms:
        try:
            value = bus.read_temp(rom)
        except Exception:
            value = None
        found.append(["".join(["%02x" % byte for byte in rom]), value])
    print(mark + json.dumps(found))
