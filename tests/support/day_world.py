"""A board with two thermometers, its flash, its clock and an outbox, for tests of the summary."""

import os

from alertnode.app import App
from alertnode.day import Day
from alertnode.history import History
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.sensors.reading import Reading
from check import scratch
from firmware_fakes import NOON, Outbox, Port, Said, Wifi, clock

PLAN = {"at": 420, "every": "day", "on": 0, "spread": 0}


class Journal:
    def __init__(self):
        self.say = Said()
        # A line a minute would fill the memory.
        self.show = str


class Sources:
    """Stands for a Group: readings are set by the test, by name; None is a missing one."""

    finished = False

    def __init__(self, clock, names):
        self.clock = clock
        self.now = dict.fromkeys(names, 20.0)
        self.sources = [self]
        self.values = [(name, "°C") for name in names]
        self.interval = 60000

    def take(self):
        at = self.clock.uptime()
        return [Reading(self.now[name], "°C", at, "no answer", name) for name, _unit in self.values]

    def unix(self, at):
        return self.clock.unix(at)

    def text(self, at):
        return self.clock.text(at)

    def recorded(self, at):
        return ""

    def urgent(self):
        return False


class Box(Outbox):
    """An outbox with what a summary wants of it."""

    def write(self, message, group, priority, until, more, since):
        return self.put(message, None, False)


class World:
    """A board with two thermometers, its flash, and what it mails."""

    def __init__(self, plan=PLAN, unix=NOON, names=("freezer", "room"), late=0):
        import umail

        self.path = scratch("day")
        self.port = Port(unix)
        self.port.servers["pool"] = self.port.unix
        self.plan, self.names, self.late = plan, names, late
        self.umail = umail
        self.sent = []
        self.start()

    def start(self, kept=None):
        """Power on: RAM is new."""
        self.log = Journal()
        self.clock = clock(self.port, self.log.say)
        self.outbox = Box(self.clock.uptime)
        self.sensor = Sources(self.clock, self.names)
        rule = Rule("warm", "above", 30, 1)
        rule.of = self.names[0]
        self.mailer = Mailer(self.umail, self.outbox, "a@example.com", ["ops@example.com"], self.log.say)
        self.app = App(
            "freezer-3", self.sensor, [rule], self.mailer, self.clock, Wifi(), self.log, str, self.port.sleep
        )
        history = History(self.names, self.path)
        self.app.day = self.day = Day(self.app, self.plan, self.late, self.port, kept, history)

    def run(self, minutes, **values):
        self.sensor.now.update(values)
        for _ in range(minutes):
            self.app.sense()
            self.port.pass_time(60)
            self.app.wait(0)
        self.sent += self.outbox.sent
        self.outbox.sent = []
        return [message for message in self.sent if "Summary" in message.subject]

    def close(self):
        try:
            for name in os.listdir(self.path):
                os.remove(self.path + "/" + name)
            os.rmdir(self.path)
        except OSError:
            pass


def world(test):
    """Give ``test`` a World, and remove its files."""

    def tested():
        made = World()
        try:
            test(made)
        finally:
            made.close()

    return tested


def streamed(part):
    """All bytes of an attachment, read into a small buffer."""
    reader = part.open()
    out = b""
    room = bytearray(100)
    while True:
        count = reader.readinto(memoryview(room))
        if not count:
            reader.close()
            return out
        out += bytes(room[:count])
