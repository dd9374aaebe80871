"""Many alerts through one outbox on one small flash: heap and space stay where they were, blocks wear evenly.

Run by MicroPython: ``endurance.py COUNT``. Prints one line of JSON: heap and free blocks after a tenth and at the end,
writes and erased blocks for each alert, and the most that any block was erased over the mean.
"""

import gc
import json
import os
import sys

import vfs
from flash import Flash, Power
from server import Server

from umail import Message, Outbox, Route
from umail.policy import Policy


class Worn(Flash):
    """Counts how often each block is erased."""

    def __init__(self, data, size, power):
        Flash.__init__(self, data, size, power)
        self.erased = [0] * (len(data) // size)

    def ioctl(self, operation, argument):
        if operation == 6:
            self.erased[argument] += 1
        return Flash.ioctl(self, operation, argument)


def main(count):
    power = Power()
    flash = Worn(bytearray(48 * 4096), 4096, power)
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), "/f")
    clock = [0]
    box = Outbox(
        "/f/outbox",
        Route("192.0.2.1", 25, security="plain"),
        Policy(lambda: 0.5, per_minute=0, per_day=0, per_hour=0, window=0),
        uptime=lambda: clock[0],
        date=lambda: 1800000000 + clock[0],
    )
    server = Server(power, True)
    server.calm = True
    figures = []
    steps = erased = 0
    for i in range(count):
        if i == count // 10:
            gc.collect()
            figures.append((gc.mem_alloc(), os.statvfs("/f")[3]))
            steps = power.steps
            erased = sum(flash.erased)
        box.put(Message("board@example.org", "ops@example.org", "alert %d" % i, text="it is %d degrees" % i))
        if server.run(box.flushing()) != 1:
            raise RuntimeError("alert %d was not delivered" % i)
        server.taken.pop()
        clock[0] += 60
    gc.collect()
    figures.append((gc.mem_alloc(), os.statvfs("/f")[3]))
    mean = sum(flash.erased) / len(flash.erased)
    rest = count - count // 10
    print(
        json.dumps(
            {
                "alerts": count,
                "heap": [figures[0][0], figures[1][0]],
                "free": [figures[0][1], figures[1][1]],
                "erased_per_alert": (sum(flash.erased) - erased) / rest,
                "writes_per_alert": (power.steps - steps) / rest,
                "wear": max(flash.erased) / mean,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
