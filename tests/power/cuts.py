"""Cuts the power at every write and every step of a conversation, mounts what is left, and checks each mail's fate.

Run by MicroPython: ``cuts.py SYSTEM EVERY PART [FAULT]``: the file system (lfs2 or fat), every how many cut points (1:
all), which half of the scenes (0 or 1), and the name of a fault to build in, to see that it is found. Prints each fate
that must not be, and at the end one line of JSON.
"""

import gc
import json
import os
import sys
from binascii import b2a_base64

import vfs
from flash import Flash, Power, PowerCut
from server import Server

from umail import Message, Outbox, Route, durable, outbox
from umail.attachment import Attachment
from umail.policy import Policy
from umail.queue import spool
from umail.queue.format import Entry

BLOCKS = {"lfs2": (48, 4096), "fat": (400, 512)}
ROUTE = Route("192.0.2.1", 25, security="plain")
FILE = b"".join([b"%d: a line of a log that is copied\n" % i for i in range(180)])
PATH = "/f/outbox"


class AtEase:
    """Stands in for ``gc`` where the library collects before it loads a module: this heap is large."""

    collect = staticmethod(lambda: None)


sys.modules["gc"] = AtEase

OPENED = []
_open = open


def remembered(path, mode):
    file = _open(path, mode)
    OPENED.append(file)
    return file


spool.open = durable.open = remembered


class World:
    """A board with its flash and the server, over several lives."""

    def __init__(self, system, image, power, chunking=True, dated=True, **options):
        self.system = system
        self.image = image
        self.chunking = chunking
        self.dated = dated
        self.options = options
        self.time = 0
        self.begun = {}
        self.returned = []
        # Subjects of mails that become part of others, and how many of their puts returned.
        self.merged = []
        self.kept = 0
        # Whether what must survive a reset was written once, and how often it was gone all the same.
        self.saved = False
        self.forgotten = 0
        self.server = Server(power, chunking)
        self.box = None
        self.mount(power)

    def mount(self, power):
        self.power = self.server.power = power
        self.device = device = Flash(self.image, BLOCKS[self.system][1], power)
        vfs.mount(vfs.VfsLfs2(device) if self.system == "lfs2" else vfs.VfsFat(device), "/f")
        self.server.up = False
        if self.saved and not power.cut and durable.load(PATH + "/state") is None:
            self.forgotten += 1

    def start(self):
        started = self.time
        if self.box:
            self.box.close()
        self.box = Outbox(
            PATH,
            ROUTE,
            Policy(
                lambda: 0.5,
                per_minute=0,
                window=self.options.get("window", 0),
                per_hour=self.options.get("per_hour", 0),
            ),
            most=self.options.get("most", 50),
            uptime=lambda: self.time - started,
            date=lambda: 1800000000 + self.time if self.dated else None,
        )
        self.saved = True
        return self.box

    def put(self, name, to="ops@example.org", files=(), **more):
        text = "%s: what happened, told in full\n.and a line with a dot\n" % name
        mid = "<%s@example.org>" % name.replace(" ", "-")
        self.begun[mid] = text, to, files
        message = Message("board@example.org", to, name, text=text, message_id=mid)
        message.attachments = [Attachment(data, "log.txt") for data in files]
        self.box.put(message, **more)
        self.returned.append(mid)

    def merge(self, name, **more):
        """Put an alert that may be held back in others."""
        message = Message("board@example.org", "ops@example.org", name, text=name + " happened")
        self.merged.append(name)
        self.box.put(message, **more)
        self.kept += 1

    def flush(self):
        return self.server.run(self.box.flushing())

    def drain(self):
        """Let everything go out that can."""
        for _ in range(40):
            self.flush()
            wait = self.box.wait()
            if wait is None:
                return
            self.time += wait

    def off(self):
        """Take the power away."""
        if self.box:
            self.box.close()
        outbox._claimed.clear()
        self.box = None
        # MicroPython's collector would close what was open, on a chip that no longer answers: close it on a copy.
        self.device.data = bytearray(self.image)
        self.device.power = Power()
        while OPENED:
            try:
                OPENED.pop().close()
            except OSError:
                pass
        vfs.umount("/f")

    def marked(self):
        """The Message-IDs with the mark that they are leaving, as the flash has it."""
        found = []
        for name in os.listdir(PATH) if "outbox" in os.listdir("/f") else ():
            stem, _, ending = name.partition(".")
            if ending == "mail":
                number, _, length = stem.partition("-")
                entry = Entry(int(number, 16), int(length, 16))
                try:
                    with open(PATH + "/" + name, "rb") as file:
                        file.seek(entry.length)
                        known = entry.take(file.read())
                except OSError:
                    # Damaged (FAT).
                    continue
                if known and (entry.state == "sending" or entry.doubts):
                    found.append(known[0][4])
        return found

    def check(self, doubtful, damage=False):
        """Every mail is there, whole, and once where nothing was in doubt: (lost, duplicated, torn)."""
        lost = doubled = torn = 0
        for mid in self.begun:
            text, to, files = self.begun[mid]
            for address in [to] if isinstance(to, str) else to:
                got = [octets for taken, people, octets in self.server.taken if taken == mid and address in people]
                if not got and mid in self.returned and address[:4] != "hard":
                    lost += 1
                if len(got) > 1 and mid not in doubtful:
                    doubled += 1
                for octets in got:
                    plain = octets.replace(b"\r\n", b"")
                    whole = text.replace("\n", "\r\n").encode() in octets
                    for data in files:
                        if b2a_base64(data)[:-1] not in plain:
                            whole = False
                    if not whole:
                        torn += 1
        told = 0
        for _, _, octets in self.server.taken:
            for line in octets.split(b"\r\n"):
                if line.startswith(b"Mails that were dropped, as the outbox was full: "):
                    told += int(line.split(b" ")[-1][:-1])
        # Of merged alerts the last whose put returned is told, or one after it.
        last = self.merged[self.kept - 1 :] if self.kept else ()
        if last and not any(name.encode() in octets for _, _, octets in self.server.taken for name in last):
            lost += 1
        return max(0, lost - told), doubled, torn


