"""Asks the time servers, and believes the answers that can be right; loaded when the time is wanted.

A board on battery knows its time through a sleep, and its clock's drift: it asks once a day, and only after its mail.
"""

from alertnode import unload
from alertnode.zone import DAY

_SYNC_EVERY = DAY * 1000
_FIRST_PAUSE = 5 * 1000
_LONGEST_PAUSE = 600 * 1000
# So long NTP may fail before the last known time, which is too early, is taken for the date.
PATIENCE = 600 * 1000
# How far two answers may be apart to agree, in seconds; how long one must be repeated, in milliseconds.
_AGREE = 60
_CONFIRM = 3600 * 1000
# Over fewer seconds the drift is not measured, and no clock that works has more (parts in a million).
_SPAN = 3600
_MOST_DRIFT = 100000


class Asking:
    """Asks for ``clock``, a Clock; remembers whom, and what it was told."""

    def __init__(self, clock):
        self._clock = clock
        self._pause = _FIRST_PAUSE
        self._failing = None
        # Servers to be left alone, until when; and (server, date at the start, when) of what is not believed yet.
        self._rests = {}
        self._claims = []

    def sync(self):
        """Ask the servers, one after the other, until one answers that is believed; return True if one was."""
        clock = self._clock
        servers = [server for server in clock.servers + [clock.gateway()] if server]
        for server in servers:
            if clock.uptime() < self._rests.get(server, 0):
                continue
            try:
                unix = clock.port.ntp(server)
            except (OSError, IndexError):
                continue
            except ValueError as error:
                clock.say("NTP server %s: %s" % (server, error.args[0]))
                if error.args[1:] and error.args[1]:
                    self._rests[server] = clock.uptime() + error.args[1] * 1000
                continue
            if not self._believed(unix, server):
                continue
            self._claims = []
            self._measure(unix)
            clock.set(unix, "NTP server %s" % server)
            clock.synced = unix
            clock.ask_at(clock.uptime() + _SYNC_EVERY)
            self._pause = _FIRST_PAUSE
            self._failing = None
            if not self._rests:
                # For a day none of it is of use.
                clock.asking = None
                unload("ntp", "sntp")
            return True
        self._failed(", ".join(servers))
        return False

    def _measure(self, unix):
        """Take the error of a clock that slept for its drift, which ``Clock.resume`` then makes up for."""
        clock = self._clock
        now = clock.now()
        if clock.slept and now is not None and clock.synced and now - clock.synced >= _SPAN:
            drift = clock.drift + (unix - now) * 1000000 // (now - clock.synced)
            clock.drift = max(-_MOST_DRIFT, min(drift, _MOST_DRIFT))

    def _believed(self, unix, server):
        """Return True if the clock may be set to ``unix`` seconds, as ``server`` says.

        An unset clock may, if the date is not before the last known time, nor years after it. One that is set moves by
        more than a day only if two servers agree, or one says so twice, an hour apart; the same undoes those limits.
        """
        clock = self._clock
        kept = clock.last_known()
        if not clock.is_sane(unix, clock.port.unix() if clock.state == clock.SET else 0):
            clock.say("NTP server %s gives %s: not believed" % (server, clock.zone.text(unix)))
            return False
        if clock.state == clock.SET:
            near = abs(unix - clock.port.unix()) <= DAY
        else:
            near = not kept or kept - DAY <= unix <= kept + 366 * DAY
        if near:
            return True
        uptime = clock.uptime()
        epoch = unix - uptime // 1000
        heard = False
        for who, claimed, at in self._claims:
            if abs(claimed - epoch) <= _AGREE:
                if who != server or uptime - at >= _CONFIRM:
                    return True
                heard = True
        if not heard:
            self._claims = self._claims[-3:] + [(server, epoch, uptime)]
            text = "NTP server %s gives %s, days from here: believed if another says so, or it again in an hour"
            clock.say(text % (server, clock.zone.text(unix)))
        return False

    def _failed(self, servers):
        clock = self._clock
        uptime = clock.uptime()
        clock.ask_at(uptime + self._pause)
        if self._failing is None:
            self._failing = uptime
        clock.say("no NTP server answers (%s): asked again in %d s" % (servers, self._pause // 1000))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if clock.state == clock.UNSET and uptime - self._failing >= PATIENCE:
            self._estimate()

    def _estimate(self):
        """Take the last known time for the date: certificates can be checked against it, if a little leniently."""
        clock = self._clock
        kept = clock.last_known()
        if kept:
            clock.set(kept + clock.uptime() // 1000, "the last known time, as NTP does not answer", clock.ESTIMATED)


def was_set(clock, before, unix, source, chip):
    """Say that ``clock`` was set to ``unix`` seconds by ``source``, and set its ``chip``, if there is one, too.

    ``before`` is what it showed, None if it was not set.
    """
    change = "it was not set" if before is None else _difference(unix - before)
    clock.say("clock set to %s by %s: %s" % (clock.zone.text(unix), source, change))
    if chip is not None and clock.state == clock.SET and source != "the DS3231":
        try:
            chip.set(unix)
        except OSError:
            clock.say("the DS3231 does not take the time: check its wires")


def _difference(seconds):
    if not seconds:
        return "it was right"
    return ("it was %d s slow" if seconds > 0 else "it was %d s fast") % abs(seconds)
