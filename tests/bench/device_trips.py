"""Runs main.py of an alert node on battery until it sleeps, and prints each thing that it waits for on its network.

Arguments: the folder that is the flash; "power-on" or "deep-sleep"; the volts at its pin; the port of a DNS server on
this computer. Wi-Fi is there at once, a time server answers, the mail server is real. What it prints: ``step NAME``.
"""

import socket
import sys
import time

import device_chip


class _Wlan:
    # Connected; what it has for an address, None: as DHCP gives it.
    on = False
    value = None

    def __init__(self, value):
        pass

    def active(self, on=None):
        _Wlan.on = _Wlan.on and on is not False
        return True

    def disconnect(self):
        _Wlan.on = False

    def connect(self, *args, **values):
        print("step", "association")
        if _Wlan.value is None:
            # DISCOVER and OFFER, REQUEST and ACK (RFC 2131, 3.1).
            print("step", "DHCP")
            print("step", "DHCP")
        _Wlan.on = True

    def isconnected(self):
        return _Wlan.on

    def status(self):
        return 1010

    def config(self, *args, **values):
        return b""

    def ifconfig(self, value=None):
        if value is None:
            return _Wlan.value or ("192.0.2.5", "255.255.255.0", "192.0.2.1", "127.0.0.1#" + sys.argv[4])
        _Wlan.value = None if value == "dhcp" else value
        return None


class _Socket:
    SOCK_DGRAM, SOCK_STREAM, AF_INET = socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.AF_INET

    @staticmethod
    def getaddrinfo(host, port, *args):
        if port == 123:
            print("step", "DNS")
            return [(2, 2, 0, "", ("192.0.2.1", 123))]
        return socket.getaddrinfo(host, port, *args)

    @staticmethod
    def socket(name=2, kind=1, *args):
        if kind == socket.SOCK_DGRAM and not args:
            # The firmware's own, which asks for the time.
            print("step", "NTP")
            return device_chip.Udp(lambda: int(time.time()))
        print("step", "DNS" if kind == socket.SOCK_DGRAM else "TCP")
        return socket.socket(name, kind, *args)


def _sleep(value=None):
    print("asleep", value)
    raise SystemExit


device_chip.Adc.value = float(sys.argv[3])
device_chip.machine(sys.argv[2], device_chip.KeptRtc).deepsleep = _sleep
found = sys.modules["network"] = device_chip.Module()
found.WLAN, found.STA_IF, found.hostname = _Wlan, 0, lambda name: None
found.ipconfig = lambda *args, **values: _Wlan(0).ifconfig()[3]
sys.modules["socket"] = _Socket
# With which the node asked for the time once (see smallest.py).
found = sys.modules["ntptime"] = device_chip.Module()
found.time = lambda: int(time.time())
device_chip.mount(sys.argv[1])
__import__("main")
