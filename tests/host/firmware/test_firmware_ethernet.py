"""Boards with a cable, end to end: mail goes by it, no radio is touched, the server is greeted by its address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, installed, rig, settings
from umail_host.device import boards
from umail_host.settings import Settings


@pytest.mark.parametrize("kind", ["ESP32_GENERIC_P4", "W5500_EVB_PICO"])
def test_each_board_with_a_cable_mails_by_it_and_waits_for_one_that_is_pulled_out(kind: str, tmp_path: Path) -> None:
    with rig(installed(tmp_path / "flash", kind), tmp_path / "board", kind=kind) as node:
        config = settings(node.server, ethernet={"timeout": 2}, network={"hostname": "freezer-3"})
        del config["wifi"]
        written = json.loads(Settings.of(config).file(boards.load(kind)))
        # A radio that were asked for would say so.
        node.board.wifi.out_of_memory = True
        node.start(written, secrets={"mail_password": PASSWORD})
        node.wait_for("Ethernet is up, address 127.0.0.1")
        node.celsius = 35
        node.subjects(1)
        said = node.server.transcript.text()
        assert "EHLO [127.0.0.1]" in said
        assert "0.0.0.0" not in said

        node.board.ethernet.unplug()
        node.wait_for("Ethernet is lost")
        node.celsius = 20
        node.wait_for("1 mail waits: Ethernet is down")
        node.wait_for("no signal on the cable", 40)
        node.board.ethernet.plug()
        node.wait_for("Ethernet is up", 40)
        assert "Temperature" in node.subjects(2)[1]
        assert "the radio" not in node.board.console.text
        assert node.board.wifi.state == "waiting"
