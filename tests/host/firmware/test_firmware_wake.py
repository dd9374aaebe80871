"""A door that opens while a board on battery sleeps is mailed at once on each kind of chip."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host.firmware.firmware_rig import PIN, installed, rig, settings

# Board (the virtual one is an ESP32), pin, and whose resistor holds the pin while the contact is open: its own or none.
KINDS = [
    ("ESP32_GENERIC", 13, "up"),
    ("ESP32_GENERIC_S3", 13, "none"),
    ("ESP32_GENERIC_C3", 3, "none"),
    ("RPI_PICO_W", 13, "up"),
]


def _config(server: Any, pin: int, pull: str) -> dict[str, Any]:
    config = settings(
        server,
        sensors={
            "freezer": {"type": "ds18b20", "pin": PIN},
            "door": {"type": "contact", "pin": pin, "pull": pull, "wake": True},
        },
        rules=[{"name": "door", "of": "door", "when": "open"}],
        battery={"budget": 30},
        interval=3600,
    )
    del config["sensor"]
    return config


@pytest.mark.parametrize(("kind", "pin", "pull"), KINDS)
def test_each_board_mails_at_once_that_a_door_opened_in_its_sleep_and_is_woken_once(
    kind: str, pin: int, pull: str, tmp_path: Path, micropython: str
) -> None:
    flash = installed(tmp_path / "flash", kind, config=_config(SimpleNamespace(port=587), pin, pull))
    with rig(flash, tmp_path / "board", kind=kind, sleep_speed=400) as node:
        door = node.board.pins[pin]
        door.drive(0)
        node.start(_config(node.server, pin, pull))
        node.wait_for("asleep for 59 min", 30)

        door.drive(None if pull == "up" else 1)
        node.wait_for(f"woken by the contact at pin {pin}", 30)
        node.wait_for("door is open: alert mailed to ops@contoso.com", 30)
        node.wait_for("asleep for")
        (mail,) = node.server.inbox.wait(1)
        assert mail["Subject"] == "Door open (freezer-3)"
        assert f", woken by the contact at pin {pin}, up for " in mail.get_content()

        door.drive(0)
        node.wait_for(f"woken by the contact at pin {pin}", 30)
        node.wait_for("recovery mailed", 30)
        node.wait_for("asleep for")
        assert node.subjects(2)[1] == "Door closed (freezer-3)"

        # The next reading of the other sensor stays where it was, an hour after the last one.
        node.wait_for("freezer ", 40)
        text = node.board.console.text
        assert text.count("woken by the contact") == 2
        read = [int(hour) * 60 + int(minute) for hour, minute in re.findall(r"(\d\d):(\d\d) freezer \d", text)]
        assert all(58 <= (after - before) % 1440 <= 62 for before, after in pairwise(read)), read
        assert len(read) > 1
