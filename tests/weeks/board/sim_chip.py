"""The chip: power, resets, watchdog, clock, pins, and the built-in modules as the firmware finds them."""

import builtins
import gc as _gc
import os as _os
import sys as _sys
import time as _time
from collections import namedtuple

import sim_ports
import vfs
from sim_flash import Device
from sim_ports import Module
from sim_world import START

_PERIOD = 1 << 30
_HALF = 1 << 29
_FIRST_TICKS = _PERIOD - 5000000
_WAITING = 6
_open = builtins.open
_Implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
# Slices of a light sleep that are walked before it leaps.
_NAPS = 3


class Chip:
    """One board; ``port`` is that of its MicroPython.

    Attributes:
        cause (str): why it started last; lives (int): how often it started.
        up: (True, since when) of its Wi-Fi is in ``sim_net``.
    """

    def __init__(self, world, flash, port):
        self.world = world
        self.flash = flash
        self.port = port
        # A function that a Timer calls: on a port whose watchdog knows only seconds, it feeds.
        self.timer = None
        self.nap_end = self.naps = 0
        self.device = None
        self.cause = "power"
        self.lives = 0
        self.memory = b""
        self.off_until = 0
        self.watchdog = self.fed = 0
        self.app = None
        self.wait_end = None
        self.leaps = 0
        self.armed = []
        # The owner's programs that want to run beside the node.
        self.guests = []
        # What happens to the files when the chip starts next.
        self.late = []
        self.running = False
        self.line = ""
        self.crc = 0
        # What the RTC showed (Unix milliseconds), and when; its error in millionths.
        self._clock = (port.begins * 1000, 0)
        self.drift = 0

    # -- power ---------------------------------------------------------------------------------------------------------

    def boot(self):
        """Begin a life: what an ESP32's RTC keeps is kept, but for a power cut."""
        world = self.world
        world.gone = None
        world.chip = self
        if self.device is not None:
            self.device.over = True
            vfs.umount("/")
        self.wait_end = self.app = None
        self.watchdog = 0
        self.timer = None
        self.running = True
        if self.cause == "power":
            self.memory = b""
            self._clock = (self.port.begins * 1000, world.now)
        self.device = Device(self.flash)
        # (Times of files would be the host's.)
        kept, world.faults = world.faults, {}
        vfs.mount(vfs.VfsLfs2(self.device, mtime=False), "/")
        world.faults = kept
        self.lives += 1
        if self.cause != "sleep":
            world.sensor = None
        for late in self.late:
            late(self, True)
        self.late = []
        self.booted = world.now
        if self.cause != "sleep":
            world.log("boot", self.cause)

    def cut_power(self):
        """Cut the power at this instant, for a few seconds unless it is settled already."""
        self.off_until = max(self.off_until, self.world.now + 5000)
        self.world.cut = 0
        self.world.stop("power")

    def hang(self):
        """Stand still until the watchdog bites; without one, until somebody pulls the plug after an hour."""
        world = self.world
        if self.watchdog:
            while self.timer and self.fed + self.watchdog > world.now + 2000:
                world.pass_until(world.now + 2000)
                self.timer(None)
            world.pass_until(self.fed + self.watchdog)
            world.stop("watchdog")
        if self.cause != "power" and self.memory[6:7] > b"\0":
            world.log("dead", "it hangs after a reset, and no watchdog is armed")
        self.off_until = world.now + 3600000
        world.stop("power")

    def trouble(self, place):
        """Do what an event asked for at this place of the program: crash or hang."""
        world = self.world
        world.alive()
        for one in self.armed:
            if one["where"] == place:
                self.armed.remove(one)
                world.log("strikes", one["cause"])
                if one["cause"] == "hang":
                    self.hang()
                raise ERRORS[one["error"]]("planted by the world")
        fault = world.faults.get("memory")
        if fault and place in self.port.short_at and world.chance.random() < fault["part"]:
            raise MemoryError("memory allocation failed, allocating 2048 bytes")

    def pass_milliseconds(self, milliseconds):
        """Sleep: while the node only waits, up to the next moment at which anything is due."""
        world = self.world
        world.alive()
        target = world.now + milliseconds
        if self.wait_end is not None and self.memory[1:2] == b"\6":
            self.trouble("waiting")
            self.leaps += 1
            # Of 256 waits ten slices are walked as the firmware wants them.
            if self.leaps & 255 >= 10:
                world.advance(max(target, min(self.wait_end, self._due())))
                self.fed = world.now
                return
        world.pass_until(target)
        if self.timer:
            self.timer(None)
        if self.watchdog and world.now - self.fed >= self.watchdog:
            world.stop("watchdog")

    def nap(self, milliseconds):
        """Sleep lightly: some slices, then up to the end, or to whatever happens before it."""
        world = self.world
        world.alive()
        self.naps += 1
        world.advance(max(world.now + milliseconds, self.nap_end if self.naps > _NAPS else 0))
        self.fed = world.now

    def _due(self):
        """Return the moment at which the waiting node will next do anything."""
        app, now = self.app, self.world.now
        uptime = app.clock.uptime()
        times = [app.clock._due - uptime]
        if app.wifi is not None and not app.wifi._was_up:
            times.append(app.wifi._due - uptime)
        elif app.clock.state:
            wait = app.mailer.wait()
            if wait is not None:
                times.append(wait * 1000)
        if self.memory[2]:
            # Failed starts are counted down by the minute.
            times.append(60000 - uptime % 60000)
        return now + max(min(times), 1)

    # -- clock ---------------------------------------------------------------------------------------------------------

    def unix_ms(self):
        """Return what the board believes it is, in Unix milliseconds."""
        self.world.alive()
        shown, at = self._clock
        passed = self.world.now - at
        return shown + passed + passed * self.drift // 1000000

    def set_unix_ms(self, shown):
        """Set the board's clock."""
        self._clock = (shown, self.world.now)

    def error(self):
        """Return the seconds by which the board's clock is ahead of the right time."""
        return self.unix_ms() // 1000 - START - self.world.now // 1000

    # -- what happens --------------------------------------------------------------------------------------------------

    def happen(self, event, begins):
        """Let an event of the plan begin or end."""
        world = self.world
        cause = event["cause"]
        if event["id"]:
            world.log("begins" if begins else "ends", "%d %s" % (event["id"], cause))
        if cause == "value":
            world.value = event["value"]
        elif cause == "power":
            self.off_until = world.now + event["off"] * 1000
            self.cause = "power"
            if self.running:
                world.stop("power")
        elif cause == "upgrade":
            # (Somebody copies files, and resets.)
            self.late.append(lambda chip, _: HOOKS[cause](chip, event))
            self.off_until = world.now + 60000
            self.cause = "power"
            if self.running:
                world.stop("power")
        elif cause == "cut":
            world.cut, world.tear = event["step"], event["tear"]
        elif cause == "guest":
            self.guests.append(event)
        elif cause in ("crash", "hang"):
            self.armed += [event] * event["times"]
        elif cause == "jump":
            self.set_unix_ms(self.unix_ms() + event["by"] * 1000)
        elif cause == "drift":
            self.set_unix_ms(self.unix_ms())
            self.drift = event["ppm"]
        elif cause == "wear":
            self.flash.worn = (self.flash.worn + [event["block"]])[-6:]
        elif begins and not event.get("lasts") and cause != "radio":
            # A moment.
            HOOKS[cause](self, event)
        elif begins:
            world.faults[cause] = event
            HOOKS.get(cause, _nothing)(self, True)
        else:
            if world.faults.get(cause) is event:
                del world.faults[cause]
            HOOKS.get(cause, _nothing)(self, False)

    # -- console -------------------------------------------------------------------------------------------------------

    def say(self, text):
        """Take what the firmware prints; readings, which come every few minutes, are only summed up."""
        from binascii import crc32

        self.crc = crc32(text.encode(), self.crc)
        if not text.endswith(" °C") and "asleep for" not in text:
            self.world.log("says", text.replace("\n", "\\n"))


