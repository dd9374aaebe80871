"""Keeps the time, as far as the board knows it: unset, estimated, or set by NTP, a DS3231 or the clock that ran on.

Two kinds of time, never mixed. ``uptime()`` counts milliseconds since the start and knows no jump: all waiting, pausing
and measuring of durations uses it. ``now()`` is the date, in Unix seconds, or None; it may jump either way whenever NTP
answers, so it only ever stands in texts. ``unix(uptime)`` translates, and after a jump translates better. Both are
whole numbers: a board's float has 24 bits, and would be a minute wrong for a date.
"""

from alertnode.zone import DAY

UNSET = 0
ESTIMATED = 1
SET = 2
_KEEP_EVERY = 6 * 3600 * 1000
_SYNC_EVERY = DAY * 1000
_FIRST_PAUSE = 5 * 1000
_LONGEST_PAUSE = 600 * 1000
# So long NTP may fail before the last known time, which is too early, is taken for the date.
_PATIENCE = 600 * 1000
# 2025-01-01, and the seconds (9 years) beyond which no date is believed: 1900, taken for the next era, is in 2036.
_FLOOR = 1735689600
_HORIZON = 9 * 365 * DAY
# How far two answers may be apart to agree, in seconds; how long one must be repeated, in milliseconds.
_AGREE = 60
_CONFIRM = 3600 * 1000


def is_right(unix):
    """Return True if the clock can be right at ``unix`` seconds: no board runs this program before 2025-01-01."""
    return unix >= _FLOOR


class Uptime:
    """Returns the milliseconds (int) since it was made; call it at least every 12 days, as ``port``'s ticks wrap."""

    def __init__(self, port):
        self._port = port
        self._ticks = port.ticks()
        self._milliseconds = 0

    def __call__(self):
        passed = self._port.since(self._ticks)
        self._ticks += passed
        self._milliseconds += passed
        return self._milliseconds

    def at_least(self, milliseconds):
        """Go on from ``milliseconds`` if less has been counted: the ticks may have stood still in a light sleep."""
        self._milliseconds = max(self(), milliseconds)

    def seconds(self):
        """Return the same in whole seconds."""
        return self() // 1000


