"""Runs main.py of an alert node on battery on this computer's MicroPython, with stand-ins for a chip that sleeps.

Arguments: the folder that is the flash; "power-on", "deep-sleep", or "nothing", which ends before
main.py. What RTC memory holds lies in a file beside the flash. The sleep ends the program.
"""

import sys

import device_chip

flash, cause = sys.argv[1:3]
_KEPT = "/rtc.bin"


class _Rtc(device_chip.Rtc):
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


def _deepsleep(milliseconds=None):
    print("asleep", milliseconds)
    raise SystemExit


device_chip.machine(cause, _Rtc).deepsleep = _deepsleep
device_chip.mount(flash)
if cause != "nothing":
    __import__("main")
