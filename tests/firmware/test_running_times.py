"""A time that an alert waits for goes on over a reset, by the RTC's memory, and over a power cut, by the flash."""

from alertnode.app import App
from alertnode.mailer import Mailer
from alertnode.rule_kinds import Stuck
from alertnode.rules import Rule
from alertnode.state import PATH, State
from check import equal, inside
from firmware_fakes import NOON, Outbox, Port, Said, Sensor, Umail, Wifi, clock


class Node:
    """A board on mains with a rule that takes half an hour."""

    def __init__(self, kind=Rule, when="above"):
        self.port = Port(NOON)
        self.port.servers["pool"] = self.port.unix
        self.kind, self.when = kind, when
        self.writes = []
        write = self.port.write

        def counted(path, data):
            self.writes.append(path)
            write(path, data)

        self.port.write = counted
        self.start()

    def start(self):
        self.said = Said()
        self.clock = clock(self.port, self.said)
        self.sensor = Sensor(self.clock, [])
        self.rule = self.kind("t", self.when, 30, 0.5)
        self.rule.lasts = 1800000
        self.outbox = Outbox(self.clock.uptime)
        mailer = Mailer(Umail(), self.outbox, "a@x", ["ops@x"], self.said)
        log = self
        self.show = str
        self.say = self.said
        self.app = App("b", self.sensor, [self.rule], mailer, self.clock, Wifi(), log, str, self.port.sleep)
        self.app.state = State(self.port, True)
        self.app.state.restore(self.app.rules, self.clock.moment)

    def run(self, minutes, value):
        for _ in range(minutes):
            self.sensor.values_left.append(value)
            self.app.sense()
            self.port.pass_time(60)
            self.app.wait(0)
        return len(self.outbox.sent)

    def cut(self, seconds, dated=True):
        """Take the power away: the RTC's memory and the time are gone."""
        self.port.pass_time(seconds)
        self.port.kept = b""
        now = self.port.unix()
        if not dated:
            self.port.set_unix(946684800)
        self.start()
        self.port.servers["pool"] = lambda: now


def test_a_reset_does_not_begin_the_time_again():
    node = Node()
    node.run(20, 35)
    node.start()
    equal(node.run(10, 35), 0)
    equal(node.run(2, 35), 1)
    inside("12:00:00 UTC", node.outbox.sent[0].text)


def test_nor_does_a_power_cut_with_and_without_a_clock_that_goes_on():
    for dated in (True, False):
        node = Node()
        node.run(20, 35)
        node.cut(60, dated)
        equal((dated, node.run(8, 35)), (dated, 0))
        equal((dated, node.run(3, 35)), (dated, 1))


def test_one_that_was_normal_before_the_date_was_known_begins_again():
    node = Node()
    node.run(20, 35)
    node.cut(60, False)
    del node.port.servers["pool"]
    node.run(1, 20)
    node.run(2, 35)
    node.clock.set(NOON + 22 * 60, "NTP")
    equal(node.run(26, 35), 0)
    equal(node.run(3, 35), 1)


def test_a_value_that_is_stuck_goes_on_being_so():
    for dated in (True, False):
        node = Node(Stuck, "stuck")
        node.run(20, 35)
        node.cut(60, dated)
        equal((dated, node.run(8, 35)), (dated, 0))
        equal((dated, node.run(4, 35)), (dated, 1))
        # Another value since then is not stuck.
        node = Node(Stuck, "stuck")
        node.run(20, 35)
        node.cut(60, dated)
        equal((dated, node.run(29, 20)), (dated, 0))


def test_a_value_that_comes_and_goes_writes_flash_every_quarter_of_an_hour_at_most():
    for kind, when, most in ((Rule, "above", 97), (Stuck, "stuck", 25)):
        node = Node(kind, when)
        for minute in range(24 * 60):
            node.run(1, 35 + minute % 2 if when == "stuck" else 35 - 10 * (minute % 2))
        equal(node.writes.count(PATH) <= most, True, (when, node.writes.count(PATH)))
        equal(len(node.outbox.sent), 0)


def test_a_rule_without_a_time_writes_nothing():
    node = Node()
    node.rule.lasts = 0
    node.rule.readings = 3
    for _ in range(60):
        node.run(2, 35)
        node.run(1, 20)
    equal(node.writes.count(PATH), 0)


def test_a_full_flash_is_no_trouble():
    node = Node()
    node.port.full = True
    node.run(20, 35)
    node.start()
    equal(node.run(12, 35), 1)
