"""The alert node's loop: read, decide, mail, wait; the watchdog is fed at every step."""

from alertnode import words
from alertnode.rules import ALERT

# One slice of waiting: short enough for a contact to be noticed, long enough to let the chip rest.
_SLICE = 0.2
# In a trace as fast as it can run, a reading is shown about this often, in seconds.
_SHOW_EVERY = 1


class App:
    """Ties the parts together; each is handed in.

    Args:
        board: the board's name in mails (str).
        sensor: a Sensor; rules: list of Rule; mailer: a Mailer; clock: a Clock; log: a Log;
            wifi: a Wifi, or None where the network is simply there.
        feed: feeds the watchdog; sleep: waits, in seconds.
    """

    # Seconds from one reading to the next.
    interval = 60

    def __init__(self, board, sensor, rules, mailer, clock, wifi, log, feed, sleep):
        self._board = board
        self._sensor = sensor
        self._rules = rules
        self._mailer = mailer
        self._clock = clock
        self._wifi = wifi
        self._log = log
        self._feed = feed
        self._sleep = sleep
        self._shown = None
        self._gone = False
        self._told = None
        self.alerts = 0
        self.recoveries = 0

    def about(self):
        """A line on the board and its program, which each mail carries."""
        return "alertnode"

    def run(self):
        """Read and mail until the sensor is finished, then keep what is left going; never returns on a live sensor."""
        self.online()
        while not self._sensor.finished:
            self.step()
            self.wait(self._sensor.pause(self.interval))
        self.finish()
        while True:
            self.wait(60)

    def step(self):
        """One reading, and all that follows from it."""
        self._feed()
        reading = self._sensor.read()
        self._show(reading)
        events = [event for event in [rule.feed(reading) for rule in self._rules] if event]
        for event in events:
            self._put(event)
        if events and self.online():
            self._mailer.flush()

    def wait(self, seconds):
        """Wait, fed and in slices; what is due on the way is done: network, time, mails."""
        end = self._clock.uptime() + seconds
        while True:
            self._feed()
            self._clock.tick()
            if self.online() and self._mailer.due():
                self._mailer.flush()
            left = end - self._clock.uptime()
            if left <= 0 or self._sensor.urgent():
                return
            self._sleep(min(_SLICE, left))

    def online(self):
        """Bring up the network and the time, as far as they are not pausing; True when mail can go."""
        if self._wifi is not None and not self._wifi.up():
            return self._cannot("Wi-Fi is down")
        if self._clock.due():
            self._feed()
            self._clock.sync()
        # Certificates have dates: without one nothing can be verified.
        if self._clock.now() is None:
            return self._cannot("the clock is not set")
        self._told = None
        return True

    def finish(self):
        """Tell how a trace went."""
        if hasattr(self._sensor, "missing"):
            if self._sensor.missing:
                self._log.say("readings missing or not a number: %d" % self._sensor.missing)
            text = "trace finished: %d readings, %d alerts, %d recoveries"
            self._log.say(text % (self._sensor.values, self.alerts, self.recoveries))

    def _put(self, event):
        alert = event.kind == ALERT
        if alert:
            self.alerts += 1
        else:
            self.recoveries += 1
        subject, text = words.mail(event, self._board, self._sensor.text, self.about())
        self._mailer.put(subject, text, words.line(event), event.kind)

    def _show(self, reading):
        """Show a reading on the console, not in the log; the sensor's going and coming is logged once."""
        gone = reading.value is None
        if gone != self._gone:
            self._gone = gone
            text = "the sensor is gone: " + reading.why if gone else "the sensor is back"
            self._log.say(text + self._sensor.recorded(reading.at))
        uptime = self._clock.uptime()
        if not gone and (self._shown is None or uptime - self._shown >= _SHOW_EVERY):
            self._shown = uptime
            self._log.show(words.amount(reading.value, reading.unit) + self._sensor.recorded(reading.at))

    def _cannot(self, why):
        """Note why no mail can go, and say so once while mails wait."""
        if self._mailer.pending() and self._told != why:
            self._told = why
            self._log.say("%d mails wait: %s" % (self._mailer.pending(), why))
        return False
