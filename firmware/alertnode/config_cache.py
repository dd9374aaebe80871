"""Keeps the configuration as it was checked and completed, for a board on battery, which sleeps a lot."""

import json
from binascii import crc32

from alertnode import platform

PATH = "/config.ready"
_SOURCE = "/config.json"
LONGEST = 32768
# One more with each change of what is kept: an update, or one that is taken back, must not read what another firmware
# kept.
_FORMAT = 1


def mark():
    """Return 8 bytes that are others if the configuration or the format was changed; OSError if it cannot be read."""
    return b"%08x" % crc32(platform.fetch(_SOURCE, LONGEST) or b"", _FORMAT)


def load():
    """Return the configuration (dict) if it is the one that was kept, else None; ``whole`` completes it for a mail."""
    try:
        kept = platform.read(PATH, LONGEST)
        if not kept or kept[:8] != mark():
            return None
        text, _, more = kept[8:].partition(b"\n")
        settings = json.loads(text)
        settings["more"] = more
        return settings
    except (OSError, ValueError):
        return None


def whole(settings):
    """Return ``settings`` with what a wake without a mail does not need."""
    if "more" in settings:
        settings.update(json.loads(settings.pop("more")))
    return settings
