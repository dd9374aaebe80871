"""Whatever fails at the start, the node comes back: it neither stands at the REPL nor waits for ever."""

import gc
import sys

import alertnode
from alertnode import config, last_words, options, start
from check import equal
from firmware_fakes import Port

if not hasattr(gc, "threshold"):
    gc.threshold = lambda count: None


class Reset(BaseException):
    """Stands for the reset of the chip."""


class Chip(Port):
    """The module platform of a board that was reset for ``why``."""

    MOST_FAILS, FAILS, PART, STATE, WATCH = 3, 2, 1, 4, 6
    PARTS = ("starting",)
    DEEP_SLEEP, WATCHDOG = "deep sleep", "watchdog"

    def __init__(self, why="power-on"):
        Port.__init__(self)
        self.why = why

    def cause(self):
        return self.why

    def exists(self, path):
        return False

    def reset(self):
        raise Reset()

    def sleep(self, milliseconds):
        Port.sleep(self, milliseconds)
        if self.milliseconds > 1073741000 + 86400000:
            raise KeyboardInterrupt()


class Sys:
    """Stands for MicroPython's sys."""

    modules = {}

    @staticmethod
    def print_exception(error, file=None):
        if file:
            file.write(repr(error))


def run(chip, load, hung=None):
    """Start on ``chip`` until it resets itself; return the seconds that took."""
    # (The start before may have let go of it.)
    for name, module in (("config", config), ("options", options), ("last_words", last_words)):
        sys.modules["alertnode." + name] = module
        setattr(alertnode, name, module)
    before = config.load, start.platform, options.platform, start.sys, last_words.hung, last_words.crashed
    config.load, start.platform, options.platform, start.sys = load, chip, chip, Sys
    last_words.hung = hung or last_words.hung
    last_words.crashed = lambda port, error, log, pause: None
    begun = chip.milliseconds
    try:
        start.main()
    except Reset:
        return (chip.milliseconds - begun) // 1000
    finally:
        config.load, start.platform, options.platform, start.sys, last_words.hung, last_words.crashed = before
    return None


def short():
    raise MemoryError()


def test_out_of_memory_for_the_configuration_is_a_failed_start_like_any_other():
    chip = Chip()
    equal([run(chip, short) for _ in range(3)], [2 + 5, 2 + 10, 2 + 20])
    equal(chip.marked(chip.FAILS), 3)


def test_out_of_memory_for_the_last_words_after_a_hang_is_one_too():
    chip = Chip("watchdog")
    equal(run(chip, lambda: ({}, []), lambda port: short()), 2 + 5)


def test_a_configuration_that_cannot_be_read_is_looked_for_again_after_ten_minutes():
    chip = Chip()
    equal(run(chip, lambda: ({}, ["/config.json is missing"])), 2 + 600)
    equal(chip.marked(chip.FAILS), 0)


def test_after_a_reset_the_watchdog_is_armed_before_anything_is_read():
    chip = Chip("watchdog")
    chip.marks[chip.WATCH] = 120
    # (A hang and a start that fails: that makes two.)
    equal(run(chip, short, lambda port: equal(port.armed, [120])), 2 + 10)
    # It is fed through the pause, and the next start arms it, too.
    equal((chip.fed >= 10, chip.marked(chip.WATCH)), (True, 120))


def test_after_power_on_the_watchdog_is_armed_as_soon_as_the_configuration_is_known():
    chip = Chip()
    usual = start._built
    found = []

    def build(settings, running, asleep):
        # (Sensors and buses are touched from here on.)
        found.append((list(chip.armed), running[1] is not None))
        raise RuntimeError()

    start._built = build
    try:
        run(chip, lambda: ({"watchdog": 90}, []))
    finally:
        start._built = usual
    equal(found, [([0, 90], True)])
    equal(chip.armed, [0, 90])


def test_who_corrects_a_configuration_is_not_disturbed_by_the_watchdog_of_the_run_before():
    chip = Chip("soft reset")
    chip.marks[chip.WATCH] = 120
    run(chip, lambda: ({}, ["/config.json is missing"]))
    equal((chip.fed >= 600, chip.marked(chip.WATCH)), (True, 0))
