"""Says whether a board and its MicroPython have the way to the network that a configuration asks for, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umail_host import firmware_rules
from umail_host.configuration import wakes
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError

# From which release on MicroPython's ports/esp32/network_lan.c has what, and what it was before.
_PHYS_SINCE = {"GENERIC": (1, 26), "LAN8670": (1, 26)}
_RESET_SINCE = (1, 23)
_P4_SINCE = (1, 27)
# network.ipconfig(dns=…): ports/esp32/modnetwork_globals.h, extmod/modnetwork.c.
_DNS_SINCE = {"esp32": (1, 24), "rp2": (1, 23)}
# ports/esp32/network_ppp.c, rewritten in that release: before that it could not be used twice, and crashed.
_PPP_SINCE = (1, 26)
_CHIPS_WITH_MAC = ("virtual", "esp32", "esp32p4")


def check(config: Mapping[str, Any], board: BoardSpec, release: tuple[int, ...] = ()) -> None:
    """Check a configuration, completed for ``board``.

    Args:
        config: with the board's own Ethernet filled in.
        release: of its MicroPython, (major, minor, …); empty: any will do.

    Raises:
        UserError: there is no such way; the sentence names the key and the reason.
    """
    release = release or (99,)
    if "wifi" in config and not board.wifi:
        raise UserError(
            f'"wifi": the MicroPython of {board.name} has no Wi-Fi (network.WLAN): give "ethernet": {{}} instead'
        )
    if "ethernet" in config:
        _wired(config["ethernet"], board, release)
    if "modem" in config:
        if board.port == "rp2":
            raise UserError(
                f'"modem": the MicroPython of {board.name} has no network.PPP, which an ESP32\'s has: take one of those'
            )
        if release < _PPP_SINCE:
            raise UserError(f'"modem": network.PPP {_needs(_PPP_SINCE, release)}: flash that')
    network = config.get("network", {})
    if "country" in network and board.port != "rp2":
        raise UserError(
            '"network.country": does nothing on an ESP32, whose Wi-Fi goes by what the access point says: remove it'
        )
    since = wakes.since(board.chip)
    for path in wakes.contacts(config) if release < since else ():
        raise UserError(f'"{path}.wake": {_needs(since, release)}: flash that, or leave it out')
    since = _DNS_SINCE.get(board.port, (0,))
    if "dns" in network and "address" not in network and release < since:
        raise UserError(
            f'"network.dns": {_needs(since, release)} without network.address: flash that, or give network.address too'
        )


def _wired(ethernet: Mapping[str, Any], board: BoardSpec, release: tuple[int, ...]) -> None:
    if not board.ethernet:
        raise UserError(
            f'"ethernet": the MicroPython of {board.name} has no Ethernet (network.LAN or network.WIZNET5K): '
            'give "wifi": {"ssid": "…"} instead'
        )
    if board.ethernet == "WIZNET5K":
        if extra := sorted(set(ethernet) - {"timeout"}):
            raise UserError(f'"ethernet.{extra[0]}": the firmware of {board.name} knows its own chip: remove it')
        return
    tables = firmware_rules.module("config_network")
    defaults = {key: rule[1] for key, rule in tables.ETHERNET.items()}
    if missing := tables.lacks({**defaults, **ethernet}):
        raise UserError(
            f'"ethernet.{missing[0]}" is missing, as {board.name} has no Ethernet chip that umail knows of: '
            "give what the board's or the module's documentation says, see docs/firmware.md"
        )
    phy = ethernet["phy_type"]
    if phy not in tables.ON_SPI and board.chip not in _CHIPS_WITH_MAC:
        raise UserError(
            f'"ethernet.phy_type": a {phy} needs the MAC of an ESP32 or ESP32-P4, which {board.chip} lacks: '
            f"take a chip on SPI, {', '.join(tables.ON_SPI)}"
        )
    if phy == "LAN8670" and board.chip not in ("virtual", "esp32"):
        raise UserError(
            f'"ethernet.phy_type": MicroPython has a driver for LAN8670 on the ESP32 alone, not {board.chip}'
        )
    since = max(
        _PHYS_SINCE.get(phy, (0,)),
        _RESET_SINCE if "reset" in ethernet else (0,),
        _P4_SINCE if board.chip == "esp32p4" and phy not in tables.ON_SPI else (0,),
    )
    if release < since:
        raise UserError(f'"ethernet": this set-up {_needs(since, release)}: flash that')


def _needs(since: tuple[int, ...], release: tuple[int, ...]) -> str:
    return f"needs MicroPython {'.'.join(map(str, since))} or newer, and the board has {'.'.join(map(str, release))}"
