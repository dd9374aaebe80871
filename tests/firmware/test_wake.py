"""Contacts that wake a board on battery: which level each chip waits for, what is read then, what keeps its time."""

import sys

from alertnode import wake
from alertnode.app import App
from alertnode.battery import Battery
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.sensors.contact import Driver
from alertnode.sensors.group import Group, Source
from alertnode.state import State
from check import equal, inside
from firmware_fakes import NOON, Outbox, Port, Said, Umail, Wifi, clock

TIMER, EXT0, EXT1, GPIO = 4, 2, 3, 7
ANY, ALL = True, False


class Pin:
    def __init__(self, level):
        self.level = level
        self.handler = None

    def value(self):
        return self.level

    def irq(self, handler):
        self.handler = handler


class Chip:
    """Stands for machine and esp32: what woke it, and what it waits for."""

    def __init__(self, kind="", light=False):
        self.reason, self.told, self.waits = 0, (), {}
        wake.chip = lambda: kind
        if not light:
            self.wake_reason = lambda: self.reason
            self.wake_pins = lambda: self.told

    def wake_on_ext0(self, pin, level):
        self.waits[pin] = (EXT0, level)

    def wake_on_ext1(self, pins, level):
        self.waits.update(dict.fromkeys(pins, (EXT1, level)))

    def wake_on_gpio(self, pins, level):
        self.waits.update(dict.fromkeys(pins, (GPIO, level)))


class Thermometer:
    readings = 0

    def start(self):
        return 0

    def read(self):
        Thermometer.readings += 1
        return (20,)

    def urgent(self):
        return False


class Buses:
    def __init__(self, pins, sleep):
        self._pins = pins
        self.sleep = sleep

    def input(self, number, pull):
        return self._pins[number]


class Journal:
    def __init__(self):
        self.say = self.show = Said()


class Node:
    """A board with contacts and a thermometer, read every ten minutes, that starts anew after each sleep."""

    def __init__(self, pins, kind="", light=False):
        self.port = Port(NOON)
        self.pins = {number: Pin(level) for number, level in pins.items()}
        self.chip = Chip(kind, light)
        self.said = Journal()
        self.outbox = None
        self.asleep = 0
        self.started = False
        self.urgent = None
        Thermometer.readings = 0
        self.port.deepsleep = self._sleep

    def _sleep(self, seconds, feed, urgent=None):
        self.asleep, self.urgent = seconds, urgent
        self.waits = {
            number: self.chip.waits[pin] for number, pin in self.pins.items() if pin in self.chip.waits
        }  # fmt: skip
        self.chip.waits = {}

    def sleep(self, seconds, reason=TIMER, told=()):
        """So long, until it is woken so."""
        self.port.pass_time(seconds)
        self.chip.reason, self.chip.told = reason, told

    def _battery(self):
        time = clock(self.port, self.said.say)
        sections = {"door%d" % n: {"pin": n, "pull": "up", "closed": 0, "debounce": 0, "wake": True} for n in self.pins}
        buses = Buses(self.pins, self.port.sleep)
        sources = [
            Source(name, lambda s=section: Driver(s, buses), [(name, "")], 600000) for name, section in sections.items()
        ]
        sources.append(Source("air", Thermometer, [("air", "°C")], 600000))
        sections["air"] = {}
        for source in sources:
            source.prepare()
        kept, self.outbox = self.outbox, Outbox(time.uptime)
        if kept:
            self.outbox.entries, self.outbox.sent = kept.entries, kept.sent
        rules = []
        for name in sorted(sections)[1:]:
            rules.append(Rule(name, "open"))
            rules[-1].of = name
        state = State(self.port, self.started)
        state.restore(rules, time.moment)
        mailer = Mailer(Umail(), self.outbox, "a@x", ["ops@x"], self.said.say)
        app = App(
            "b", Group(time, sources, self.port.sleep), rules, mailer, time, Wifi(), self.said, str, self.port.sleep
        )
        app.interval, app.state, app.port = 600000, state, self.port
        return Battery(app, self.port, {"battery": {"budget": 60, "wake": "wake"}, "sensors": sections}, None)

    def wake(self):
        """Start, read, mail, sleep; return the seconds that it wants to sleep."""
        before = {name: sys.modules.get(name) for name in ("machine", "esp32")}
        sys.modules["machine"] = sys.modules["esp32"] = self.chip  # type: ignore[assignment]
        try:
            if self.chip.reason or not self.started or not hasattr(self, "battery"):
                self.battery = self._battery()
            else:
                self.battery._begin = self.battery._app.clock.uptime()
                self.battery._load()
            self.started = True
            self.battery.wake()
        finally:
            for name, module in before.items():
                if module is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = module
        return self.asleep

    def subjects(self):
        return [message.subject for message in self.outbox.sent]


def test_a_contact_that_opens_in_the_sleep_is_mailed_at_once_with_what_woke_the_board():
    for kind, reason, told in (("", EXT0, ()), ("S3", EXT0, ()), ("C3", GPIO, (4,)), ("-C6", GPIO, (4,))):
        node = Node({4: 0}, kind)
        equal(node.wake(), 600)
        equal(node.waits, {4: (reason, 1)}, kind)
        node.sleep(200, reason, told)
        node.pins[4].level = 1
        equal(node.wake(), 400)
        equal(node.subjects(), ["Door4 open (b)"])
        inside("woken by the contact at pin 4, up for", node.outbox.sent[0].text)
        # It stays open: that does not wake the board again, but closing it does.
        equal(node.waits, {4: (reason, 0)}, kind)


