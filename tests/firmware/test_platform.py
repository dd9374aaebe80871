"""Files of the node are whole or count as none, whatever a power cut or a file system did to them."""

import os
import sys

from alertnode import platform
from alertnode.watchdog import Watchdog
from check import equal, scratch

PATH = scratch("kept")


def clean():
    for path in (PATH, PATH + ".new"):
        platform.remove(path)


def put(path, octets):
    with open(path, "wb") as file:
        file.write(octets)


def stored(data):
    platform.write(PATH, data)
    with open(PATH, "rb") as file:
        return file.read()


def test_what_is_written_is_read_and_replaced():
    try:
        for data in (b"", b"one", b"two\n\n", bytes(range(256))):
            platform.write(PATH, data)
            equal(platform.read(PATH), data)
            equal(platform.exists(PATH + ".new"), False)
    finally:
        clean()


def test_a_small_file_wants_memory_for_what_it_holds_and_not_for_the_most_it_might():
    try:
        put(PATH, b"12345")
        # A gigabyte: more than any heap has.
        equal(platform.fetch(PATH, 1 << 30), b"12345")
        equal(platform.fetch(PATH, 3), b"123")
    finally:
        clean()


def test_a_damaged_file_counts_as_none_wherever_it_is_cut_or_changed():
    try:
        whole = stored(b"12345678")
        for cut in range(len(whole)):
            put(PATH, whole[:cut])
            equal(platform.read(PATH), None, cut)
        for at in range(len(whole)):
            put(PATH, whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
            equal(platform.read(PATH), None, at)
        equal(platform.read(PATH + "-missing"), None)
        put(PATH, b"{}")
        equal((platform.read(PATH), platform.read(PATH, bare=True)), (None, b"{}"))
    finally:
        clean()


def test_more_than_its_bound_counts_as_none():
    try:
        platform.write(PATH, b"x" * 100)
        equal(platform.read(PATH, 99), None)
        equal(platform.read(PATH, 100), b"x" * 100)
    finally:
        clean()


def test_a_power_cut_between_removal_and_renaming_leaves_the_new_content():
    try:
        whole = stored(b"new")
        os.rename(PATH, PATH + ".new")
        equal(platform.read(PATH), b"new")
        # It got its name, so that the next write, cut off, does not lose it.
        equal((platform.exists(PATH + ".new"), platform.read(PATH)), (False, b"new"))
        platform.remove(PATH)
        put(PATH + ".new", whole[:-1])
        equal(platform.read(PATH), None)
    finally:
        clean()


class Machine:
    """MicroPython's `machine` of a board whose RTC keeps ``memory`` over resets."""

    WDT_RESET = 3
    PWRON_RESET = 1
    memory = b""
    asleep = 0

    class RTC:
        def memory(self, data=None):
            if data is None:
                return Machine.memory
            if len(data) > 2048:
                raise ValueError("buffer too long")
            Machine.memory = bytes(data)
            return None


def restarted(machine):
    """Let ``platform`` begin anew on ``machine``."""
    sys.modules["machine"] = machine
    platform._kept = None


def test_marks_and_memory_outlive_a_reset_and_a_damaged_memory_counts_as_none():
    try:
        Machine.memory = b""
        restarted(Machine)
        equal((platform.memory(), platform.marked(platform.FAILS)), (b"", 0))
        platform.mark(platform.FAILS, 2)
        platform.remember(b'{"rules": 1}')
        platform.mark(platform.PART, platform.SENDING)
        restarted(Machine)
        equal((platform.memory(), platform.marked(platform.FAILS)), (b'{"rules": 1}', 2))
        equal(platform.marked(platform.PART), platform.SENDING)
        whole = Machine.memory
        for at in range(8):
            Machine.memory = whole[:at] + bytes((whole[at] ^ 4,)) + whole[at + 1 :]
            restarted(Machine)
            equal((platform.memory(), platform.marked(platform.FAILS)), (b"", 0), at)
        for octets in (b'{"rules": {}, "radio": [0, 0]}', b"\xa7", b"\0" * 2048, whole[:7]):
            Machine.memory = octets
            restarted(Machine)
            equal((platform.memory(), platform.marked(platform.FAILS)), (b"", 0), octets)
        # Too much for the memory: the marks stay.
        platform.mark(platform.FAILS, 1)
        platform.remember(b"x" * 3000)
        restarted(Machine)
        equal((platform.memory(), platform.marked(platform.FAILS)), (b"", 1))
    finally:
        del sys.modules["machine"]
        platform._kept = None


def test_the_numbers_of_stuck_mails_outlive_a_reset_beside_the_marks_and_are_never_made_up():
    try:
        Machine.memory = b""
        restarted(Machine)
        equal(platform.keep(), [])
        platform.mark(platform.FAILS, 2)
        platform.remember(b'{"rules": 1}')
        platform.keep([7, 0xABCDEF])
        platform.mark(platform.PART, platform.SENDING)
        restarted(Machine)
        equal(
            (platform.keep(), platform.memory(), platform.marked(platform.FAILS)), ([7, 0xABCDEF], b'{"rules": 1}', 2)
        )
        whole = Machine.memory
        for at in range(8, 70):
            # A number that nobody kept would be a mail that nobody sends.
            Machine.memory = whole[:at] + bytes((whole[at] ^ 4,)) + whole[at + 1 :]
            restarted(Machine)
            equal((platform.keep(), platform.marked(platform.FAILS)), ([], 2), at)
        platform.keep(list(range(1, 100)) + [1 << 24, 1 << 70])
        restarted(Machine)
        equal((platform.keep(), platform.memory()), (list(range(80, 100)), b'{"rules": 1}'))
        platform.keep([])
        restarted(Machine)
        equal((platform.keep(), platform.marked(platform.FAILS)), ([], 2))
    finally:
        del sys.modules["machine"]
        platform._kept = None


class Pico:
    """The registers of an rp2's watchdog that a reset leaves alone."""

    class RTC:
        pass

    mem32: dict = {}


def test_an_rp2_keeps_two_numbers_in_its_scratch_registers():
    scratch = platform._scratch
    platform._scratch = lambda: 0x4005800C
    try:
        Pico.mem32 = {0x4005800C + at: 0 for at in (0, 4, 8, 12)}
        restarted(Pico)
        equal((platform.keep(), platform.marked(platform.FAILS)), ([], 0))
        platform.mark(platform.FAILS, 3)
        platform.keep([1, 2, 3])
        restarted(Pico)
        equal((platform.keep(), platform.marked(platform.FAILS), platform.memory()), ([2, 3], 3, b""))
        Pico.mem32[0x4005800C + 8] ^= 1
        restarted(Pico)
        equal((platform.keep(), platform.marked(platform.FAILS)), ([], 3))
    finally:
        platform._scratch = scratch
        del sys.modules["machine"]
        platform._kept = None


class Chip:
    """A chip's watchdog and timer, in a time of their own; ``bitten`` is when the watchdog reset the board."""

    def __init__(self):
        self.now = 0
        self.fed = 0
        self.bitten = None
        self.callback = None
        machine = self

        class WDT:
            def __init__(self, timeout):
                if timeout > 8388:
                    raise ValueError("timeout exceeds 8388")
                machine.limit = timeout

            def feed(self):
                machine.fed = machine.now

        class Timer:
            PERIODIC = 1

            def __init__(self, id):
                pass

            def init(self, period, mode, callback):
                machine.period, machine.callback = period, callback

            def deinit(self):
                machine.callback = None

        self.WDT, self.Timer = WDT, Timer

    def run(self, milliseconds):
        for _ in range(milliseconds // 100):
            self.now += 100
            if self.callback and self.now % self.period == 0:
                self.callback(None)
            if self.bitten is None and self.now - self.fed >= self.limit:
                self.bitten = self.now


def test_a_watchdog_of_minutes_on_a_chip_of_seconds_keeps_its_time():
    chip = Chip()
    dog = Watchdog(chip, 120000, lambda: chip.now, lambda then: chip.now - then)
    for _ in range(10):
        chip.run(110000)
        dog.feed()
    equal(chip.bitten, None)
    last = chip.now
    chip.run(200000)
    equal(120000 <= chip.bitten - last <= 130000, True, chip.bitten - last)
    # Without its timer, as in a light sleep, the chip's own time counts.
    chip = Chip()
    dog = Watchdog(chip, 120000, lambda: chip.now, lambda then: chip.now - then)
    dog.stop()
    chip.run(20000)
    equal(chip.bitten, 8000)
