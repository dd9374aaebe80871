"""Writes a configuration as a board takes it: pins by number, time zones as POSIX rules."""

from __future__ import annotations

from typing import Any

from umail_host.configuration import pins, zones
from umail_host.errors import UserError


def correct(config: dict[str, Any]) -> list[str]:
    """Change ``config``: ``"GPIO4"`` and ``"4"`` are the pin 4, Europe/Berlin is its rule; return what is wrong."""
    for use in pins.uses(config):
        if isinstance(use.section, dict):
            use.section[use.role] = use.pin
    clock = config.get("clock")
    if isinstance(clock, dict) and isinstance(clock.get("zone"), str):
        try:
            clock["zone"] = zones.rule(clock["zone"])
        except UserError as error:
            # (So that the rest is judged, too.)
            clock["zone"] = "UTC0"
            sentence = str(error)
            return [sentence if sentence[-1] == "?" else f"{sentence}."]
    return []