def test_a_wake_by_a_contact_reads_the_contacts_alone_and_leaves_the_next_reading_where_it_was():
    node = Node({4: 0})
    node.wake()
    equal(Thermometer.readings, 1)
    for level in (1, 0, 1):
        node.sleep(100, EXT0)
        node.pins[4].level = level
        node.wake()
    equal((Thermometer.readings, node.asleep), (1, 300))
    node.sleep(300)
    equal(node.wake(), 600)
    equal(Thermometer.readings, 2)
    # So short before the next reading that it is done along with it.
    node.sleep(599, EXT0)
    node.pins[4].level = 0
    equal(node.wake(), 600)
    equal(Thermometer.readings, 3)
    equal(len(node.subjects()), 4)


def test_a_contact_that_is_back_before_the_board_looks_is_told_all_the_same_and_then_as_it_is():
    node = Node({4: 0})
    node.wake()
    node.sleep(200, EXT0)
    node.wake()
    # Its level has been the other one since: the board is woken by it again at once.
    equal(node.waits, {4: (EXT0, 0)})
    node.sleep(0, EXT0)
    node.wake()
    equal(node.subjects(), ["Door4 open (b)", "Door4 closed (b)"])
    equal(node.waits, {4: (EXT0, 1)})


def test_a_contact_that_moves_between_its_reading_and_the_sleep_wakes_the_board_at_once():
    node = Node({4: 0})
    usual = Outbox.settle
    Outbox.settle = lambda self: setattr(node.pins[4], "level", 1) or True
    try:
        node.wake()
    finally:
        Outbox.settle = usual
    equal(node.waits, {4: (EXT0, 1)})


def test_of_several_contacts_each_chip_waits_for_as_many_as_it_can():
    for kind, levels, waits in (
        ("", (0, 0), [(EXT0, 1), (EXT1, ANY)]),
        ("", (0, 1), [(EXT1, ANY), (EXT0, 0)]),
        ("", (0, 0, 0), [(EXT0, 1), (EXT1, ANY), (EXT1, ANY)]),
        ("", (1, 1, 1), [(EXT0, 0), (EXT1, ALL)]),
        ("S3", (1, 1), [(EXT0, 0), (EXT1, ALL)]),
        ("C6", (0, 0), [(GPIO, 1), (GPIO, 1)]),
        ("C6", (0, 1), [(GPIO, 1)]),
        ("C6", (1, 1), [(GPIO, 0), (GPIO, 0)]),
    ):
        # (The order of a table's keys is MicroPython's own.)
        node = Node(dict(zip((4, 5, 6), levels)), kind)
        node.wake()
        equal(sorted(node.waits.values()), sorted(waits), (kind, levels))


def test_which_of_several_woke_it_is_found_by_its_level_if_the_chip_does_not_tell():
    for told in ((), (14,)):
        node = Node({4: 0, 13: 0, 14: 0})
        node.wake()
        node.sleep(100, EXT1, told)
        if not told:
            del node.chip.wake_pins
        equal(node.waits[14], (EXT1, ANY))
        node.pins[14].level = 1
        node.wake()
        equal(node.subjects(), ["Door14 open (b)"])
        inside("woken by the contact at pin 14,", node.outbox.sent[0].text)


def test_a_loose_wire_does_not_keep_the_board_awake():
    node = Node({4: 0})
    node.wake()
    wakes = 0
    while node.waits:
        node.sleep(1, EXT0)
        node.pins[4].level ^= 1
        node.wake()
        wakes += 1
    equal((wakes, node.asleep), (20, 580))
    inside("contacts have woken the board 20 times in a row", node.said.show.text())
    node.sleep(580)
    node.wake()
    equal(len(node.waits), 1)


def test_a_chip_that_cannot_says_why_and_sleeps_all_the_same():
    node = Node({4: 0}, "C3")
    usual = Chip.wake_on_gpio
    del Chip.wake_on_gpio
    try:
        equal(node.wake(), 600)
    finally:
        Chip.wake_on_gpio = usual
    inside("contacts cannot wake this board: its MicroPython is older than 1.27", node.said.show.text())
    node = Node({8: 0}, "C3")
    equal(node.wake(), 600)
    inside("contacts cannot wake this board: invalid pin", node.said.show.text())
    equal(node.waits, {})


def test_a_light_sleep_is_ended_by_what_has_moved_meanwhile_and_by_nothing_else():
    node = Node({4: 0}, light=True)
    equal(node.wake(), 600)
    equal(node.urgent(), [])
    node.pins[4].level = 1
    equal(node.urgent(), [0])
    node.sleep(200, 0)
    equal(node.wake(), 400)
    equal(node.subjects(), ["Door4 open (b)"])
    inside("woken by the contact at pin 4", node.outbox.sent[0].text)
    # Closed and opened again between two looks: the interrupt has seen it.
    node.pins[4].handler(node.pins[4])
    equal(node.urgent(), [0])
    node.sleep(100, 0)
    equal(node.wake(), 300)
    equal(node.subjects()[1:], ["Door4 closed (b)"])
    equal(node.urgent(), [0])
    node.sleep(0, 0)
    node.wake()
    equal(len(node.subjects()), 3)
    equal((Thermometer.readings, node.urgent()), (1, []))


def test_what_was_kept_may_be_anything():
    for kept in (None, 7, [], [1], ["a", "b"], [300, 1, 99, -3], [300, 1, True], {"a": 1}):
        node = Node({4: 0})
        node.wake()
        node.battery._app.state.values["wake"] = kept
        node.port.kept = __import__("json").dumps(node.battery._app.state.values).encode()
        node.sleep(300, EXT0)
        node.wake()
        equal(0 < node.asleep <= 600, True, kept)
