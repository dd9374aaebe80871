"""Runs the node on battery: wake, read, decide, send what waits within a time budget, sleep until something is due."""

from alertnode.texts import duration

_LONGEST_PAUSE = 4 * 3600
# So often the flash is asked to take what only RAM has, a second apart.
_TRIES = 3


class Battery:
    """Runs a board that sleeps between its readings.

    ``app`` is an App with its State; ``port`` the module platform; ``budget`` the milliseconds that the radio
    may be on.
    The radio is on only when a mail is due, and once after power-on, so that the time is known.
    """

    def __init__(self, app, port, budget):
        self._app = app
        self._port = port
        self._budget = budget
        self._begin = 0

    def run(self):
        """Wake and sleep for ever: most boards start anew after each sleep, an rp2 goes on here."""
        app = self._app
        if not self._port.slept() and app.mailer.due():
            # What brought the board down may do so again: what waits goes first.
            self._load()
            self._radio()
        while True:
            self.wake()
            self._begin = app.clock.uptime()

    def wake(self):
        """Do it all once and sleep."""
        app = self._app
        self._load()
        if app.clock.now() is None:
            # A reading without its time says little.
            self._radio()
        app.sense()
        app.clock.tick()
        if app.mailer.due():
            self._radio()
        for _ in range(_TRIES):
            if app.mailer.settle():
                break
            self._port.sleep(1000)
        seconds = self._seconds()
        app.keep(radio_fails=self._fails, radio_due=self._due, slept=seconds, gone=app.gone)
        app.forget_fails(max(1, seconds // 60))
        app.log.show("asleep for %s" % duration(seconds))
        end = app.clock.uptime() + seconds * 1000
        self._port.deepsleep(seconds, app.feed)
        app.clock.uptime.at_least(end)

    def _load(self):
        """Take up what the last wake left."""
        state = self._app.state
        self._fails, self._due = state.number("radio_fails"), state.number("radio_due")
        # (It was logged then.)
        gone = state.values.get("gone")
        self._app.gone = [of for of in gone if isinstance(of, str)] if isinstance(gone, list) else []

    def _radio(self):
        """Use the radio, unless it pauses because it failed before."""
        app = self._app
        now = app.mailer.outbox.now
        if now() < self._due:
            return
        self._fails = 0 if self._send() else self._fails + 1
        # An access point that stays away must not empty the battery.
        pause = min(app.interval // 1000 << min(self._fails, 12), _LONGEST_PAUSE)
        self._due = now() + pause if self._fails else 0

    def _send(self):
        """Bring up network and time, and flush, within the budget; return True unless one of them failed."""
        app = self._app
        end = app.clock.uptime() + self._budget
        try:
            if not app.online():
                return False
            left = (end - app.clock.uptime()) // 1000
            if left > 0 and app.mailer.due():
                app.flush(left)
            return True
        finally:
            if app.wifi is not None:
                app.wifi.down()

    def _seconds(self):
        """Return the seconds to sleep: until the next reading, or until a mail is due and the radio may be tried."""
        app = self._app
        seconds = (app.interval + self._begin - app.clock.uptime()) // 1000
        wait = app.mailer.wait()
        if wait is not None:
            seconds = min(seconds, max(wait, self._due - app.mailer.outbox.now()))
        return max(1, seconds)
