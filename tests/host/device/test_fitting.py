"""A configuration is refused, with the reason, if the board, its port or its release has no such way to the network."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.settings import Settings

NEW = (1, 29, 0)


def configuration(**changes: Any) -> Settings:
    return Settings.of(
        {
            "board_name": "freezer-3",
            "mail": {"route": "smtp", "host": "smtp.example.org", "sender": "a@example.org", "to": "b@example.org"},
            "sensor": {"type": "adc", "pin": 4},
            "rules": [],
        }
        | (changes or {"ethernet": {}})
    )


def made(board: str, release: tuple[int, ...] = NEW, **changes: Any) -> dict[str, Any]:
    file: dict[str, Any] = json.loads(configuration(**changes).file(boards.load(board), release))
    return file


def test_a_board_with_a_socket_of_its_own_is_filled_in_and_needs_no_wifi() -> None:
    assert made("OLIMEX_ESP32_POE")["ethernet"] == {
        "phy_type": "LAN8720",
        "phy_addr": 0,
        "mdc": 23,
        "mdio": 18,
        "power": 12,
        "ref_clk": 17,
        "ref_clk_mode": "out",
    }
    # An ESP32-GATEWAY has the same image, and another pin for the power.
    assert made("OLIMEX_ESP32_POE", ethernet={"power": 5})["ethernet"]["power"] == 5
    assert made("W5500_EVB_PICO")["ethernet"] == {}
    assert configuration().secrets() == []


def test_each_board_with_a_cable_has_all_that_the_firmware_needs() -> None:
    cables = [board for board in boards.load_all() if board.cable]
    assert {board.name for board in cables} == {"ESP32_GENERIC_P4", "OLIMEX_ESP32_POE", "W5500_EVB_PICO"}
    for board in cables:
        assert "ethernet" in made(board.name)


LAN8720 = {"phy_type": "LAN8720", "mdc": 23, "mdio": 18}
MODEM = {"apn": "internet", "tx": 26, "rx": 27}
W5500 = {"phy_type": "W5500", "sck": 12, "mosi": 13, "miso": 14, "cs": 10, "int": 11}


@pytest.mark.parametrize(
    ("board", "release", "changes", "words"),
    [
        ("RPI_PICO_W", NEW, {"ethernet": {}}, '"ethernet": the MicroPython of RPI_PICO_W has no Ethernet'),
        (
            "ESP32_GENERIC",
            NEW,
            {"ethernet": {}},
            '"ethernet.phy_type" is missing, as ESP32_GENERIC has',
        ),
        ("ESP32_GENERIC", NEW, {"ethernet": {"phy_type": "LAN8720", "mdc": 23}}, '"ethernet.mdio" is missing'),
        (
            "ESP32_GENERIC_S3",
            NEW,
            {"ethernet": LAN8720},
            "needs the MAC",
        ),
        ("ESP32_GENERIC_C3", NEW, {"ethernet": {"phy_type": "DM9051", "sck": 1}}, '"ethernet.mosi" is missing'),
        ("ESP32_GENERIC_P4", NEW, {"ethernet": {"phy_type": "LAN8670"}}, "LAN8670 on the ESP32 alone"),
        ("ESP32_GENERIC_P4", (1, 26, 0), {"ethernet": {}}, "needs MicroPython 1.27 or newer, and the board has 1.26.0"),
        ("ESP32_GENERIC", (1, 25, 0), {"ethernet": LAN8720 | {"phy_type": "GENERIC"}}, "needs MicroPython 1.26"),
        ("ESP32_GENERIC", (1, 22, 2), {"ethernet": LAN8720 | {"reset": 5}}, "needs MicroPython 1.23"),
        (
            "W5500_EVB_PICO",
            NEW,
            {"ethernet": {"cs": 17}},
            '"ethernet.cs": the firmware of W5500_EVB_PICO',
        ),
        ("W5500_EVB_PICO", NEW, {"wifi": {"ssid": "lab"}}, "the MicroPython of W5500_EVB_PICO has no Wi-Fi"),
        ("ESP32_GENERIC_P4", NEW, {"wifi": {"ssid": "lab"}}, "the MicroPython of ESP32_GENERIC_P4 has no Wi-Fi"),
        ("ESP32_GENERIC", NEW, {"wifi": {"ssid": "lab"}, "network": {"country": "DE"}}, "does nothing on an ESP32"),
        ("ESP32_GENERIC", (1, 23, 0), {"wifi": {"ssid": "a"}, "network": {"dns": "9.9.9.9"}}, "needs MicroPython 1.24"),
        ("RPI_PICO_W", NEW, {"modem": MODEM}, "the MicroPython of RPI_PICO_W has no network.PPP"),
        ("ESP32_GENERIC", (1, 25, 0), {"modem": MODEM}, "needs MicroPython 1.26 or newer, and the board has 1.25.0"),
        ("RPI_PICO_W", (1, 22, 2), {"wifi": {"ssid": "a"}, "network": {"dns": "9.9.9.9"}}, "needs MicroPython 1.23"),
    ],
)
def test_what_board_port_or_release_lacks_is_refused_with_the_reason(
    board: str, release: tuple[int, ...], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=re.escape(words)):
        made(board, release, **changes)


def test_what_fits_is_taken() -> None:
    made("ESP32_GENERIC", (1, 22, 2), ethernet=LAN8720)
    made("ESP32_GENERIC_S3", (1, 22, 2), ethernet=W5500)
    made("ESP32_GENERIC_C3", ethernet=W5500 | {"reset": 3})
    made("RPI_PICO_W", (1, 23, 0), wifi={"ssid": "a"}, network={"dns": "9.9.9.9", "country": "DE"})
    fixed = {"address": "192.168.1.7", "gateway": "192.168.1.1", "dns": "9.9.9.9"}
    made("ESP32_GENERIC", (1, 22, 2), wifi={"ssid": "a"}, network=fixed)


def test_a_modem_fits_each_esp32_and_its_secret_is_asked_for_if_it_has_a_user_name() -> None:
    for board in boards.load_all():
        if board.port == "esp32":
            assert made(board.name, (1, 26, 0), modem=MODEM)["modem"]["apn"] == "internet"
    assert configuration(modem=MODEM).secrets() == []
    assert configuration(modem={**MODEM, "username": "web"}).secrets() == ["modem_password"]


def test_each_network_of_a_list_has_a_secret_of_its_own() -> None:
    wifi = [{"ssid": "lab"}, {"ssid": "cellar"}, {"ssid": "car"}]
    assert configuration(wifi=wifi).secrets() == ["wifi_password", "wifi_password_2", "wifi_password_3"]


def test_a_pin_of_the_ethernet_chip_may_be_named() -> None:
    ethernet = W5500 | {"sck": "scl", "int": "contact"}
    pins = boards.load("ESP32_GENERIC").pins
    file = made("ESP32_GENERIC", ethernet=ethernet)["ethernet"]
    assert (file["sck"], file["int"]) == (pins["scl"], pins["contact"])