def _nothing(chip, begins):
    pass


ERRORS = {"MemoryError": MemoryError, "RuntimeError": RuntimeError, "ValueError": ValueError, "OSError": OSError}
# What a fault does to the world when it begins and ends, beside being there.
HOOKS = {}


def install(chip):
    """Put the board's modules in place of the interpreter's."""
    from sim_net import network, select, socket
    from sim_tls import ssl

    machine = sim_ports.machine(chip, ERRORS)
    modules = {"machine": machine, "time": clock(chip), "network": network, "socket": socket, "select": select}
    modules["utime"] = modules["time"]
    modules["ssl"] = modules["tls"] = ssl
    world = chip.world
    implementation = _Implementation("micropython", _sys.implementation[1], chip.port.board, 0)
    modules["sys"] = Module(
        _sys, platform=chip.port.name, implementation=implementation, print_exception=lambda *args: _trace(chip, *args)
    )
    modules["os"] = Module(_os, urandom=world.node.bytes)
    modules["random"] = Module(None, random=world.node.random)
    # Its threshold of 8 kB is a board's; here the heap also holds the world.
    modules["gc"] = Module(_gc, threshold=lambda *args: None, collect=lambda: 0, mem_free=lambda: chip.port.free(world))
    for name in modules:
        _sys.modules[name] = modules[name]
    import sim_asyncio

    modules["_asyncio"] = _sys.modules["_asyncio"] = sim_asyncio
    # (Now, as what is loaded later would count as growth.)
    import asyncio

    asyncio.Lock()
    builtins.print = lambda *args, **more: chip.say(" ".join([str(one) for one in args]))
    builtins.open = lambda path, mode="r", **more: _opened(chip, path, mode, more)


def _opened(chip, path, mode, more):
    chip.trouble("open")
    return _open(path, mode, **more)


def _trace(chip, error, file=None):
    if file is not None:
        _sys.print_exception(error, file)
        return
    import io

    text = io.StringIO()
    _sys.print_exception(error, text)
    chip.say(text.getvalue().strip())


def clock(chip):
    """Return the module ``time``."""
    epoch = chip.port.epoch

    def ticks_ms():
        chip.world.alive()
        return chip.world.now - chip.booted + _FIRST_TICKS & (_PERIOD - 1)

    def ticks_add(ticks, delta):
        if not -_HALF < delta < _HALF:
            raise OverflowError("ticks interval overflow")
        return ticks + delta & (_PERIOD - 1)

    def ticks_diff(end, start):
        return (end - start + _HALF & (_PERIOD - 1)) - _HALF

    def time():
        return chip.unix_ms() // 1000 - epoch

    def gmtime(seconds=None):
        return _time.gmtime((time() if seconds is None else int(seconds)) + epoch)[:8]

    def sleep(seconds):
        chip.pass_milliseconds(int(seconds * 1000))

    return Module(
        _time,
        ticks_ms=ticks_ms,
        ticks_add=ticks_add,
        ticks_diff=ticks_diff,
        time=time,
        time_ns=lambda: (chip.unix_ms() - epoch * 1000) * 1000000,
        gmtime=gmtime,
        localtime=gmtime,
        sleep=sleep,
        sleep_ms=chip.pass_milliseconds,
    )
