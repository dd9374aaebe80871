"""The firmware's page names every key of the configuration, and its example is right."""

from __future__ import annotations

import json
import re

from alertnode import config, config_help, config_help_parts, config_modem
from umail_host.paths import firmware

DOCS = firmware().parent / "docs"
PAGE = (DOCS / "firmware.md").read_text()


def documented_keys(page: str) -> set[str]:
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {key for row in rows for key in re.findall(r"`([a-z_0-9.]+)`", row)}


def test_the_modem_s_keys_are_documented_and_its_examples_are_right() -> None:
    page = (DOCS / "modem.md").read_text()
    assert {f"modem.{key}" for key in config_modem.MODEM} == {key for key in documented_keys(page) if "." in key}
    base = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])  # type: ignore[index]
    del base["wifi"]
    examples = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        assert config.check(base | json.loads(f"{{{example}}}"))[1] == []


def test_every_key_is_documented_and_no_other() -> None:
    documented = documented_keys(PAGE)
    hints = {*config_help._HINTS, *(key for key in config_help_parts.HINTS if key.startswith(("mail.", "ethernet.")))}
    hints.add("modem")
    known = {key for key in hints if key and not any(other.startswith(key + ".") for other in hints)}
    # Sections that may be one value, too.
    assert documented == known | {"heartbeat", "summary"}


def test_the_example_is_right() -> None:
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    settings, problems = config.check(json.loads(example.group(1)))
    assert problems == []
    assert settings["board_name"] == "freezer-3"
