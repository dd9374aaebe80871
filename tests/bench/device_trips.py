"""Runs main.py of an alert node on battery until it sleeps, and prints each thing that it waits for on its network.

Arguments: the folder that is the flash; "power-on" or "deep-sleep"; the volts at its pin; the port of a DNS server on
this computer. Wi-Fi is there at once, a time server answers, the mail server is real. What it prints: ``step NAME``.
"""

import socket
import sys
import time

import device_chip

flash, cause, volts, port = sys.argv[1:5]
_LEASE = ("192.0.2.5", "255.255.255.0", "192.0.2.1", "127.0.0.1#" + port)


class _Wlan:
    up = False
    fixed = None

    def __init__(self, which):
        pass

    def active(self, on=None):
        _Wlan.up = _Wlan.up and on is not False
        return True

    def disconnect(self):
        _Wlan.up = False

    def connect(self, *arguments, **more):
        print("step association")
        if _Wlan.fixed is None:
            # DISCOVER and OFFER, REQUEST and ACK (RFC 2131, 3.1).
            print("step DHCP")
            print("step DHCP")
        _Wlan.up = True

    def isconnected(self):
        return _Wlan.up

    def status(self):
        return 1010

    def config(self, *arguments, **more):
        return b""

    def ifconfig(self, parts=None):
        if parts is None:
            return _Wlan.fixed or _LEASE
        _Wlan.fixed = None if parts == "dhcp" else parts
        return None


class _Socket:
    SOCK_DGRAM, SOCK_STREAM, AF_INET = socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.AF_INET

    @staticmethod
    def getaddrinfo(host, port, *more):
        if port == 123:
            print("step DNS")
            return [(2, 2, 0, "", ("192.0.2.1", 123))]
        return socket.getaddrinfo(host, port, *more)

    @staticmethod
    def socket(family=2, kind=1, *more):
        if kind == socket.SOCK_DGRAM and not more:
            # The firmware's own, which asks for the time.
            print("step NTP")
            return device_chip.Udp(lambda: int(time.time()))
        print("step DNS" if kind == socket.SOCK_DGRAM else "step TCP")
        return socket.socket(family, kind, *more)


def _deepsleep(milliseconds=None):
    print("asleep", milliseconds)
    raise SystemExit


device_chip.Adc.volts = float(volts)
device_chip.machine(cause, device_chip.KeptRtc).deepsleep = _deepsleep
found = sys.modules["network"] = device_chip.Module()
found.WLAN, found.STA_IF, found.hostname = _Wlan, 0, lambda name: None
found.ipconfig = lambda *all, **more: _Wlan(0).ifconfig()[3]
sys.modules["socket"] = _Socket
# With which the node asked for the time once (see smallest.py).
old = sys.modules["ntptime"] = device_chip.Module()
old.time = lambda: int(time.time())
device_chip.mount(flash)
__import__("main")
