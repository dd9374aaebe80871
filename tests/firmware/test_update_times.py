"""When a board asks for an update: every so many hours, or at an hour of the day, at a moment of its own."""

import sys

if sys.implementation.name != "micropython":
    import cryptolib_cpython

    sys.modules["cryptolib"] = cryptolib_cpython
import alertnode
from alertnode import due, update, zone
from check import equal
from firmware_fakes import NOON, Said

HOUR = 3600
ID = b"\x24\x0a\xc4\xc0\xff\xee"
LATE = due.late(ID, 60)


class Node:
    """A node that is online and has nothing to mail; it is ``now``."""

    def __init__(self):
        self.clock = self.mailer = self.log = self
        self.board = "b"
        self.now_is = NOON
        self.began = NOON
        self.zone = zone.Zone("UTC0")
        self.show = self.say = Said()

    def now(self):
        return self.now_is

    def uptime(self):
        return (self.now_is - self.began) * 1000

    def due(self):
        return False


class Asking(update.Updates):
    """Asks nobody, and notes when."""

    def __init__(self, node, settings):
        self.asked = []
        update.Updates.__init__(self, node, settings)

    def _ask(self, node):
        self.asked.append(node.now())


def asked(hours, at="", every=24, stop=0):
    """Return after how many seconds a board asks within ``hours``; it is off from the hour ``stop`` on for a day."""
    kept = {}
    # (It may have been let go by another test.)
    sys.modules["alertnode.due"] = alertnode.due = due
    saved = update.platform.read, update.platform.exists, due.unique
    update.platform.read, update.platform.exists, due.unique = kept.get, lambda path: False, lambda: ID
    try:
        node = Node()
        settings = {"url": "http://x", "trust": (), "every": every, "at": at}
        asking = Asking(node, settings)
        found = []
        while node.now_is < NOON + hours * HOUR:
            node.now_is += 60
            if stop and node.now_is == NOON + stop * HOUR:
                found += asking.asked
                kept["/update/asked"] = b'{"tag": "", "at": %d}' % found[-1]
                node.now_is += 24 * HOUR
                node.began = node.now_is
                asking = Asking(node, settings)
            asking()
        return [moment - NOON for moment in found + asking.asked]
    finally:
        update.platform.read, update.platform.exists, due.unique = saved


def test_without_an_hour_it_asks_each_so_many_hours_at_a_moment_of_its_own():
    moments = asked(72)
    equal(len(moments), 3)
    equal([b - a for a, b in zip(moments, moments[1:])], [24 * HOUR] * 2)
    equal(moments[0] <= 24 * HOUR, True)


def test_at_an_hour_it_asks_once_a_day_as_late_as_its_id_says():
    # From noon on; a look a minute.
    first = 15 * HOUR + LATE
    moments = asked(90, at=3 * 60)
    equal([moment - first for moment in moments], [(-first) % 60 + day * 24 * HOUR for day in range(4)][: len(moments)])
    equal(len(moments), 4)


def test_an_hour_that_passed_while_the_board_was_off_is_asked_for_at_the_next_start():
    moments = asked(60, at=3 * 60, stop=20)
    equal([moment // HOUR for moment in moments], [15, 44])


def test_a_press_of_the_button_asks_at_once():
    node = Node()
    saved = update.platform.read, update.platform.exists
    update.platform.read, update.platform.exists = lambda path: None, lambda path: False
    try:
        asking = Asking(node, {"url": "http://x", "trust": (), "every": 720, "at": ""})
        asking._due = 1 << 40
        asking()
        equal(asking.asked, [])
        asking.soon()
        asking()
        equal(asking.asked, [NOON])
    finally:
        update.platform.read, update.platform.exists = saved
