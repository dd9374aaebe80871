"""Writes the configuration that ``ready`` loads; only a start that has checked it does."""

import json

from alertnode import LANGUAGE, platform, zone_rule
from alertnode.config_cache import LONGEST, PATH, mark, whole

# What a wake without a mail reads; and what else if the configuration asks for something of options.py.
_WAKE = "board_name", "interval", "watchdog", "log_size", "battery", "sensors"
_RARE = "language", "quiet", "debug", "texts", "outputs", "summary"


def keep(settings):
    """Keep ``settings``, a checked configuration, and return them as ``whole`` will; flash is written if need be."""
    # (Each word that is read costs a search in MicroPython's table of names.)
    kept = {name: settings[name] for name in _WAKE}
    clock = dict(settings["clock"])
    clock["zone"] = zone_rule.parts(clock["zone"])
    kept["clock"] = clock
    kept["storm"] = {"window": settings["storm"]["window"]}
    kept["rules"] = [{key: rule[key] for key in rule if rule[key] not in ("", (), [])} for rule in settings["rules"]]
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
