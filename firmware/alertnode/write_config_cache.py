"""Writes the configuration that ``ready`` loads; only a start that has checked it does."""

import json

from alertnode import LANGUAGE, platform, zone_rule
from alertnode.config_cache import LONGEST, PATH, mark, whole

# What a wake without a mail reads; and what else if the configuration asks for something of options.py.
_WAKE = "board_name", "interval", "watchdog", "log_size", "battery"
# What rulebook.py and assemble.py assume of a rule and of a sensor.
RULE = {"hysteresis": (0,), "readings": (1,), "for": (0,), "repeat": (0,)}
NOTHING = "", (), []
SENSOR = {"scale": (1,), "offset": (0,), "interval": (0,), "readings": (0,)}
_RARE = "language", "quiet", "debug", "texts", "outputs", "summary"


def keep(settings):
    """Keep ``settings``, a checked configuration, and return them as ``whole`` will; flash is written if need be."""
    # (Each word that is read costs a search in MicroPython's table of names.)
    kept = {name: settings[name] for name in _WAKE}
    clock = dict(settings["clock"])
    clock["zone"] = zone_rule.parts(clock["zone"])
    kept["clock"] = clock
    kept["storm"] = {"window": settings["storm"]["window"]}
    kept["rules"] = [given(rule, RULE, NOTHING) for rule in settings["rules"]]
    kept["sensors"] = {name: given(section, SENSOR) for name, section in settings["sensors"].items()}
    kept["plain"] = not [name for name in _RARE[1:] if settings[name]] and settings["language"] == LANGUAGE[9:]
    if not kept["plain"]:
        kept.update({name: settings[name] for name in _RARE})
    more = {name: settings[name] for name in settings if name not in kept or name == "storm"}
    text = json.dumps(kept).encode()
    kept = json.loads(text)
    kept["more"] = json.dumps(more).encode()
    try:
        data = mark() + text + b"\n" + kept["more"]
        if platform.read(PATH, LONGEST) != data:
            platform.write(PATH, data)
    except OSError:
        # Then they are checked at each start.
        pass
    return whole(kept)


def given(section, usual, others=()):
    """Return ``section`` without what is assumed if it is missing: the values ``usual``, by key, and ``others``."""
    if "values" in section:
        # A sensor of one's own reads its section by itself.
        return section
    return {key: section[key] for key in section if section[key] not in usual.get(key, others)}
