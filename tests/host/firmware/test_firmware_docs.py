"""The firmware's page names every key of the configuration, and its example is right."""

from __future__ import annotations

import json
import re

from alertnode import config, config_help, config_help_parts
from umail_host.paths import firmware

PAGE = (firmware().parent / "docs" / "firmware.md").read_text()


def test_every_key_is_documented_and_no_other() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    documented = {key for row in rows for key in re.findall(r"`([a-z_0-9.]+)`", row)}
    hints = {*config_help._HINTS, *(key for key in config_help_parts.HINTS if key.startswith(("mail.", "ethernet.")))}
    known = {key for key in hints if key and not any(other.startswith(key + ".") for other in hints)}
    # Sections that may be one value, too.
    assert documented == known | {"heartbeat", "summary"}


def test_the_example_is_right() -> None:
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    settings, problems = config.check(json.loads(example.group(1)))
    assert problems == []
    assert settings["board_name"] == "freezer-3"
