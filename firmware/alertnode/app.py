"""Runs the alert node's loop: read, decide, mail, wait; the watchdog is fed at every step."""

from alertnode import platform, texts, unload
from alertnode.clock import SET

# One slice of waiting, in milliseconds: short enough for a contact to be noticed, long enough to let the chip rest.
SLICE = 200
# In a trace as fast as it can run, a reading is shown about this often, in milliseconds.
_SHOW_EVERY = 1000
# What the flash refused is written again after this many minutes.
_KEEP_AGAIN = 15


class App:
    """Ties the parts together; each is handed in.

    Args:
        board: the board's name in mails (str).
        sensor: a Sensor or a Group; rules: list of Rule; clock: a Clock; log: a Log.
        mailer: a Mailer; wifi: a Link, or None if the network is simply there: mail_setup.add sets both if need be.
        feed: feeds the watchdog; sleep: waits, in milliseconds.
    """

    # Milliseconds from one reading to the next.
    interval = 60000
    # A State, if excursions are to outlive a reset; whether the flash refused it last.
    state = None
    _unkept = False
    # What runs, on what, and why it was started.
    origin = "alertnode"
    # Returns for how many seconds, and until when, mails that are not urgent wait, if there are quiet hours.
    quiet = None
    # Warns of what ends on a known date, if anything does.
    expiry = None
    # The readings taken last, by the name of the value.
    readings: dict = {}
    # A Rest, on a board that stays awake: lets go of what mails while nothing waits.
    rest = None
    # What is done now and then while the board is online.
    chores: tuple = ()
    # An Own, if there are texts of one's own.
    own = None
    # A Panel, if there are outputs.
    panel = None
    # A board on battery.
    sleeps = False
    # A Day, if there are summaries.
    day = None
    # The module platform, to mark which part is at work; None: nothing outlives a reset.
    port = None

    def __init__(self, board, sensor, rules, mailer, clock, wifi, log, feed, sleep):
        self.board = board
        self.sensor = sensor
        self.rules = rules
        self.mailer = mailer
        self.clock = clock
        self.wifi = None
        self.join(wifi)
        self.log = log
        self.feed = feed
        self._sleep = sleep
        self._shown = None
        # The values of which it was said that they are gone; twice: that they have not been there since the start.
        self.gone: list = []
        self.readings = {}
        # Why no mail can go, as it was said last; as it was logged last, and when.
        self.told = self.logged = None
        self.logged_at = 0
        self._minute = 0
        # Lines that must reach a person with the next mail.
        self.more = ()
        self.alerts = 0
        self.recoveries = 0

    def join(self, wifi):
        """Use ``wifi`` from now on; None: the network is simply there."""
        self.wifi = wifi
        if wifi is not None:
            wifi.connecting = lambda: self._mark(platform.CONNECTING)
            self.clock.gateway = wifi.gateway

    def about(self):
        """Return a line on the board and its program, which each mail carries."""
        return "%s, up for %s" % (self.origin, texts.duration(self.clock.uptime() // 1000))

    def run(self):
        """Read and mail until the sensor is finished, then keep what is left going; never returns on a live sensor."""
        # What brought the board down may do so again: what waits goes first.
        if self.online() and self.mailer.due():
            self.flush()
        if self.day:
            self.day.tick()
        while not self.sensor.finished:
            if self.sense() and self.online():
                self.flush()
            self.wait(self.sensor.pause(self.interval))
        self.sensor.finish(self)
        while True:
            self.wait(60000)

    def sense(self):
        """Read once and put what follows from it into the outbox; return True if anything follows."""
        self.feed()
        self._mark(platform.READING)
        readings = self.sensor.take()
        self._mark(platform.WRITING)
        for reading in readings:
            self.readings[reading.of] = reading
        self._show(readings)
        events = []
        for rule in self.rules:
            reading = rule.pick(readings)
            event = reading and (rule.feed(reading) or rule.later(reading.at))
            if event:
                events.append(event)
        if self.day:
            self.day.take(readings)
        if not events:
            self._follow()
            return False
        # (A board that stays awake has loaded it before.)
        from alertnode import event_texts

        event_texts.put(self, events)
        # After the mails are durable: a power cut in between makes a second alert, not a lost one.
        if self.state is not None:
            self.keep()
        return True

    def _follow(self):
        """Keep the times that run; a board on battery does so as it falls asleep."""
        if self.state is None or self.sleeps:
            return
        try:
            self.state.follow(self.rules, self.sensor.unix, self.clock.moment, self.clock.uptime())
        except OSError:
            # It was said, or will be, when there is more to lose.
            pass

    def keep(self, **more):
        """Save the excursions; ``more`` lasts through deep sleep."""
        self._unkept = True
        try:
            self.state.save(self.rules, self.sensor.unix, **more)  # type: ignore[attr-defined]
            self._unkept = False
        except OSError:
            self.log.say("flash is full or worn: after a reset this excursion may be mailed again")

    def _keep_again(self):
        """Save what the flash refused: what it holds instead would silence the next excursion after a power cut."""
        try:
            self.state.save(self.rules, self.sensor.unix)  # type: ignore[attr-defined]
            self._unkept = False
        except OSError:
            pass

    def wait(self, milliseconds):
        """Wait, fed and in slices; what is due on the way is done: network, time, mails."""
        end = self.clock.uptime() + milliseconds
        while True:
            self.feed()
            self.clock.tick()
            online = self.online()
            if online and self.mailer.due():
                self.flush()
            if self.panel:
                self.panel.tick(online)
            self._mark(platform.WAITING)
            self._count_minutes()
            left = end - self.clock.uptime()
            if left <= 0 or self.sensor.urgent():
                return
            self._sleep(min(SLICE, left))

    def online(self):
        """Bring up the network and the time, as far as they are not pausing; return True if mail can go."""
        if self.wifi is not None and not self.wifi.up():
            from alertnode import net_watch

            return net_watch.is_down(self)
        # A time that is known is good enough for a mail, which goes first.
        if self.clock.due() and not (self.clock.state == SET and self.mailer.due()):
            self.feed()
            self._mark(platform.ASKING)
            self.clock.sync()
        # Certificates have dates: without one nothing can be verified.
        if self.clock.now() is None:
            from alertnode import net_watch

            return net_watch.cannot(self, "the clock is not set")
        self.told = None
        if self.port is not None:
            self.port.mark(platform.RESETS, 0)
        if self.expiry:
            self.expiry()
        for chore in self.chores:
            chore()
        return True

    def flush(self, budget=None):
        """Send what is due."""
        self._mark(platform.SENDING)
        # The texts are made: a handshake wants their memory.
        unload("event_texts", "gone_texts")
        self.mailer.flush(budget)

    def _mark(self, part):
        """Note which part is at work, for after a hang."""
        if self.port is not None:
            self.port.mark(platform.PART, part)

    def _count_minutes(self):
        minute = self.clock.uptime() // 60000
        if minute != self._minute:
            self._minute = minute
            self.forget_fails(1)
            if self._unkept and not self.sleeps and minute % _KEEP_AGAIN == 0:
                self._keep_again()
            if self.day:
                self.day.tick()
            if self.mailer.settle() and self.rest:
                self.rest()

    def forget_fails(self, minutes):
        """Forget the failed starts an hour after the first of them; so many ``minutes`` more have passed."""
        if self.port is None or not self.port.marked(platform.FAILS):
            return
        minutes += self.port.marked(platform.MINUTES)
        if minutes >= 60:
            self.port.mark(platform.FAILS, 0)
            minutes = 0
        self.port.mark(platform.MINUTES, minutes)

    def _show(self, readings):
        """Show readings on the console, not in the log; a sensor's going and coming is logged once."""
        seen = [reading for reading in readings if reading.value is not None]
        for reading in readings:
            if reading.value is None or reading.of in self.gone:
                from alertnode import gone_texts

                gone_texts.tell(self, reading)
        uptime = self.clock.uptime()
        if seen and (self._shown is None or uptime - self._shown >= _SHOW_EVERY):
            self._shown = uptime
            self.log.show(", ".join([shown(reading) for reading in seen]) + self.sensor.recorded(seen[0].at))


class Later:
    """Stands for the Mailer of ``app`` until more is asked than when a mail is due: then ``make()`` sets that one."""

    # As of the Mailer.
    sent = 0

    def __init__(self, app, wait, make):
        self._app = app
        self._make = make
        self.wait = wait

    def due(self):
        """Return True if it is time to flush."""
        return self.wait() == 0

    def pending(self):
        """Return 0, as no mail waits."""
        return 0

    def settle(self):
        """Return True: nothing was stored that the flash could have refused."""
        return True

    def __getattr__(self, name):
        if name[:1] == "_":
            raise AttributeError(name)
        self._make()
        return getattr(self._app.mailer, name)


def shown(reading):
    """Return ``freezer -18.5 °C``, without a name for the only value of a board, or ``freezer gone: no answer``."""
    what = "gone: %s" % reading.why if reading.value is None else texts.amount(reading.value, reading.unit)
    return "%s %s" % (reading.of, what) if reading.of else what
