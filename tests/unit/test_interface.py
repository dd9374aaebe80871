"""The interface that a board uses is found, and no other is switched on."""

import sys

from check import equal, raises
from umail import dns
from umail.net import opening


class Nic:
    def __init__(self, up, address="192.0.2.8"):
        self.up = up
        self.address = address

    def isconnected(self):
        return self.up

    def ifconfig(self):
        return (self.address, "255.255.255.0", "192.0.2.1", "192.0.2.53")


class Network:
    """A `network` whose radio counts how often it is asked for: on an ESP32 that starts it."""

    def __init__(self):
        self.started = 0

    def WLAN(self, number):
        self.started += 1
        return Nic(True, "192.0.2.9")


class Esp32(Network):
    """One that was set up, or nothing: then MicroPython wants the arguments."""

    nic = None

    def LAN(self, **settings):
        if not self.nic:
            raise TypeError("'phy_addr' argument required")
        return self.nic


class Rp2(Network):
    def __init__(self, *nics):
        super().__init__()
        self.nics = nics

    def route(self):
        return self.nics


def found(network, function=opening.interface):
    old = sys.modules.get("network")
    sys.modules["network"] = network
    try:
        return function()
    finally:
        del sys.modules["network"]
        if old:
            sys.modules["network"] = old


def test_a_cable_that_is_in_use_comes_first_and_the_radio_stays_off():
    network = Esp32()
    network.nic = Nic(True)
    equal((found(network).address, network.started), ("192.0.2.8", 0))
    equal(found(network, lambda: dns.servers("none")), ["192.0.2.53"])
    network = Rp2(Nic(False), Nic(True))
    equal((found(network).address, network.started), ("192.0.2.8", 0))


def test_one_that_the_program_names_comes_before_all_while_it_is_connected():
    import umail

    network = Network()
    for up, address, started in ((True, "10.1.2.3", 0), (False, "192.0.2.9", 1)):
        umail.nic = Nic(up, "10.1.2.3")
        try:
            equal((found(network).address, network.started), (address, started))
        finally:
            del umail.nic


def test_else_it_is_the_wifi():
    without = Esp32()
    unplugged = Esp32()
    unplugged.nic = Nic(False)
    for network in (Network(), without, unplugged, Rp2(), Rp2(Nic(False))):
        equal(found(network).address, "192.0.2.9")


def test_a_board_without_either_has_none():
    class Nothing:
        pass

    raises(AttributeError, found, Nothing)
    equal(found(Nothing, lambda: dns.servers("none")), [])


def test_a_radio_that_has_no_memory_to_start_gives_no_server_on_any_release():
    for error in (RuntimeError("Wifi Unknown Error 0x0101"), OSError("WiFi Out of Memory")):

        class Full:
            def WLAN(self, number):
                raise error

        equal(found(Full(), lambda: dns.servers("none")), [])
        if sys.implementation.name == "micropython":
            equal(found(Full(), lambda: opening.address(None)), None)
