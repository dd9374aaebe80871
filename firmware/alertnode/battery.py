"""Runs the node on battery: wake, read, decide, send what waits within a time budget, sleep until something is due.

Most wakes have nothing to send: they load neither the library nor its outbox, nor anything of the network. When a mail
is due, and how long the radio pauses, is kept as seconds that are left, since the outbox, which has a clock of its own,
is not there to ask. See docs/battery.md for what that costs.
"""

from alertnode.app import Later
from alertnode.texts import duration

_LONGEST_PAUSE = 4 * 3600
# What stands for "nothing waits", in seconds; what is not known is due.
_NEVER = 1 << 29
# So often the flash is asked to take what only RAM has, a second apart.
_TRIES = 3


class Asleep(Later):
    """A Later of a board whose reading a restart would forget: what mails is loaded for it again and again."""

    def put(self, *mail):
        """Put a mail as Mailer.put does; raises what loading raises after ten minutes."""
        from alertnode import loading

        loading.load(self, self._make, mail[2])
        self._app.mailer.put(*mail)


class Battery:
    """Runs a board that sleeps between its readings.

    ``app`` is an App with its State and without its Mailer; ``port`` the module platform; ``settings`` the
    configuration; ``way`` what ``mail_setup.route`` returned, None after a sleep. The radio is on only when a mail is
    due, and once after power-on, so that the time is known.
    """

    def __init__(self, app, port, settings, way):
        self._app = app
        app.sleeps = True
        self._port = port
        self._settings = settings
        self._budget = round(settings["battery"]["budget"] * 1000)
        self._begin = 0
        # A Wake, if contacts may end the sleep.
        self._waker = None
        if "wake" in settings["battery"]:
            import sys

            name = "alertnode." + settings["battery"]["wake"]
            __import__(name)
            self._waker = sys.modules[name].Wake(app, settings["sensors"])
        self._load()
        if app.mailer is None:
            if port.slept():
                app.mailer = Asleep(app, self._left, self._post)
            else:
                self._post(way)

    def run(self):
        """Wake and sleep forever: most boards start over after each sleep, an rp2 goes on here."""
        app = self._app
        if not self._port.slept() and app.mailer.due():
            # What brought the board down may do so again: what waits goes first.
            self._radio()
        while True:
            self.wake()
            self._begin = app.clock.uptime()
            self._load()

    def wake(self):
        """Do it all once and sleep."""
        app = self._app
        if app.clock.now() is None:
            # A reading without its time says little.
            self._radio()
        waker = self._waker
        reading = waker.woken(self._passed) if waker else 0
        app.sense()
        app.clock.tick()
        if app.day:
            app.day.tick()
        if self._due():
            self._radio()
        for _ in range(_TRIES):
            if app.mailer.settle():
                break
            self._port.sleep(1000)
        left = ((reading or app.interval + self._begin) - app.clock.uptime()) // 1000
        seconds = self._seconds(waker.soon(left) if waker else left)
        more = (waker.arm(),) if waker else ()
        self._keep(seconds, waker.kept(left) if waker else {})
        app.forget_fails(max(1, seconds // 60))
        app.log.show("asleep for %s" % duration(seconds))
        end = app.clock.uptime() - self._port.unix_ms()
        self._port.deepsleep(seconds, app.feed, *more)
        app.clock.uptime.at_least(end + self._port.unix_ms())

    def _load(self):
        """Take up what the last wake left; all of it in seconds as of the beginning of this one."""
        number = self._app.state.number
        passed = self._passed = slept(self._app.state, self._port)
        self._fails = number("radio_fails")
        self._pause = max(0, number("radio_wait") - passed)
        # How long there has been no outbox, and when it will have something to do.
        self._away = number("away") + passed
        self._mail = max(0, number("mail") - passed)
        # (It was logged then.)
        gone = self._app.state.values.get("gone")
        self._app.gone = [of for of in gone if isinstance(of, str)] if isinstance(gone, list) else []
        if number("new"):
            # The flash has not taken it yet.
            self._app._unkept, self._app.state._kept = True, None
        self._app.clock.resume(*self._app.state.numbers("time", 3))

    def _keep(self, seconds, more):
        """Keep through a sleep of this many ``seconds`` what ``_load`` wants, and ``more``."""
        app = self._app
        wait = app.mailer.wait()
        loaded = not isinstance(app.mailer, Later)
        if app._unkept:
            app._keep_again()
        app.keep(
            new=int(app._unkept),
            radio_fails=self._fails,
            radio_wait=self._radio_wait(),
            away=0 if loaded else self._away + self._awake(),
            mail=_NEVER if wait is None else wait,
            slept=seconds,
            at=self._port.unix(),
            time=app.clock.kept(),
            gone=app.gone,
            **more,
            **({"day": app.day.kept()} if app.day else {}),
        )

    def _awake(self):
        return (self._app.clock.uptime() - self._begin) // 1000

    def _left(self):
        """Return the seconds until a mail is due, as the outbox said when it was closed; None: none waits."""
        return None if self._mail >= _NEVER // 2 else max(0, self._mail - self._awake())

    def _radio_wait(self):
        return max(0, self._pause - self._awake())

    def _post(self, way=None):
        """Load what mails; on a board that slept only now, since it is a mail's turn."""
        from alertnode import loading

        away = self._away + self._awake() if self._port.slept() else 0
        loading.add(self._app, self._settings, way, away)

    def _due(self):
        """Return True if a mail is due and the radio does not pause; the outbox itself has the last word."""
        if self._port.exists(self._port.UPDATE):
            # On trial: that it can mail must be seen.
            return not self._radio_wait()
        mailer = self._app.mailer
        if not mailer.due() or self._radio_wait():
            return False
        if isinstance(mailer, Later):
            self._post()
        return self._app.mailer.due()

    def _radio(self):
        """Use the radio, unless it pauses because it failed before."""
        if self._radio_wait():
            return
        if isinstance(self._app.mailer, Later):
            self._post()
        from alertnode import kept

        self._fails = 0 if kept.send(self._app, self._budget) else self._fails + 1
        # An access point that stays away must not empty the battery.
        pause = min(self._app.interval // 1000 << min(self._fails, 12), _LONGEST_PAUSE)
        self._pause = self._awake() + pause if self._fails else 0

    def _seconds(self, seconds):
        """Return the seconds to sleep: until a reading in ``seconds``, or a mail that is due and the radio may try.

        Or until a time ends that is not the outbox's.
        """
        if "times" in self._settings["battery"]:
            from alertnode import rule_ends

            seconds = rule_ends.sooner(self._app, seconds)
        wait = self._app.mailer.wait()
        if wait is not None:
            seconds = min(seconds, max(wait, self._radio_wait()))
        return max(1, seconds)


def slept(state, port):
    """Return the seconds that the board slept: as many as it wanted, or fewer if something woke it."""
    wanted = state.number("slept")
    passed = port.unix() - state.number("at")
    return passed if 0 <= passed < wanted else wanted
