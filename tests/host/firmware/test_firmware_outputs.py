"""Outputs of the alert node on a virtual board: a lamp, a siren and a button beside a real outbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from host.firmware.firmware_rig import rig, settings

OUTPUTS = {
    "light": {"type": "led", "pin": 2},
    "siren": {"type": "relay", "pin": 25},
    "late": {"type": "relay", "pin": 26, "alerts": False, "undelivered": 0.03},
    "button": {"type": "button", "pin": 0, "long": 0.5},
}


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait for something that the board does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, condition
        time.sleep(0.02)


def test_a_siren_sounds_until_it_is_normal_and_a_button_mails(flash: Path, tmp_path: Path) -> None:
    with rig(flash, tmp_path / "flash") as node:
        node.celsius = 20
        pins = node.board.pins
        pins[0].drive(1)
        node.start(settings(node.server, outputs=OUTPUTS))
        node.wait_for("20 °C")
        until(lambda: 1 in pins[2].history)
        assert pins[25].level == 0
        node.celsius = 35
        node.subjects(1)
        until(lambda: pins[25].level == 1)
        node.celsius = 20
        node.subjects(2)
        until(lambda: pins[25].level == 0)
        pins[0].drive(0)
        time.sleep(0.05)
        pins[0].drive(1)
        assert node.subjects(3)[2] == "Test mail (freezer-3)"


def test_a_long_press_acknowledges_and_a_mail_that_waits_switches_a_relay(flash: Path, tmp_path: Path) -> None:
    with rig(flash, tmp_path / "flash") as node:
        node.celsius = 35
        pins = node.board.pins
        pins[0].drive(1)
        node.board.wifi.drop()
        node.start(settings(node.server, outputs=OUTPUTS))
        until(lambda: pins[25].level == 1)
        until(lambda: pins[26].level == 1)
        pins[0].drive(0)
        node.wait_for("acknowledged at the board: temperature")
        pins[0].drive(1)
        until(lambda: pins[25].level == 0)
        node.board.wifi.up()
        node.subjects(1, 30)
        until(lambda: pins[26].level == 0)
