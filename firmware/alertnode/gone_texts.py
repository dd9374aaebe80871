"""Tells of a missing reading: which chip at which pin, and whether it ever answered; loaded if there is one."""

import sys

# The keys of a section that name its wires.
_WIRES = ("pin", "sda", "scl", "sck", "mosi", "miso", "cs")


def tell(app, reading):
    """Log once that a value of ``app``, an App, went or came; call it with each reading of one that is gone."""
    of, gone = reading.of, reading.value is None
    told = app.gone.count(of)
    # At a wake of a board on battery a Source does not know that it has answered before.
    if gone and reading.source and (told == 1 or (not told and app.sleeps and app.port.slept())):
        reading.source.answered = True
    if gone == bool(told):
        return
    app.gone = [one for one in app.gone if one != of] + [of] * (gone + bool(_never(reading)))
    app.log.say(line(reading) + app.sensor.recorded(reading.at))


def line(reading):
    """Return the console's line: ``the sensor freezer is gone: no answer``."""
    if _never(reading):
        place = where(reading.source)
        if reading.of:
            place = "%s (%s)" % (reading.of, place)
        return "did not answer since start: %s: %s" % (place, reading.why)
    text = "the sensor%s is back" if reading.value is not None else "the sensor%s is gone: %s"
    name = reading.of and " " + reading.of
    return text % (name if reading.value is not None else (name, reading.why))


def head(name, reading):
    """Return how the subject about it begins; ``name`` is the rule's."""
    if _never(reading):
        return "%s did not answer since start: %s" % (name, where(reading.source))
    return "%s gone: %s" % (name, reading.why) if reading.value is None else "%s back" % name


def happened(name, reading):
    """Return what has happened, in one line."""
    if _never(reading):
        return "%s %s" % (name, line(reading))
    return "%s is gone: %s" % (name, reading.why) if reading.value is None else "%s is back" % name


def where(source):
    """Return ``DS18B20 on GPIO4``: what ``source``, a Source, is, and its pins."""
    section = source.section
    kind = section.get("type", "")
    # A chip's name; what is not a chip, or is one's own, is a word.
    if "_" not in kind and [c for c in kind if c.isdigit()]:
        kind = kind.upper()
    prefix = "GP" if sys.platform == "rp2" else "GPIO"
    pins = [section[key] for key in _WIRES if section.get(key) is not None]
    if pins:
        kind = "%s on %s" % (kind, ", ".join([pin if isinstance(pin, str) else "%s%d" % (prefix, pin) for pin in pins]))
    return kind


def _never(reading):
    return reading.value is None and reading.source and not reading.source.answered
