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


class _Module:
    pass


_drivers = _Module()


def install(name, source):
    """Make ``source`` the module ``alertnode.sensors.NAME``, in RAM: the board may have no drivers yet, or others."""
    import sys

    sys.modules["alertnode"] = sys.modules["alertnode.sensors"] = _drivers
    whole = "alertnode.sensors." + name
    namespace = {"__name__": whole}
    exec(source, namespace)
    module = _Module()
    for key in namespace:
        setattr(module, key, namespace[key])
    setattr(_drivers, name, module)
    sys.modules[whole] = module


def chips(mark, kind, section, possible):
    """Print a line of JSON behind ``mark``: [[address, values or None], …] of the chips of a kind that answer.

    ``section`` is that of one of them; ``possible`` are the I2C addresses to ask, None: it is a DS18B20, by its ROM.
    """
    import sys
    import time

    from alertnode.sensors.buses import Buses

    lent = Buses(time.sleep_ms)
    if possible is None:
        there = ["".join(["%02x" % byte for byte in rom]) for rom in lent.onewire(section["pin"]).scan()]
    else:
        there = [address for address in lent.i2c(section).scan() if address in possible]
    begun = []
    longest = 0
    for address in there:
        driver = sys.modules["alertnode.sensors." + kind].Driver(dict(section, address=address), lent)
        try:
            longest = max(longest, driver.start())
        except Exception:
            # A chip of another kind.
            continue
        begun.append((address, driver))
    time.sleep_ms(longest)
    found = []
    for address, driver in begun:
        try:
            values = driver.read()
        except Exception:
            values = None
        found.append((address, values))
    print(mark + json.dumps(found))
