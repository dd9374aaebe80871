"""Writes the configuration that ``ready`` loads; only a start that has checked it does."""

import json

from alertnode import platform
from alertnode.config_cache import LONGEST, PATH, mark

# The sections that only mailing needs.
_MORE = "mail", "wifi", "network", "ethernet", "modem"


def keep(settings):
    """Keep ``settings``, a checked configuration, and return them as ``load`` will; flash is written if need be."""
    # (Each word that is read costs a search in MicroPython's table of names.)
    kept = {name: settings[name] for name in settings if name not in _MORE and (settings[name] or name != "debug")}
    kept["more"] = json.dumps({name: settings[name] for name in _MORE if name in settings})
    text = json.dumps(kept)
    try:
        data = mark() + text.encode()
        if platform.read(PATH, LONGEST) != data:
            platform.write(PATH, data)
    except OSError:
        # Then they are checked at each start.
        pass
    return json.loads(text)
