"""Runs main.py of an alert node on battery on this computer's MicroPython, with stand-ins for a chip that sleeps.

Arguments: the folder that is the flash; "power-on", "deep-sleep", or "nothing", which ends before
main.py. What RTC memory holds lies in a file beside the flash. The sleep ends the program.
"""

import sys

import device_chip

flash, cause = sys.argv[1:3]


def _deepsleep(milliseconds=None):
    print("asleep", milliseconds)
    raise SystemExit


device_chip.machine(cause, device_chip.KeptRtc).deepsleep = _deepsleep
device_chip.mount(flash)
if cause != "nothing":
    __import__("main")
