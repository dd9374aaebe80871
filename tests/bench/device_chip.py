"""Stand-ins for a chip, so that an alert node runs on this computer's MicroPython: pins, watchdog, memory, flash."""

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
    """A socket on which a time server answers; ``now()`` returns seconds of ``time.time()``."""

    def __init__(self, now):
        self._now = now

    def settimeout(self, seconds):
        pass

    def sendto(self, packet, where):
        self._packet = packet

    def recv(self, count):
        # From the NTP era to this port's.
        now = (self._now() + (3155673600 if time.gmtime(0)[0] == 2000 else 2208988800)) & 0xFFFFFFFF
        return b"\x24\x02" + bytes(22) + self._packet[40:48] + bytes(8) + now.to_bytes(4, "big") + bytes(4)

    def close(self):
        pass


class Wdt:
    def __init__(self, id=0, timeout=5000):
        pass

    def feed(self):
        pass


class Pin:
    IN = OUT = PULL_UP = PULL_DOWN = 1

    def __init__(self, *arguments, **settings):
        pass

    def value(self):
        return 0


class Adc:
    ATTN_11DB = 3
    volts = 0.5

    def __init__(self, *arguments, **settings):
        pass

    def atten(self, atten):
        pass

    def read_uv(self):
        return int(Adc.volts * 1000000)


def machine(cause, rtc=Rtc):
    """Put in place the module `machine` of a chip that was started for ``cause``, and return it."""
    made = sys.modules["machine"] = Module()
    made.RTC, made.WDT, made.Pin, made.ADC = rtc, Wdt, Pin, Adc
    made.PWRON_RESET, made.DEEPSLEEP_RESET = 1, 4
    made.reset_cause = lambda: 4 if cause == "deep-sleep" else 1
    made.lightsleep = time.sleep_ms
    made.unique_id = lambda: b"\x24\x0a\xc4\0\1\2"
    return made


class _Os:
    """`os` whose rename works: VfsPosix with a root builds both paths in one buffer."""

    flash = ""

    @staticmethod
    def rename(old, new):
        os.rename("/host" + _Os.flash + old, "/host" + _Os.flash + new)


def mount(flash):
    """Make the folder ``flash`` the board's flash, where it looks for modules too."""
    _Os.flash = flash
    for name in dir(os):
        if name != "rename":
            setattr(_Os, name, getattr(os, name))
    sys.modules["os"] = _Os
    os.umount("/")
    os.mount(os.VfsPosix(flash), "/")
    os.mount(os.VfsPosix(), "/host")
    sys.path[:] = ["/", ".frozen", "/lib"]
    os.chdir("/")
