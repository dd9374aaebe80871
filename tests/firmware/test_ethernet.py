"""Ethernet: an ESP32's `network.LAN` and an rp2's `network.WIZNET5K`; no radio is asked for; failures in words."""

import sys

from alertnode import config, ethernet, net_setup
from alertnode.clock import Uptime
from check import equal, inside, raises
from firmware_fakes import Port, Said, network_settings, with_machine

PLAIN = {"board_name": "x", "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": "a@b.c"}}
PLAIN["sensor"] = {"type": "adc", "pin": 4}
PLAIN["rules"] = []


class Pin:
    IN, OUT = 1, 3

    def __init__(self, number):
        self.number = number


class Spi:
    def __init__(self, number, **pins):
        self.made = (number, sorted([(name, pins[name].number) for name in pins]))


class Nic:
    """An interface that gets its address after so many looks, or never (0)."""

    def __init__(self, after=2, status=3):
        self.after = after
        self.now = status
        self.switched = []
        self.fixed = None
        self.up = False

    def active(self, on):
        self.switched.append(on)
        self.left = self.after
        self.up = False

    def isconnected(self):
        if self.switched and self.switched[-1] and not self.up and self.after:
            self.left -= 1
            self.up = self.left <= 0
        return self.up

    def status(self):
        return self.now

    def ifconfig(self, fixed=None):
        if fixed:
            self.fixed = fixed
        return ("192.168.1.8", "255.255.255.0", "192.168.1.1", "192.168.1.1")


class Lan:
    """MicroPython's `network` of an ESP32 with a cable; there is a radio, which must not be touched."""

    PHY_LAN8720 = 1
    PHY_W5500 = 102
    ETH_CONNECTED = 3

    def __init__(self):
        self.nic = Nic()
        self.asked = []
        self.fails = None

    def LAN(self, **settings):
        self.asked.append(settings)
        if self.fails:
            raise self.fails
        return self.nic

    def WLAN(self, interface):
        raise Exception("the radio was started")


class Wiznet:
    def __init__(self):
        self.nic = Nic(status=2)

    def WIZNET5K(self):
        return self.nic


def section(**given):
    value = dict(PLAIN)
    value["ethernet"] = given
    settings, problems = config.check(value)
    equal(problems, [])
    return settings["ethernet"]


def made(network, given, **settings):
    class Machine:
        pass

    Machine.Pin, Machine.SPI = Pin, Spi
    port, said, fed = Port(), Said(), []
    found = ethernet.Ethernet(
        network, given, network_settings(**settings), Uptime(port), port.sleep, lambda: fed.append(1), said
    )
    with_machine(Machine, found.up)
    return found, port, said, fed


def test_a_chip_behind_the_mac_gets_its_pins_and_the_address_is_said():
    network = Lan()
    given = section(phy_type="LAN8720", mdc=23, mdio=18, power=12, ref_clk=17, ref_clk_mode="out")
    found, _, said, fed = made(network, given)
    equal(said.lines, ["Ethernet is up, address 192.168.1.8"])
    asked = network.asked[0]
    pins = sorted([(name, asked[name].number) for name in asked if isinstance(asked[name], Pin)])
    equal(pins, [("mdc", 23), ("mdio", 18), ("power", 12), ("ref_clk", 17)])
    equal((asked["phy_type"], asked["phy_addr"], asked["ref_clk_mode"]), (1, 0, Pin.OUT))
    equal((len(asked), len(fed) > 0, found.gateway()), (7, True, "192.168.1.1"))


def test_a_chip_on_spi_gets_the_bus():
    network = Lan()
    made(network, section(phy_type="W5500", spi=2, sck=12, mosi=13, miso=14, cs=10, int=11))
    asked = network.asked[0]
    equal(asked["spi"].made, (2, [("miso", 14), ("mosi", 13), ("sck", 12)]))
    equal((asked["cs"].number, asked["int"].number, asked["phy_type"]), (10, 11, 102))


def test_an_rp2_with_a_wiznet_chip_needs_to_be_told_nothing():
    found, _, said, _ = made(Wiznet(), section())
    equal((said.lines, found.ready()), (["Ethernet is up, address 192.168.1.8"], True))
    found.down()
    equal(found.nic.switched, [True, False])


def test_a_cable_that_is_out_and_a_router_that_gives_no_address_are_told_apart():
    for network, status, words in (
        (Lan(), 1, "no signal on the cable"),
        (Lan(), 4, "no signal on the cable"),
        (Lan(), 3, "the router gave no address"),
        (Wiznet(), 0, "no signal on the cable"),
        (Wiznet(), 2, "the router gave no address"),
    ):
        network.nic.after, network.nic.now = 0, status
        _, _, said, _ = made(network, section(phy_type="LAN8720", mdc=23, mdio=18))
        inside(words, said.lines[0])
        inside("tried again in 5 s", said.lines[0])


def test_a_chip_that_does_not_answer_is_set_up_once_since_a_second_time_cannot_work():
    network = Lan()
    network.fails = OSError("esp_eth_driver_install failed")
    found, port, said, _ = made(network, section(phy_type="LAN8720", phy_addr=5, mdc=23, mdio=18))
    for _ in range(3):
        port.pass_time(300)
        equal(found.up(), False)
    equal(len(network.asked), 1)
    inside("cannot be set up (esp_eth_driver_install failed): check phy_type, phy_addr", said.lines[0])


def test_after_ten_minutes_without_an_address_the_interface_is_switched_off_and_on():
    network = Lan()
    network.nic.after = 0
    found, port, said, _ = made(network, section(phy_type="LAN8720", mdc=23, mdio=18))
    for _ in range(60):
        port.pass_time(15)
        found.up()
    inside("Ethernet: the interface is switched off and on", said.text())
    equal(False in network.nic.switched, True)


def test_a_fixed_address_is_given_once_the_interface_is_on():
    network = Lan()
    fixed = {"address": "192.168.1.9", "gateway": "192.168.1.1"}
    made(network, section(phy_type="LAN8720", mdc=23, mdio=18), **fixed)
    equal(network.nic.fixed, ("192.168.1.9", "255.255.255.0", "192.168.1.1", "192.168.1.1"))


def test_what_this_micropython_lacks_is_said_before_anything_is_switched_on():
    class Without:
        def WLAN(self, interface):
            raise Exception("the radio was started")

    for network, given, words in (
        (Without(), {}, '"ethernet": the MicroPython of this board has none; give "wifi"'),
        (Lan(), {}, '"ethernet.phy_type" is missing'),
        (Lan(), {"phy_type": "LAN8720", "mdc": 23}, '"ethernet.mdio" is missing'),
        (Lan(), {"phy_type": "W5500", "sck": 12, "mosi": 13, "miso": 14}, '"ethernet.cs" is missing'),
        (Lan(), {"phy_type": "GENERIC", "mdc": 23, "mdio": 18}, "knows no GENERIC: flash a newer one"),
    ):
        inside(words, str(raises(ValueError, ethernet.check, network, section(**given))))
    ethernet.check(Wiznet(), section())


def test_the_board_is_asked_for_what_the_configuration_wants():
    settings = {"ethernet": (), "wifi": [{"ssid": "lab", "timeout": 20}], "network": network_settings(dns="9.9.9.9")}
    for network, words in ((Wiznet(), "has no Wi-Fi"), (Lan(), '"network.dns"')):
        old = sys.modules.get("network")
        sys.modules["network"] = network
        try:
            inside(words, str(raises(ValueError, net_setup.check, settings)))
        finally:
            del sys.modules["network"]
            if old:
                sys.modules["network"] = old
