"""A board with a modem, end to end: mail goes by its call, no radio is touched, what goes wrong is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import planted
from host.firmware.firmware_rig import PASSWORD, Rig, installed, rig, settings
from umail_host.device import boards
from umail_host.settings import Settings

KIND = "ESP32_GENERIC"
# As on a LilyGO T-A7670.
WIRED = {"apn": "internet", "tx": 26, "rx": 27, "power": 12, "power_key": 4, "timeout": 10}


def configuration(port: int, **modem: Any) -> dict[str, Any]:
    config = settings(SimpleNamespace(port=port), modem={**WIRED, **modem}, sensor={"type": "ds18b20", "pin": 5})
    del config["wifi"]
    made: dict[str, Any] = json.loads(Settings.of(config).file(boards.load(KIND)))
    return made


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("modem") / "flash", KIND, config=configuration(587))


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board", kind=KIND) as made:
        made.board.modem.wire(supply=12, power_key=4)
        made.board.modem.apn = "internet"
        made.board.sensors.ds18b20(5).conversion = 0.01
        # A radio that were asked for would say so.
        made.board.wifi.out_of_memory = True
        yield made


def warm(node: Rig, celsius: float) -> None:
    node.board.sensors.ds18b20(5).celsius = celsius


def test_it_mails_by_the_call_and_dials_again_when_the_network_ends_it(node: Rig) -> None:
    node.start(configuration(node.server.port), secrets={"mail_password": PASSWORD})
    node.wait_for("Modem is up, address 127.0.0.1", 40)
    warm(node, 35)
    node.subjects(1, 30)
    said = node.server.transcript.text()
    assert "EHLO [127.0.0.1]" in said
    assert "0.0.0.0" not in said

    node.board.modem.drop_call()
    node.wait_for("Modem is lost", 20)
    warm(node, 20)
    node.wait_for("Modem is up", 40)
    assert "Temperature" in node.subjects(2, 30)[1]
    assert "the radio" not in node.board.console.text
    assert node.board.wifi.state == "waiting"
    assert node.board.modem.calls_taken == 2


def test_a_board_that_was_reset_alone_ends_the_call_in_which_its_modem_still_is(node: Rig) -> None:
    node.start(configuration(node.server.port), secrets={"mail_password": PASSWORD})
    node.wait_for("Modem is up", 40)
    node.board.hard_reset()
    node.wait_for("Modem is up", 40)
    warm(node, 35)
    node.subjects(1, 30)


def test_the_provider_s_login_is_checked_and_its_password_is_never_shown(node: Rig) -> None:
    node.board.modem.login = ("web", planted.WIFI_PASSWORD, "chap")
    config = configuration(node.server.port, username="web", auth="chap")
    node.start(config, secrets={"mail_password": PASSWORD, "modem_password": "wrong"})
    node.wait_for("the provider refuses the login: check modem.username, modem.auth and the secret modem_password", 60)
    node.start(config, secrets={"modem_password": planted.WIFI_PASSWORD})
    node.wait_for("Modem is up", 60)
    assert planted.WIFI_PASSWORD not in node.board.console.text


@pytest.mark.parametrize(
    ("modem", "words"),
    [
        ({"fitted": False}, "it does not answer: check its power"),
        ({"sim": "pin"}, "the SIM asks for its PIN"),
        ({"apn": "other"}, "the mobile network refuses the call (NO CARRIER): check modem.apn"),
    ],
)
def test_what_is_wrong_with_modem_sim_or_network_is_told(node: Rig, modem: dict[str, Any], words: str) -> None:
    for name, value in modem.items():
        setattr(node.board.modem, name, value)
    node.start(configuration(node.server.port), secrets={"mail_password": PASSWORD})
    node.wait_for(words, 60)
