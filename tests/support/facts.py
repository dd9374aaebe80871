"""Says in one line of JSON what an interpreter is: its release, words, floats, ticks and epoch; on any MicroPython."""

import json
import sys
import time

bits = 0
while sys.maxsize >> bits:
    bits += 1
ticks = 1
try:
    while True:
        time.ticks_add(0, (1 << ticks) - 1)
        ticks += 1
except OverflowError:
    pass
print(
    json.dumps(
        {
            "release": ".".join([str(number) for number in sys.implementation.version[:3]]),
            "words": bits + 1,
            "floats": "single" if 16777217.0 == 16777216.0 else "double",
            "ticks": ticks,
            "epoch": time.gmtime(0)[0],
        }
    )
)
