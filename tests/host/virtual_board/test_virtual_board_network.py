"""What the networks of MicroPython's ports do otherwise than this computer: LAN, WIZnet, Wi-Fi, the memory of TLS.

docs/porting.md names the source of each.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from umail_host.device import boards
from umail_host.device.board import Board, ExecError
from umail_host.fake_smtp import FakeServer
from umail_host.virtual_board import VirtualBoard

Start = Callable[..., tuple[VirtualBoard, Board]]
REAL = [name for name in boards.names() if name != "virtual"]
PICOS = [name for name in REAL if boards.load(name).port == "rp2"]
ESP32S = [name for name in REAL if boards.load(name).port == "esp32"]


def test_a_lan_is_set_up_once_and_outlives_a_soft_reset(start: Start) -> None:
    virtual, board = start("OLIMEX_ESP32_POE")
    board.exec("import network\nfrom machine import Pin")
    for arguments, words in (
        ("", "'phy_addr' argument required"),
        ("phy_addr=0", "'phy_type' argument required"),
        ("phy_addr=0, phy_type=1, colour=2", "extra keyword arguments given"),
        ("phy_addr=32, phy_type=1", "invalid phy address"),
        ("phy_addr=0, phy_type=50", "invalid phy type"),
        ("1, phy_addr=0, phy_type=1", "invalid LAN interface identifier"),
        ("phy_addr=0, phy_type=network.PHY_LAN8720, mdc=Pin(23)", "mdc and mdio must be specified"),
    ):
        with pytest.raises(ExecError, match=words):
            board.exec(f"network.LAN({arguments})")
    board.exec("lan = network.LAN(phy_addr=0, phy_type=network.PHY_LAN8720, mdc=Pin(23), mdio=Pin(18))")
    assert board.eval("lan is network.LAN(), lan.active(), lan.status(), lan.ifconfig()[0]") == (
        True,
        False,
        0,
        "0.0.0.0",
    )
    virtual.ethernet.answers = False
    board.exec("lan.active(True)")
    assert board.eval("lan.isconnected(), lan.status() == network.ETH_CONNECTED") == (False, True)
    virtual.ethernet.answers = True
    virtual.ethernet.plug()
    board.exec("import time\nwhile not lan.isconnected():\n    time.sleep_ms(20)")
    assert board.eval("lan.ifconfig()[0], lan.config('mac')") == ("127.0.0.1", virtual.ethernet.mac)
    board.soft_reset()
    assert board.eval("__import__('network').LAN().isconnected()") is True
    virtual.ethernet.unplug()
    assert board.eval("__import__('network').LAN().status()") == 4
    board.close()
    virtual.hard_reset()


def test_a_lan_whose_chip_does_not_answer_cannot_be_set_up_again(start: Start) -> None:
    virtual, board = start("ESP32_GENERIC")
    virtual.ethernet.phy = (1, 0)
    board.exec("import network")
    for address, words in ((1, "esp_eth_driver_install failed"), (0, "esp_netif_attach failed")):
        with pytest.raises(ExecError, match=words):
            board.exec(f"network.LAN(phy_addr={address}, phy_type=network.PHY_LAN8720, mdc=23, mdio=18)")


@pytest.mark.parametrize("name", ["ESP32_GENERIC_C3", "ESP32_GENERIC_S3"])
def test_a_chip_without_a_mac_takes_no_phy_behind_one(start: Start, name: str) -> None:
    _, board = start(name)
    with pytest.raises(ExecError, match="failed with invalid argument"):
        board.exec("import network\nnetwork.LAN(phy_addr=0, phy_type=network.PHY_LAN8720, mdc=1, mdio=2)")
    board.exec(
        "import network\nnetwork.LAN(phy_addr=0, phy_type=network.PHY_W5500, cs=1, int=2, spi=None).active(True)"
    )


def test_a_wiznet_chip_is_among_the_interfaces_once_it_is_active(start: Start) -> None:
    virtual, board = start("W5500_EVB_PICO")
    board.exec("import network, time\nnic = network.WIZNET5K()")
    assert board.eval("network.route(), nic.active(), nic.status(), hasattr(network, 'WLAN')") == ([], False, 1, False)
    board.exec("nic.active(True)\nwhile not nic.isconnected():\n    time.sleep_ms(20)")
    assert board.eval("network.route() == [nic], nic.status(), nic.ifconfig()[0]") == (True, 2, "127.0.0.1")
    virtual.ethernet.unplug()
    assert board.eval("nic.isconnected(), nic.status()") == (False, 0)


def test_a_p4_has_a_cable_and_no_wifi(start: Start) -> None:
    _, board = start("ESP32_GENERIC_P4")
    names = "('WLAN', 'STA_IF', 'AUTH_OPEN', 'LAN', 'PHY_IP101', 'PHY_LAN8670')"
    assert board.eval(f"[hasattr(__import__('network'), name) for name in {names}]") == [
        *(False, False, False, True, True, False)
    ]


def test_wifi_without_memory_raises_what_the_release_raises(start: Start) -> None:
    virtual, board = start("ESP32_GENERIC")
    board.exec("wlan = network.WLAN()")
    virtual.wifi.out_of_memory = True
    for code in ("wlan.active(True)", "network.WLAN()"):
        virtual.wifi.release = (1, 25)
        with pytest.raises(ExecError, match="RuntimeError: Wifi Unknown Error 0x0101"):
            board.exec(code)
        virtual.wifi.release = (1, 26)
        with pytest.raises(ExecError, match="OSError: WiFi Out of Memory"):
            board.exec(code)


def test_a_picos_wifi_fails_in_its_own_words_and_does_not_try_again_by_itself(start: Start) -> None:
    virtual, board = start("RPI_PICO_W")
    virtual.wifi.delay = 0.05
    board.exec("w = network.WLAN()")
    for code in ("w.connect('a', 'b')", "w.scan()"):
        with pytest.raises(ExecError, match="EPERM"):
            board.exec(code)
    with pytest.raises(ExecError, match="unknown config param"):
        board.exec("w.config(reconnects=3)")
    board.exec("w.active(True)\nw.connect('a', 'b')\ntime.sleep_ms(200)")
    assert board.eval("w.status() == network.STAT_GOT_IP, w.isconnected()") == (True, True)
    virtual.wifi.drop()
    assert board.eval("w.status() == network.STAT_IDLE, w.isconnected()") == (True, False)
    virtual.wifi.up()
    board.exec("time.sleep_ms(300)")
    assert board.eval("w.isconnected()") is False
    board.exec("w.connect('a', 'b')\nw.connect('a', 'b')\ntime.sleep_ms(200)")
    assert board.eval("w.isconnected()") is True
    assert board.eval("hasattr(network, 'AUTH_OPEN'), hasattr(network, 'phy_mode')") == (False, False)


TLS = """
import gc, socket, ssl
w = network.WLAN(); w.active(True); w.connect('a', 'b'); time.sleep_ms(400)
def free():
    gc.collect()
    return gc.mem_free()
