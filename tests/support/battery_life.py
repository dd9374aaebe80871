"""A board on battery that wakes and sleeps, as the real one does, on fakes of port and outbox; any interpreter."""

from alertnode.app import App
from alertnode.battery import Battery
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.state import State
from firmware_fakes import NOON, Outbox, Port, Said, Sensor, Umail, Wifi, clock


class Journal:
    def __init__(self):
        self.say = Said()
        self.show = Said()


class Life:
    """A board that wakes and sleeps: what a deep sleep keeps is kept, everything else is made anew at each wake."""

    def __init__(self, unix=NOON, readings=1, **more):
        self.port = Port(unix)
        # What the rule has beside its limit.
        self.more = more
        begin = self.port.milliseconds
        self.port.servers["pool"] = lambda: NOON + (self.port.milliseconds - begin) // 1000
        self.said = Said()
        self.wifi = Wifi()
        self.readings = readings
        self.base = 0
        self.outbox = None
        self.asleep = 0
        self.time = 0
        self.radio = []

    def wake(self, value):
        log = Journal()
        log.say = self.said
        time = clock(self.port, self.said)
        start = self.time
        kept, self.outbox = self.outbox, Outbox(lambda: start * 1000 + time.uptime())
        if kept:
            self.outbox.entries, self.outbox.sent, self.outbox.until = kept.entries, kept.sent, kept.until
            self.outbox.failures = kept.failures
        state = State(self.port, self.time > 0)
        rules = [Rule("t", "above", 37, 1, self.readings)]
        for name in self.more:
            setattr(rules[0], name, self.more[name])
        state.restore(rules, time.moment)
        mailer = Mailer(Umail(), self.outbox, "a@x", ["ops@x"], self.said)
        sensor = Sensor(time, [value])
        app = App("b", sensor, rules, mailer, time, self.wifi, log, str, self.port.sleep)
        app.interval, app.state, app.port = 600000, state, self.port
        before = self.port.milliseconds
        self.wifi.tries = 0
        section = {"budget": 60}
        if self.more:
            section["times"] = True
        Battery(app, self.port, {"battery": section}, None).wake()
        self.radio.append(self.wifi.tries)
        awake = (self.port.milliseconds - before) // 1000
        self.port.pass_time(self.port.slept_for)
        self.time += awake + self.port.slept_for
        return self.port.slept_for
