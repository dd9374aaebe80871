"""Runs main.py of an alert node on battery on this computer's MicroPython, with stand-ins for a chip that sleeps.

Arguments: the folder that is the flash; "power-on", "deep-sleep", or "nothing", which ends before
main.py. What RTC memory holds lies in a file beside the flash. The sleep ends the program.
"""

import os
import sys
import time

flash, cause = sys.argv[1:3]
_KEPT = "/rtc.bin"


class _Rtc:
    def memory(self, data=None):
        if data is None:
            try:
                with open(_KEPT, "rb") as file:
                    return file.read()
            except OSError:
                return b""
        with open(_KEPT, "wb") as file:
            file.write(data)
        return None

    def datetime(self, parts):
        pass


class _Wdt:
    def __init__(self, id=0, timeout=5000):
        pass

    def feed(self):
        pass


class _Pin:
    IN = OUT = PULL_UP = PULL_DOWN = 1

    def __init__(self, *arguments, **settings):
        pass


class _Adc:
    ATTN_11DB = 3

    def __init__(self, *arguments, **settings):
        pass

    def atten(self, atten):
        pass

    def read_uv(self):
        return 500000


class _Module:
    pass


def _deepsleep(milliseconds=None):
    print("asleep", milliseconds)
    raise SystemExit


machine = _Module()
machine.RTC, machine.WDT, machine.Pin, machine.ADC = _Rtc, _Wdt, _Pin, _Adc
machine.PWRON_RESET, machine.DEEPSLEEP_RESET = 1, 4
machine.reset_cause = lambda: 4 if cause == "deep-sleep" else 1
machine.deepsleep = _deepsleep
machine.lightsleep = time.sleep_ms
sys.modules["machine"] = machine


class _Os:
    """`os` whose rename works: VfsPosix with a root builds both paths in one buffer."""

    @staticmethod
    def rename(old, new):
        os.rename("/host" + flash + old, "/host" + flash + new)


for name in dir(os):
    if name != "rename":
        setattr(_Os, name, getattr(os, name))
sys.modules["os"] = _Os
os.umount("/")
os.mount(os.VfsPosix(flash), "/")
os.mount(os.VfsPosix(), "/host")
sys.path[:] = ["/", ".frozen", "/lib"]
os.chdir("/")
if cause != "nothing":
    __import__("main")