# -- what is cut -----------------------------------------------------------------------------------------------------


def plain(world):
    world.put("one")
    world.put("two", files=[FILE])
    world.put("three", priority=2)
    world.flush()


def deferred(world):
    world.put("later one")
    world.put("two", to="soft@example.org")
    world.flush()
    world.put("three")
    world.time += 400
    world.flush()


def partial(world):
    world.put("one", to=["ops@example.org", "soft@example.org", "hard@example.org"], files=[FILE[:500]])
    world.put("two", to=["hard@example.org", "night@example.org"])
    world.flush()
    world.box.purge()
    world.put("three")
    world.flush()


def uncertain(world):
    world.put("lost one")
    world.put("two")
    world.flush()
    world.time += 700
    world.flush()


def streamed(world):
    world.put("one", files=[FILE, FILE])
    world.flush()
    world.put("two", files=[FILE])
    world.flush()


def reborn(world):
    world.put("one")
    world.put("later two")
    world.flush()
    world.time += 100
    world.start()
    world.put("three")
    world.box.retry()
    world.flush()


def storm(world):
    for i in range(4):
        world.merge("alert %d" % i, key="door")
        world.time += 60
    world.flush()
    world.time += 900
    world.flush()
    world.merge("alert again", key="door")


def digest(world):
    for i in range(5):
        world.merge("event %d" % i)
    world.flush()


def full(world):
    for i in range(5):
        world.put("number %d" % i, priority=1 if i else 2)
    world.flush()


def flash_full(world):
    for i in range(4):
        world.put("number %d" % i, files=[FILE * 8])
    world.flush()


SCENES = (
    (plain, {}),
    (plain, {"chunking": False, "dated": False}),
    (deferred, {}),
    (deferred, {"dated": False}),
    (partial, {}),
    (uncertain, {}),
    (streamed, {}),
    (streamed, {"chunking": False}),
    (reborn, {"chunking": False}),
    (storm, {"window": 900}),
    (digest, {"per_hour": 2}),
    (full, {"most": 3}),
    (flash_full, {}),
)


# -- cutting ---------------------------------------------------------------------------------------------------------


def formatted(system):
    """An image with an empty file system."""
    count, size = BLOCKS[system]
    image = bytearray(count * size)
    device = Flash(image, size, Power())
    (vfs.VfsLfs2 if system == "lfs2" else vfs.VfsFat).mkfs(device)
    return image


def free():
    found = os.statvfs("/f")
    return found[3]


def try_one(system, image, scene, options, cut, tear, again=None):
    """One life that ends at ``cut``, perhaps a second that ends at ``again``, and one in peace.

    Returns (steps, lost, doubled, torn, blocks free at the end, how often what was remembered was gone).
    """
    world = World(system, bytearray(image), Power(cut, tear), **options)
    doubtful = []
    try:
        world.start()
        scene(world)
    except PowerCut:
        pass
    steps = world.power.steps
    world.power.gone = True
    world.off()
    if again is not None:
        world.mount(Power(again, tear))
        try:
            doubtful += world.marked()
            world.start()
            world.drain()
        except PowerCut:
            pass
        world.power.gone = True
        world.off()
    world.server.calm = True
    world.mount(Power())
    doubtful += world.marked()
    world.start()
    world.drain()
    # What the server took and did not confirm was in doubt before the power went.
    doubtful += [mid for mid in world.begun if mid[:5] == "<lost"]
    result = world.check(doubtful)
    world.box.purge()
    names = [name for name in os.listdir(PATH) if name != "state"]
    left = free() if not names else -1
    world.off()
    return (steps,) + result + (left, world.forgotten)


def main(system, every, part, fault):
    if fault:
        import faults

        getattr(faults, fault)()
    image = formatted(system)
    points = 0
    totals = [0] * 7
    for number in range(part, len(SCENES), 2):
        scene, options = SCENES[number]
        steps, _, _, _, most, _ = try_one(system, image, scene, options, None, False)
        for tear in (False, True):
            for cut in range(points % every, steps, every):
                points += 1
                result = try_one(system, image, scene, options, cut, tear, None if cut % 3 else cut // 2 + 1)
                lost, doubled, torn, left, forgotten = result[1:]
                # FAT cannot get back what a cut left unlinked.
                leaking = system == "lfs2" and left < most - 2
                row = [1, 0 if tear else lost, lost if tear else 0, doubled, torn, 1 if leaking else 0]
                # (A sector of a FAT directory that is torn may lose any name.)
                row.append(0 if tear and system == "fat" else forgotten)
                if any(row[1:]) and not fault:
                    how = "torn" if tear else "stopped"
                    print("# %s %s: %s at step %d of %d: %s" % (scene.__name__, options, how, cut, steps, row))
                for i, count in enumerate(row):
                    totals[i] += count
        gc.collect()
    tried, lost, lost_torn, doubled, damaged, leaking, forgotten = totals
    print(
        json.dumps(
            {
                "tried": tried,
                "lost": lost,
                "lost_torn": lost_torn,
                "duplicated": doubled,
                "damaged": damaged,
                "leaking": leaking,
                "forgotten": forgotten,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
