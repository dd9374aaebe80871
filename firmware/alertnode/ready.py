"""Keeps the configuration as it was checked and completed, for a board on battery, which sleeps a lot."""

import json
from binascii import crc32

from alertnode import platform

PATH = "/config.ready"
_SOURCE = "/config.json"
_LONGEST = 32768
# The sections that only mailing needs.
_MORE = "mail", "wifi", "network", "ethernet"


def _mark():
    """Return 8 bytes that are others if the configuration was changed, or raise OSError."""
    with open(_SOURCE, "rb") as file:
        return b"%08x" % crc32(file.read(_LONGEST))


def load():
    """Return the configuration (dict) if it is the one that was kept, else None; ``whole`` completes it for a mail."""
    try:
        kept = platform.read(PATH, _LONGEST)
        return json.loads(kept[8:].decode()) if kept and kept[:8] == _mark() else None
    except (OSError, ValueError):
        return None


def whole(settings):
    """Return ``settings`` with what a wake without a mail does not need."""
    settings.update(json.loads(settings.pop("more", "{}")))
    return settings


def keep(settings):
    """Keep ``settings``, a checked configuration, and return them as ``load`` will; flash is written if need be."""
    # (Each word that is read costs a search in MicroPython's table of names.)
    kept = {name: settings[name] for name in settings if name not in _MORE}
    kept["more"] = json.dumps({name: settings[name] for name in _MORE if name in settings})
    text = json.dumps(kept)
    try:
        data = _mark() + text.encode()
        if platform.read(PATH, _LONGEST) != data:
            platform.write(PATH, data)
    except OSError:
        # Then they are checked at each start.
        pass
    return json.loads(text)