class Clock:
    """The board's clock.

    ``port`` is the module platform; ``uptime`` an Uptime; ``zone`` a Zone; ``servers`` NTP host names, asked in
    order; ``say`` takes console lines; ``keep`` is the file that holds the last known time; ``chip`` a battery-backed
    clock with ``get()``, which returns Unix seconds or None, and ``set(unix)``.
    """

    def __init__(self, port, uptime, zone, servers, say, keep="/clock", chip=None):
        self.uptime = uptime
        self.zone = zone
        self.servers = list(servers)
        # Returns the router's address, asked for the time when no server answers: routers often are time servers, and
        # MicroPython does not show which one DHCP names.
        self.gateway = str
        self._port = port
        self._say = say
        self._keep = keep
        self._chip = chip
        self._kept = None
        self._due = 0
        self._pause = _FIRST_PAUSE
        self._failing = None
        # Servers to be left alone, until when; and (server, date at the start, when) of what is not believed yet.
        self._rests = {}
        self._claims = []
        self.state = SET if self._is_sane(port.unix()) else UNSET
        if self.state == UNSET and chip is not None:
            self._ask_chip()

    def now(self):
        """Return Unix seconds, or None while the clock is unset."""
        return None if self.state == UNSET else self._port.unix()

    def unix(self, uptime):
        """Return Unix seconds at the moment ``uptime``, or None while the clock is unset."""
        if self.state == UNSET:
            return None
        return (self._port.unix_ms() - self.uptime() + uptime) // 1000

    def moment(self, unix):
        """Return the uptime, negative before the start, at ``unix`` seconds; None while the clock is unset."""
        if self.state == UNSET:
            return None
        return self.uptime() - self._port.unix_ms() + unix * 1000

    def text(self, uptime):
        """Return the local time at ``uptime``, for a person; while the clock is unset, the time since the start."""
        unix = self.unix(uptime)
        if unix is None:
            return "%d s after the start (the clock was not set)" % (uptime // 1000)
        return self.zone.text(unix) + (" (estimated)" if self.state == ESTIMATED else "")

    def stamp(self):
        """Return now as (``12:03``, ``2026-11-24 12:03:10 CET``), for the log."""
        now = self.now()
        if now is None:
            return "--:--", "%d s after the start" % (self.uptime() // 1000)
        return self.zone.short(now), self.zone.text(now)

    def due(self):
        """Return True if NTP should be asked."""
        return self.uptime() >= self._due

    def soon(self):
        """Ask NTP again with the next look: a certificate's dates made the time doubtful."""
        self._due = min(self._due, self.uptime() + _FIRST_PAUSE)

    def sync(self):
        """Ask the NTP servers, one after the other, until one answers that is believed; return True if one was."""
        servers = [server for server in self.servers + [self.gateway()] if server]
        for server in servers:
            if self.uptime() < self._rests.get(server, 0):
                continue
            try:
                unix = self._port.ntp(server)
            except (OSError, IndexError):
                continue
            except ValueError as error:
                self._say("NTP server %s: %s" % (server, error.args[0]))
                if error.args[1:] and error.args[1]:
                    self._rests[server] = self.uptime() + error.args[1] * 1000
                continue
            if not self._believed(unix, server):
                continue
            self._claims = []
            self._set(unix, "NTP server " + server)
            self._due = self.uptime() + _SYNC_EVERY
            self._pause = _FIRST_PAUSE
            self._failing = None
            return True
        self._failed(", ".join(servers))
        return False

    def _believed(self, unix, server):
        """Return True if the clock may be set to ``unix`` seconds, as ``server`` says.

        An unset clock may, if the date is not before the last known time, nor years after it. One that is set moves by
        more than a day only if two servers agree, or one says so twice, an hour apart; the same undoes those limits.
        """
        kept = self._last_known()
        if not self._is_sane(unix, self._port.unix() if self.state == SET else 0):
            self._say("NTP server %s gives %s: not believed" % (server, self.zone.text(unix)))
            return False
        if self.state == SET:
            near = abs(unix - self._port.unix()) <= DAY
        else:
            near = not kept or kept - DAY <= unix <= kept + 366 * DAY
        if near:
            return True
        uptime = self.uptime()
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
            self._say(text % (server, self.zone.text(unix)))
        return False

    def _is_sane(self, unix, known=0):
        """Return True if ``unix`` seconds can be now, by the last known time, or another that is ``known``."""
        return is_right(unix) and unix < max(self._last_known(), _FLOOR, known) + _HORIZON

    def _last_known(self):
        """Return the time kept on flash, in Unix seconds, or 0."""
        try:
            kept = int(self._port.read(self._keep, 20, True) or 0)
        except ValueError:
            return 0
        return kept if is_right(kept) and kept < _FLOOR + 2 * _HORIZON else 0

    def tick(self):
        """Keep the last known time on flash, seldom enough to spare it; to be called now and then.

        What a start finds there counts: a board on battery, which starts at each wake, writes no more often.
        """
        uptime = self.uptime()
        if self.state == SET and (self._kept is None or uptime - self._kept >= _KEEP_EVERY):
            self._kept = uptime
            age = (self._port.unix() - self._last_known()) * 1000
            if 0 <= age < _KEEP_EVERY:
                self._kept -= age
                return
            try:
                self._port.write(self._keep, b"%d" % self._port.unix())
            except OSError:
                self._say("the last known time could not be kept in %s: flash is full or worn" % self._keep)

    def _failed(self, servers):
        uptime = self.uptime()
        self._due = uptime + self._pause
        if self._failing is None:
            self._failing = uptime
        self._say("no NTP server answers (%s): asked again in %d s" % (servers, self._pause // 1000))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if self.state == UNSET and uptime - self._failing >= _PATIENCE:
            self._estimate()

    def _estimate(self):
        """Take the last known time for the date: certificates can be checked against it, if a little leniently."""
        kept = self._last_known()
        if kept:
            self._set(kept + self.uptime() // 1000, "the last known time, as NTP does not answer", ESTIMATED)

    def _ask_chip(self):
        try:
            unix = self._chip.get()
        except Exception:
            # A bus that is disturbed may give any bits.
            self._say("the DS3231 does not answer: check its wires, or remove clock.ds3231 from the configuration")
            return
        if unix is not None and self._is_sane(unix):
            self._set(unix, "the DS3231")

    def _set(self, unix, source, state=SET):
        before = self.now()
        self._port.set_unix(unix)
        self.state = state
        self._kept = None
        change = "it was not set" if before is None else _difference(unix - before)
        self._say("clock set to %s by %s: %s" % (self.zone.text(unix), source, change))
        if self._chip is not None and source[:3] == "NTP":
            try:
                self._chip.set(unix)
            except OSError:
                self._say("the DS3231 does not take the time: check its wires")


def _difference(seconds):
    if not seconds:
        return "it was right"
    return "it was %d s %s" % (abs(seconds), "slow" if seconds > 0 else "fast")
