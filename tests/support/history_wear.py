"""Runs on MicroPython: keeps VALUES values and LINES lines of log an hour for DAYS days on LittleFS; counts erasures.

``history_wear.py VALUES LINES BLOCKS FREE DAYS`` prints a line of JSON: the most erasures of a block, all erasures, the
bytes that the readings take, and the most that flash was written in one hour. FREE blocks are left by other files.
"""

import json
import os
import sys

import vfs

_host = "/host" + os.getcwd()
vfs.mount(vfs.VfsPosix("/"), "/host")
vfs.umount("/")
sys.path[:] = ["/host" + path for path in sys.path if path[:1] == "/"] + [".frozen"]

from alertnode.history import History  # noqa: E402
from alertnode.log import Log  # noqa: E402
from umail import durable  # noqa: E402

BLOCK = 4096


class Flash:
    """A chip in RAM that counts."""

    def __init__(self, blocks):
        self.data = bytearray(b"\xff" * BLOCK * blocks)
        self.erases = [0] * blocks

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.erases)
        if operation == 5:
            return BLOCK
        if operation == 6:
            self.erases[argument] += 1
        return 0


def main(values, lines, blocks, free, days):
    flash = Flash(blocks)
    # As MicroPython mounts it on an ESP32; on an rp2 the buffers are larger, and erase less.
    vfs.VfsLfs2.mkfs(flash, readsize=32, progsize=32, lookahead=32)
    vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32, mtime=False), "/")
    with open("/other", "wb") as file:
        for _ in range(blocks - free):
            file.write(bytes(BLOCK))
    flash.erases = [0] * blocks
    log = Log(show=lambda text: None)
    log.stamp = lambda long=False: "2026-11-28 14:05:10 CET"
    kept = History(["v%d" % i for i in range(values)])
    counts = b"x" * (120 + 75 * values)
    most = 0
    for hour in range(497000, 497000 + 24 * days):
        before = sum(flash.erases)
        kept.turn(hour * 3600)
        durable.write("/day.json", counts)
        for name in kept.numbers:
            for minute in range(0, 60, 15):
                kept.add(name, hour * 3600 + minute * 60, hour % 100 + minute / 60)
        for _ in range(lines):
            log.say("freezer -14.8 °C is above -15 °C: alert mailed to ops@contoso.com in 6 round trips")
        most = max(most, sum(flash.erases) - before)
    size = sum([os.stat("/history/" + name)[6] for name in os.listdir("/history")])
    print(json.dumps({"block": max(flash.erases), "all": sum(flash.erases), "size": size, "hour": most}))


main(*[int(argument) for argument in sys.argv[1:]])