before = free()
s = socket.socket()
s.connect(socket.getaddrinfo('127.0.0.1', %d)[0][-1])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
t = context.wrap_socket(s)
shaken = before - free()
t.write(b'QUIT\\r\\n')
said = before - free()
t.close()
del t, s, context
after = before - free()
"""


def test_tls_takes_its_memory_from_a_picos_heap_while_the_socket_is_open(start: Start) -> None:
    with FakeServer(implicit_tls=True) as server:
        taken = {}
        for name in ("RPI_PICO_W", "ESP32_GENERIC"):
            _, board = start(name)
            board.exec(TLS % server.port, timeout=20)
            taken[name] = board.eval("shaken, said, after")
    shaken, said, after = (kilobytes // 2048 for kilobytes in taken["RPI_PICO_W"])  # of 32-bit words
    assert 32 <= shaken < 36
    assert 20 <= said < 24
    assert after < 2
    assert max(taken["ESP32_GENERIC"]) < 6000


def test_tls_that_does_not_fit_into_a_picos_heap_is_refused_as_there(start: Start) -> None:
    with FakeServer(implicit_tls=True) as server:
        _, board = start("RPI_PICO_W", heap=70_000)
        with pytest.raises(ExecError, match="ENOMEM"):
            board.exec(TLS % server.port, timeout=20)
