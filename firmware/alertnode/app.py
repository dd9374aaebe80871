"""Runs the alert node's loop: read, decide, mail, wait; the watchdog is fed at every step."""

from alertnode import platform, texts, unload
from alertnode.clock import SET
from alertnode.rules import ALERT, RECOVERY, THEN

# One slice of waiting, in milliseconds: short enough for a contact to be noticed, long enough to let the chip rest.
SLICE = 200
# In a trace as fast as it can run, a reading is shown about this often, in milliseconds.
_SHOW_EVERY = 1000
# The same reason for waiting is logged again after so many milliseconds.
_LOG_EVERY = 600 * 1000
# What the flash refused is written again after so many minutes.
_KEEP_AGAIN = 15
# So many milliseconds without network, and the board restarts; doubled each time, up to a day.
_AWAY = 3600 * 1000
_LONGEST_AWAY = 24 * 3600 * 1000


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
        self._told = None
        self._minute = 0
        self._logged = None
        self._logged_at = 0
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
        while events:
            # One mail for those whom the same events concern.
            whom = _whom(events[0])
            self._put([event for event in events if _whom(event) == whom], whom)
            events = [event for event in events if _whom(event) != whom]
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
            self._restart_for_network()
            return self._cannot("%s is down" % self.wifi.kind)
        # A time that is known is good enough for a mail, which goes first.
        if self.clock.due() and not (self.clock.state == SET and self.mailer.due()):
            self.feed()
            self._mark(platform.ASKING)
            self.clock.sync()
        # Certificates have dates: without one nothing can be verified.
        if self.clock.now() is None:
            return self._cannot("the clock is not set")
        self._told = None
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

    def _restart_for_network(self):
        """Restart the board after an hour without network, in case only that helps; then after twice as long."""
        if self.port is None or self.state is None:
            return
        resets = self.port.marked(platform.RESETS)
        if self.wifi.away() < min(_AWAY << resets, _LONGEST_AWAY):
            return
        self.port.mark(platform.RESETS, min(resets + 1, 5))
        self.log.say("no network for %s: restarting the board" % texts.duration(self.wifi.away() // 1000))
        self.port.reset()

    def _put(self, events, whom):
        # (A board that stays awake has loaded it before.)
        from alertnode import event_texts

        to, urgent, _kind = whom
        for event in events:
            if event.kind == RECOVERY:
                self.recoveries += 1
            elif event.kind == ALERT:
                self.alerts += 1
        first = events[0]
        about = self.about()
        subject, text = event_texts.mail(first, self.board, self.sensor.text, about, events[1:])
        if self.own:
            subject, text = self.own.mail(events, self.board, self.sensor.text, about, (subject, text))
        if self.more:
            text += "\n" + "\n".join(self.more) + "\n"
        line = "; ".join([event_texts.line(event) for event in events])
        hold, until = (0, "") if urgent or self.quiet is None else self.quiet()
        if hold:
            self.log.say("%s: not urgent, waits until %s" % (line, until))
        # The first alert of a rule goes at once whatever else goes on, and a second one tells that it is the second.
        times = min([event.rule.times for event in events])
        key = "" if times == 2 else "+".join([event.rule.name for event in events])
        self.mailer.put(subject, text, line, first.kind, key, to, hold, first.kind == ALERT and times == 1)
        if self.day:
            kinds = [event.kind for event in events]
            self.day.count(kinds.count(ALERT), kinds.count(RECOVERY))
        if self.panel:
            for event in events:
                self.panel.act(event)
        if self.more:
            self.more = ()
            if self.state is not None:
                self.state.told()

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

    def _cannot(self, why):
        """Note why no mail can go, and say so once while mails wait."""
        if self._told != why and self.mailer.pending():
            self._told = why
            waiting = self.mailer.pending()
            now = self.clock.uptime()
            # A network that comes and goes must not wear the flash.
            again = why == self._logged and now - self._logged_at < _LOG_EVERY
            if not again:
                self._logged = why
                self._logged_at = now
            say = self.log.show if again else self.log.say
            say("%s: %s" % (texts.count(waiting, "1 mail waits", "%d mails wait"), why))
        return False


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


def _whom(event):
    """Return (whom else than the board's people ``event`` is for, whether it is urgent, its kind)."""
    rule = event.rule
    return rule.then[1] if event.kind == THEN else rule.to, rule.urgent, event.kind


def shown(reading):
    """Return ``freezer -18.5 °C``, without a name for the only value of a board, or ``freezer gone: no answer``."""
    what = "gone: %s" % reading.why if reading.value is None else texts.amount(reading.value, reading.unit)
    return "%s %s" % (reading.of, what) if reading.of else what
