"""Stand-ins for a chip, so that an alert node runs on this computer's MicroPython: pins, watchdog, memory, flash.

What stands in takes heap that a chip's own modules, in ROM, do not: their private names are few, and such as the
firmware or MicroPython has too.
"""

import os
import sys
import time


class Module:
    """What stands for a module: its attributes."""


class Rtc:
    """The RTC; its memory is lost with the program."""

    kept = b""

    def memory(self, data=None):
        if data is not None:
            Rtc.kept = bytes(data)
        return Rtc.kept

    def datetime(self, parts):
        pass


class KeptRtc(Rtc):
    """An RTC whose memory lies in a file of the flash, and outlives the program."""

    def memory(self, data=None):
        if data is None:
            try:
                with open("/rtc.bin", "rb") as file:
                    return file.read()
            except OSError:
                return b""
        with open("/rtc.bin", "wb") as file:
            file.write(data)
        return None


class Udp:
    """A socket on which a time server answers; ``time()`` returns seconds of ``time.time()``."""

    def __init__(self, time):
        self.time = time

    def settimeout(self, value):
        pass

    def sendto(self, data, value):
        self.data = data

    def recv(self, count):
        # From the NTP era to this port's.
        now = (self.time() + (3155673600 if time.gmtime(0)[0] == 2000 else 2208988800)) & 0xFFFFFFFF
        return b"\x24\x02" + bytes(22) + self.data[40:48] + bytes(8) + now.to_bytes(4, "big") + bytes(4)

    def close(self):
        pass


class Wdt:
    def __init__(self, id=0, timeout=5000):
        pass

    def feed(self):
        pass


class Pin:
    IN = OUT = PULL_UP = PULL_DOWN = 1

    def __init__(self, *args, **values):
        pass

    def value(self):
        return 0


class Adc:
    ATTN_11DB = 3
    value = 0.5

    def __init__(self, *args, **values):
        pass

    def atten(self, value):
        pass

    def read_uv(self):
        return int(Adc.value * 1000000)


def machine(cause, rtc=Rtc):
    """Put in place the module `machine` of a chip that was started for ``cause``, and return it."""
    found = sys.modules["machine"] = Module()
    found.RTC, found.WDT, found.Pin, found.ADC = rtc, Wdt, Pin, Adc
    found.PWRON_RESET, found.DEEPSLEEP_RESET = 1, 4
    found.reset_cause = lambda: 4 if cause == "deep-sleep" else 1
    found.lightsleep = time.sleep_ms
    found.unique_id = lambda: b"\x24\x0a\xc4\0\1\2"
    return found


class _Os:
    """`os` whose rename works: VfsPosix with a root builds both paths in one buffer."""

    path = ""

    @staticmethod
    def rename(old, path):
        os.rename("/host" + _Os.path + old, "/host" + _Os.path + path)


def mount(path):
    """Make the folder ``path`` the board's flash, where it looks for modules too."""
    _Os.path = path
    for name in dir(os):
        if name != "rename":
            setattr(_Os, name, getattr(os, name))
    sys.modules["os"] = _Os
    os.umount("/")
    os.mount(os.VfsPosix(path), "/")
    os.mount(os.VfsPosix(), "/host")
    sys.path[:] = ["/", ".frozen", "/lib"]
    os.chdir("/")
