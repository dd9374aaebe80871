"""The alert node in German: what a person reads of it, from the console over the mails to the advice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import MAIN, PIN, WIFI_PASSWORD, Rig, rig, settings
from umail_host.deploy import image, transfer
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.settings import Settings


@pytest.fixture
def german(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    """A board that `umail deploy` gave a configuration in German."""
    with rig(flash, tmp_path / "board") as node:
        config = settings(
            node.server,
            language="de",
            rules=[{"name": "Gefrierschrank", "when": "above", "limit": -15, "hysteresis": 1}],
        )
        node.celsius = -9.0
        with Board(node.board.port) as link:
            link.enter()
            built = image.build(boards.load("virtual"), config=Settings.of(config))
            transfer.deploy(link, built | {"/main.py": MAIN})
        yield node


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    """A board with an English firmware."""
    with rig(flash, tmp_path / "board") as made:
        yield made


def test_console_and_mails_are_german(german: Rig) -> None:
    german.start(None)
    console = german.wait_for("Gefrierschrank -9 °C ist über -15 °C: Alarm gesendet an ops@contoso.com in 6 Umläufen")
    for part in ("startet in", "gestartet durch", "läuft seit 0 s", "WLAN lab ist da, Adresse ", "Uhr gestellt auf "):
        assert part in console
    german.celsius = -20.5
    german.wait_for("Gefrierschrank -20,5 °C ist wieder normal (Grenze -15 °C): Entwarnung gesendet an")
    sensor = german.board.sensors.ds18b20(PIN)
    sensor.gone = True
    german.wait_for(
        "Sensor ist ausgefallen: kein DS18B20 antwortet: Leitungen und den Widerstand von 4,7 kΩ prüfen: Alarm"
    )
    alert, recovery, gone = german.server.inbox.wait(3, 15)
    assert alert["Subject"] == "Gefrierschrank -9,0 °C, Grenze -15 °C (freezer-3)"
    assert recovery["Subject"] == "Gefrierschrank -20,5 °C, wieder normal (freezer-3)"
    assert str(gone["Subject"]).startswith("Sensor ausgefallen: kein DS18B20 antwortet")
    assert recovery["In-Reply-To"] == alert["Message-ID"]
    lines = alert.get_content().splitlines()
    assert lines[:4] == [
        "Auf freezer-3: Gefrierschrank -9 °C ist über -15 °C.", "", "Wert:      -9 °C",
        "Grenze:    Alarm über -15 °C, normal bis -16 °C",
    ]  # fmt: skip
    day, clock, zone = lines[4].removeprefix("Gemessen:  ").split()
    assert (len(day.split(".")), len(day), len(clock), zone[:2]) == (3, 10, 8, "CE")
    assert "Minimum" not in recovery.get_content()
    assert "Maximum:   -9 °C" in recovery.get_content()


def test_a_refusal_is_explained_in_german_by_one_table_alone(german: Rig) -> None:
    german.start(None, secrets={"mail_password": "wrong", "wifi_password": WIFI_PASSWORD})
    console = german.wait_for("Alarm nicht gesendet, Fehler (Konfiguration) bei auth: ")
    console = german.wait_for("es warten 1, nächster Versuch in 6 h")
    assert "Jetzt: " in console
    assert "Kennwort" in console
    with Board(german.board.port) as link:
        link.enter()
        assert "advice_de.mpy" not in link.eval("__import__('os').listdir('/lib/umail/tables')")
        assert "advice_en.mpy" in link.eval("__import__('os').listdir('/lib/umail/tables')")


def test_a_mistake_in_the_configuration_is_told_in_german(german: Rig) -> None:
    with Board(german.board.port) as link:
        link.enter()
        link.put("/config.json", b'{"board_name": "freezer-3", "language": "de", "intervall": 5}')
    german.start(None)
    told = german.wait_for('unbekannter Schlüssel "intervall": war "interval" gemeint?')
    assert "nicht gestartet, die Konfiguration berichtigen:" in told


def test_a_board_without_the_words_of_its_language_says_so(node: Rig) -> None:
    """What was copied by hand, or frozen, is English."""
    node.start(settings(node.server, language="de"))
    node.wait_for('this program does not speak the language "de" of its configuration: umail deploy brings it')
    node.wait_for("Wi-Fi lab is up")
