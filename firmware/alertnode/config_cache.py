"""Keeps the configuration as it was checked and completed, for a board on battery, which sleeps a lot."""

import json
from binascii import crc32

from alertnode import platform

PATH = "/config.ready"
_SOURCE = "/config.json"
LONGEST = 32768


def mark():
    """Return 8 bytes that are others if the configuration was changed; OSError if it cannot be read."""
    return b"%08x" % crc32(platform.fetch(_SOURCE, LONGEST) or b"")


def load():
    """Return the configuration (dict) if it is the one that was kept, else None; ``whole`` completes it for a mail."""
    try:
        kept = platform.read(PATH, LONGEST)
        return json.loads(kept[8:].decode()) if kept and kept[:8] == mark() else None
    except (OSError, ValueError):
        return None


def whole(settings):
    """Return ``settings`` with what a wake without a mail does not need."""
    if "more" in settings:
        settings.update(json.loads(settings.pop("more")))
    return settings
