"""Writes a configuration as a board takes it: pins by number, time zones as POSIX rules."""

from __future__ import annotations

from typing import Any

from umail_host.configuration import pins, zones


def correct(config: dict[str, Any]) -> None:
    """Change ``config``: ``"GPIO4"`` and ``"4"`` are the pin 4, Europe/Berlin is its rule.

    Raises:
        UserError: there is no such time zone.
    """
    for use in pins.uses(config):
        if isinstance(use.section, dict):
            use.section[use.role] = use.pin
    clock = config.get("clock")
    if isinstance(clock, dict) and isinstance(clock.get("zone"), str):
        clock["zone"] = zones.rule(clock["zone"])
