"""When to try again, how much may be sent, and when alerts become one: pure; time and chance are handed in.

All times are whole seconds of one clock that never goes back (see outbox.py), all amounts of time whole seconds too:
a board's floats have 24 bits and would lose the seconds within months.

How it works. ``failed`` turns a failure into a verdict for the mail and a rest for the route. ``wait`` and ``spend``
keep the route's limits: each is one number, the time at which what was sent is paid off (GCRA), with half of the limit
as burst and half as rate, so that no stretch of the length of its period ever holds more than the limit. ``admit``
decides on a new alert: a mail of its own, or held back until the window of its key, or the hour of all, is over.

Defaults: chosen from a simulation of fleets, docs/fleet.md.
"""

MINUTE = 60
HOUR = 3600
DAY = 86400

# Failures that say something about the route, not about the mail, though they come in the middle of one.
_ROUTE = ("rate", "connections", "server_busy", "daily_limit", "recipient_rate")
_BEFORE_MAIL = ("resolve", "connect", "greeting", "ehlo", "starttls", "auth")
# So many keys are remembered at the most; the oldest is forgotten first.
_KEYS = 16
_ALERT = 1
_RECOVERY = 2


class Policy:
    """The rules and what they must remember.

    Args:
        random (callable): a float from 0 up to 1, as ``random.random``.
        first (int): ceiling of the first pause after a temporary failure, in seconds; it doubles up to
        ceiling (int): the longest pause. Each is drawn evenly from 0 to its ceiling (full jitter).
        life (int): age in seconds at which a mail that fails once more is given up.
        rest (int): seconds for which a wrong configuration rests; doubled up to a day. A sixth of it after tampering,
            and where the server refused one mail only.
        doubt (int): seconds until a mail that may have arrived is sent once more, with the same Message-ID.
        doubts (int): how often it is sent in all before it is left at that.
        per_minute, per_day (int): mails a minute and recipients a day that the route takes from this board; 0: any.
        window (int): seconds in which alerts of one key become one mail; doubles while they go on, up to
        widest (int). 0: every alert is a mail.
        per_hour (int): mails an hour over all keys, beyond which they become one digest; 0: any.
    """

    def __init__(
        self,
        random,
        first=20,
        ceiling=1800,
        life=5 * DAY,
        rest=6 * HOUR,
        doubt=600,
        doubts=3,
        per_minute=10,
        per_day=300,
        window=900,
        widest=4 * HOUR,
        per_hour=20,
    ):
        self.random = random
        self.first = first
        self.ceiling = ceiling
        self.life = life
        self.rest = rest
        self.doubt = doubt
        self.doubts = doubts
        self.limits = ((MINUTE, per_minute), (DAY, per_day))
        self.window = window
        self.widest = widest
        self.per_hour = per_hour
        self.load([0, 0, "", [0, 0], [-HOUR, 0], {}])

    def load(self, state):
        """Take up what ``dump`` gave."""
        # Until when the route rests, how often it failed in a row, and of what.
        self.until, self.fails, self.why, self.paid, self.hour, self.keys = state

    def dump(self):
        """What must survive a reset, fit for JSON."""
        return [self.until, self.fails, self.why, self.paid, self.hour, self.keys]

    # -- failures ---------------------------------------------------------------------------------------------------

    def spread(self, seconds):
        """``seconds`` and up to a tenth more: whoever waits for the same reason does not come back together."""
        return seconds + int(self.random() * seconds / 10)

    def pause(self, fails):
        """Seconds to wait after ``fails`` failures in a row (1 or more): exponential, full jitter."""
        return 1 + int(self.random() * min(self.ceiling, self.first << min(fails - 1, 16)))

    def failed(self, now, error, attempts, doubts, age, least=0):
        """What follows from a failure: (state, until) of the mail; the route's own rest is noted here.

        Args:
            now (int): the time.
            error (MailError): its ``kind``, ``stage``, ``code`` and ``key`` count.
            attempts (int): failed attempts at this mail, with this one.
            doubts (int): how often it may have arrived, with this time.
            age (int): of the mail, in seconds.
            least (int): the pause that the failure asks for at least (``replies.retry_after``).

        Returns:
            (str, int): ``"pending"`` (nothing against the mail itself), ``"deferred"``, ``"uncertain"``, each with the
            time to try again, or ``"dead"``.
        """
        kind = error.kind
        early = error.stage in _BEFORE_MAIL
        if kind == "permanent" and not early:
            return "dead", 0
        pause = self.spread(least) + self.pause(attempts)
        state = "deferred"
        if kind == "uncertain":
            if doubts >= self.doubts:
                return "dead", 0
            state = "uncertain"
            pause = self.spread(self.doubt)
        if kind != "temporary" or early or error.code in (0, 421) or error.key in _ROUTE:
            self._rest(now, kind, error.key or kind, least, early)
            if early:
                state, pause = "pending", 0
            elif kind == "configuration":
                # Perhaps the others fare better: when the route has rested, they go first.
                pause = self.until + 1 - now
        if age > self.life:
            return "dead", 0
        return state, now + pause

    def _rest(self, now, kind, why, least, early):
        # A failure in the route: everything waits.
        self.fails = self.fails + 1 if self.why == why or kind in ("temporary", "uncertain") else 1
        self.why = why
        if kind in ("temporary", "uncertain"):
            pause = self.spread(least) + self.pause(self.fails)
        else:
            # A person must act first. Tampering may pass sooner, and a refusal may have been about one mail alone.
            pause = self.spread(min(self.rest << min(self.fails - 1, 8), DAY))
            if kind == "security" or not early:
                pause //= 6
        self.until = now + pause

    def worked(self):
        """A mail was taken: the route is well."""
        self.until = self.fails = 0
        self.why = ""

    # -- the route's limits -----------------------------------------------------------------------------------------

    def wait(self, now):
        """Seconds until the route and its limits allow the next mail; 0: now."""
        wait = self.until - now
        for i, (period, most) in enumerate(self.limits):
            if most:
                wait = max(wait, self.paid[i] - now - (max(most // 2, 1) - 1) * _interval(period, most))
        return max(wait, 0)

    def spend(self, now, recipients):
        """One mail went out to so many ``recipients``, or was tried."""
        for i, (period, most) in enumerate(self.limits):
            if most:
                self.paid[i] = max(self.paid[i], now) + _interval(period, most) * (recipients if i else 1)

    # -- storms -----------------------------------------------------------------------------------------------------

    def admit(self, now, key, recovery, urgent):
        """Decide on a new mail.

        Args:
            now (int): the time.
            key (str): what it is about; None or "": about nothing that repeats.
            recovery (bool): it ends what an alert of the same key began; each window has room for one of both.
            urgent (bool): it may go beyond the cap an hour.

        Returns:
            (int, str): 0, or the time until which it is held, together with those of the same group: the key, or
            ``""`` for the digest of the hour.
        """
        if key and self.window:
            until = self._key(now, key, _RECOVERY if recovery else _ALERT)
            if until:
                return until, key
        if urgent or not self.per_hour:
            return 0, key
        if now >= self.hour[0] + HOUR:
            self.hour = [now, 0]
        if self.hour[1] >= self.per_hour:
            return self.hour[0] + HOUR, ""
        self.hour[1] += 1
        return 0, key

    def _key(self, now, key, sort):
        # A key's record: start and length of its window, what had a mail of its own in it, how many were held.
        record = self.keys.get(key)
        if record:
            start, window, had, held = record[:4]
            end = start + window
            wider = min(2 * window, self.widest)
            if now >= end and held and now < end + wider:
                # The storm goes on: the next mail is the summary of a longer window.
                start, window, had, held = end, wider, _ALERT | _RECOVERY, 0
                end += wider
            if now < end:
                hold = had & sort
                record[:4] = [start, window, had | sort, held + 1 if hold else held]
                return end if hold else 0
        elif len(self.keys) >= _KEYS:
            del self.keys[min(self.keys, key=lambda name: self.keys[name][0])]
        self.keys[key] = [now, self.window, sort, 0, record[4] if record else ""]
        return 0


def _interval(period, most):
    return max(2 * period // most, 1)
