"""Runs main.py of an alert node on this computer's MicroPython until it waits, and prints how much heap is in use then.

Arguments: the folder that is the flash; "new", or "mailed": a mail was made meanwhile. Wi-Fi is up, a time server and
sensors answer, time passes only in pauses. Prints ``in use: N`` (bytes more than before main.py), and the modules.
"""

import gc
import sys
import time

import device_chip

flash, mailed = sys.argv[1], sys.argv[2] == "mailed"
# A node has settled so many milliseconds after its start, or after a mail.
_SETTLED = 66000
_passed = 0
_end = 2 * _SETTLED if mailed else _SETTLED
_made = False


class _OneWire:
    def __init__(self, pin):
        pass


class _Ds18x20:
    def __init__(self, wire):
        pass

    def scan(self):
        return [b"\x28\0\0\0\0\0\0\1"]

    def convert_temp(self):
        pass

    def read_temp(self, rom):
        return -18.5


class _Wlan:
    def __init__(self, which):
        pass

    def active(self, on=None):
        return True

    def disconnect(self):
        pass

    def connect(self, *arguments, **more):
        pass

    def isconnected(self):
        return True

    def config(self, *arguments, **more):
        return b""

    def ifconfig(self, parts=None):
        return ("192.0.2.5", "255.255.255.0", "192.0.2.1", "192.0.2.1")


class _Socket:
    SOCK_DGRAM, SOCK_STREAM, AF_INET = 2, 1, 2

    @staticmethod
    def getaddrinfo(*arguments):
        return [(2, 2, 0, "", ("192.0.2.1", 123))]

    @staticmethod
    def socket(family=2, kind=1, *more):
        if kind == 2 and not more:
            # The firmware's own, which asks for the time.
            return device_chip.Udp(_Time.time)
        raise OSError(113)


class _Time:
    @staticmethod
    def sleep_ms(milliseconds):
        global _passed
        if milliseconds <= 200 and _passed > _end:
            _show()
        if mailed and not _made and milliseconds <= 200 and _passed > _SETTLED // 2:
            _mail()
        _passed += milliseconds

    @staticmethod
    def sleep(seconds):
        _Time.sleep_ms(int(seconds * 1000))

    @staticmethod
    def time():
        return int(time.time()) + _passed // 1000

    @staticmethod
    def time_ns():
        return time.time_ns() + _passed * 1000000

    @staticmethod
    def ticks_ms():
        return (time.ticks_ms() + _passed) & 0x3FFFFFFF

    @staticmethod
    def ticks_add(ticks, more):
        return (ticks + more) & 0x3FFFFFFF

    @staticmethod
    def ticks_diff(end, begin):
        return ((end - begin + 0x20000000) & 0x3FFFFFFF) - 0x20000000


def _mail():
    """Let the node make a mail and try to send it, from the next wait on: what that loads has been loaded then."""
    global _made
    _made = True
    app = sys.modules["alertnode.app"].App
    wait = app.wait

    def first(node, milliseconds):
        app.wait = wait
        # (If it is away, this brings it back.)
        route, mailer = node.mailer.outbox.route, node.mailer
        try:
            mailer.umail.send(route, mailer.message("a test", "text"), 5, 5)
        except mailer.umail.MailError as error:
            print("not sent: %s" % error)
        node.wait(milliseconds)

    app.wait = first


def _show():
    for _ in range(2):
        gc.collect()
    print("in use: %d" % (gc.mem_alloc() - before))
    print("modules:", " ".join(sorted([name for name in sys.modules if name[:5] in ("alert", "umail")])))
    raise SystemExit


for name in dir(time):
    if not hasattr(_Time, name):
        setattr(_Time, name, getattr(time, name))
device_chip.machine("power-on")
for name, more in (
    ("network", {"WLAN": _Wlan, "STA_IF": 0, "hostname": lambda name: None, "ipconfig": lambda *all, **more: ""}),
    ("onewire", {"OneWire": _OneWire}),
    ("ds18x20", {"DS18X20": _Ds18x20}),
    ("ntptime", {"time": _Time.time}),
):
    found = sys.modules[name] = device_chip.Module()
    for attribute in more:
        setattr(found, attribute, more[attribute])
sys.modules["time"], sys.modules["socket"] = _Time, _Socket
device_chip.mount(flash)
for _ in range(2):
    gc.collect()
before = gc.mem_alloc()
__import__("main")
