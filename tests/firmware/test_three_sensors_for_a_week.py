"""A week with three sensors that fail and go out of bounds in turn, resets in between: each alert arrives once."""

from alertnode.app import App
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.sensors.group import Group, Source
from alertnode.state import State
from check import equal
from firmware_fakes import NOON, MailError, Outbox, Port, Said, Umail, Wifi, clock

NAMES = ("freezer", "fridge", "room")
HOUR = 12


class Driver:
    """Gives what the test says; None: it does not answer."""

    now = dict.fromkeys(NAMES, 5)

    def __init__(self, name):
        self._name = name

    def start(self):
        if Driver.now[self._name] is None:
            raise OSError("no answer")
        return 750

    def read(self):
        return (Driver.now[self._name],)


class Week:
    """The board: readings every five minutes; its flash and what it mailed outlive a reset."""

    def __init__(self):
        self.port = Port(NOON)
        self.port.servers["pool"] = self.port.unix
        self.sent = []
        self.wifi = Wifi()
        Driver.now = dict.fromkeys(NAMES, 5)
        self.start()

    def start(self):
        said = Said()
        said.show = said.say = str
        time = clock(self.port, str)
        sources = [Source(name, lambda name=name: Driver(name), [(name, "°C")], 300000) for name in NAMES]
        sensor = Group(time, sources, self.port.sleep)
        rules = []
        for name in NAMES:
            warm = Rule(name + " warm", "above", 8, 1, 2)
            gone = Rule(name + " sensor", "gone", readings=3)
            warm.of = gone.of = name
            rules += [warm, gone]
        before = getattr(self, "outbox", None)
        self.outbox = Outbox(time.uptime)
        if before:
            self.outbox.entries, self.outbox.sent = before.entries, before.sent
        mailer = Mailer(Umail(), self.outbox, "a@x", ["ops@x"], str)
        self.app = App("b", sensor, rules, mailer, time, self.wifi, said, str, self.port.sleep)
        self.app.state = State(self.port, True)
        self.app.state.restore(rules, time.moment)

    def run(self, readings):
        for _ in range(readings):
            self.app.sense()
            self.port.pass_time(299)
            self.app.wait(0)

    def about(self, words):
        return len([mail for mail in self.outbox.sent if words in mail.text])


def test_each_alert_and_each_recovery_of_a_week_arrives_once():
    week = Week()
    for day in range(7):
        name, other = NAMES[day % 3], NAMES[(day + 1) % 3]
        week.run(2 * HOUR)
        # It fails; meanwhile another one is too warm, and the board is reset in the middle of it.
        Driver.now[name] = None
        week.run(HOUR)
        Driver.now[other] = 12
        week.wifi.is_up = day % 2 == 0
        week.run(HOUR)
        if day % 3 == 1:
            week.port.kept = b""
            week.port.pass_time(90)
        week.start()
        week.run(2 * HOUR)
        week.wifi.is_up = True
        week.outbox.failures = [MailError("temporary")]
        Driver.now[name] = 5
        week.run(HOUR)
        Driver.now[other] = 5
        week.run(17 * HOUR)
        for one in NAMES:
            failed = len([d for d in range(day + 1) if NAMES[d % 3] == one])
            warm = len([d for d in range(day + 1) if NAMES[(d + 1) % 3] == one])
            found = (week.about(one + " sensor is gone"), week.about(one + " sensor is back"))
            equal((day, one, found), (day, one, (failed, failed)))
            found = (week.about(one + " warm 12 °C is above"), week.about(one + " warm 5 °C is back"))
            equal((day, one, found), (day, one, (warm, warm)))
    equal((len(week.outbox.sent), week.outbox.entries), (28, []))
