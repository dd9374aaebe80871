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
# In milliseconds: the pause after a doubt.
_SOON = 5 * 1000
# A clock that drifts is put right when it is this many seconds wrong: a port's clock is set to whole ones.
_WRONG = 10
# 2025-01-01, and the seconds (9 years) beyond which no date is believed: 1900, taken for the next era, is in 2036.
_FLOOR = 1735689600
_HORIZON = 9 * 365 * DAY


def is_right(unix):
    """Return True if the clock can be right at ``unix`` seconds: no board runs this program before 2025-01-01."""
    return unix >= _FLOOR


class Uptime:
    """Returns the milliseconds (int) since it was made; call it at least every 12 days, as ``port``'s ticks wrap."""

    def __init__(self, port):
        self.port = port
        self._ticks = port.ticks()
        self._milliseconds = 0

    def __call__(self):
        passed = self.port.since(self._ticks)
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

    UNSET, ESTIMATED, SET = UNSET, ESTIMATED, SET

    def __init__(self, port, uptime, zone, servers, say, keep="/clock", chip=None):
        self.uptime = uptime
        self.zone = zone
        self.servers = list(servers)
        # Returns the router's address, asked for the time when no server answers: routers often are time servers, and
        # MicroPython does not show which one DHCP names.
        self.gateway = str
        self.port = port
        self.say = say
        # When a time server answered last, and when the clock was set last, in Unix seconds; what it loses (parts in a
        # million), which only a clock that ``slept`` makes up for.
        self.synced = self._base = self.drift = 0
        self.slept = False
        self._keep = keep
        self._chip = chip
        self._kept = None
        self._due = 0
        # An Asking, while the time is asked for.
        self.asking = None
        self.state = SET if self.is_sane(port.unix()) else UNSET
        if self.state == UNSET and chip is not None:
            from alertnode import ds3231

            ds3231.ask_chip(self, chip)

    def now(self):
        """Return Unix seconds, or None while the clock is unset."""
        return None if self.state == UNSET else self.port.unix()

    def unix(self, uptime):
        """Return Unix seconds at the moment ``uptime``, or None while the clock is unset."""
        if self.state == UNSET:
            return None
        return (self.port.unix_ms() - self.uptime() + uptime) // 1000

    def moment(self, unix):
        """Return the uptime, negative before the start, at ``unix`` seconds; None while the clock is unset."""
        if self.state == UNSET:
            return None
        return self.uptime() - self.port.unix_ms() + unix * 1000

    def text(self, uptime):
        """Return the local time at ``uptime``, for a person; while the clock is unset, the time since the start."""
        unix = self.unix(uptime)
        if unix is None:
            return "%d s after the start (the clock was not set)" % (uptime // 1000)
        return self.zone.text(unix) + (" (estimated)" if self.state == ESTIMATED else "")

    def stamp(self, long=False):
        """Return now as ``12:03``, or, for the log, as ``2026-11-24 12:03:10 CET``."""
        now = self.now()
        if now is None:
            return "%d s after the start" % (self.uptime() // 1000) if long else "--:--"
        return self.zone.text(now) if long else self.zone.short(now)

    def due(self):
        """Return True if NTP should be asked."""
        return self.uptime() >= self._due

    def ask_at(self, uptime):
        """Let NTP be asked at the moment ``uptime``."""
        self._due = uptime

    def sync(self):
        """Ask the NTP servers, one after the other, until one answers that is believed; return True if one was."""
        if self.asking is None:
            from alertnode.ntp import Asking

            self.asking = Asking(self)
        return self.asking.sync()

    def resume(self, synced, base, drift):
        """Go on after a sleep with what ``kept`` returned before it: a clock that was wrong is wrong by that much more.

        A day after its last answer NTP is asked again.
        """
        now = self.now()
        self.slept = True
        if now is None or not synced <= base <= now <= synced + 366 * DAY:
            return
        self.synced, self._base, self.drift = synced, base, drift
        error = ((now - base) * drift + 500000) // 1000000
        if abs(error) >= _WRONG:
            now += error
            self.port.set_unix(now)
            self._base = now
        self._due = max(0, self.uptime() + (synced + DAY - now) * 1000)

    def kept(self):
        """Return what ``resume`` wants after a sleep (three int)."""
        return [self.synced, self._base, self.drift]

    def soon(self):
        """Ask NTP again with the next look: a certificate's dates made the time doubtful."""
        self._due = min(self._due, self.uptime() + _SOON)

    def is_sane(self, unix, known=0):
        """Return True if ``unix`` seconds can be now, by the last known time, or another that is ``known``."""
        return is_right(unix) and unix < max(self.last_known(), _FLOOR, known) + _HORIZON

    def last_known(self):
        """Return the time kept on flash, in Unix seconds, or 0."""
        try:
            kept = int(self.port.read(self._keep, 20, True) or 0)
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
            age = (self.port.unix() - self.last_known()) * 1000
            if 0 <= age < _KEEP_EVERY:
                self._kept -= age
                return
            try:
                self.port.write(self._keep, b"%d" % self.port.unix())
            except OSError:
                self.say("the last known time could not be kept in %s: flash is full or worn" % self._keep)

    def set(self, unix, source, state=SET):
        """Set the clock to ``unix`` seconds, as ``source`` says; ``state`` is SET or ESTIMATED."""
        before = self.now()
        self.port.set_unix(unix)
        self._base = unix
        self.state = state
        self._kept = None
        from alertnode import ntp

        ntp.was_set(self, before, unix, source, self._chip)
