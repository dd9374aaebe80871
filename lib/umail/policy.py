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

# Failures that are about the route, though they come in the middle of a mail; and those that may be.
_ROUTE = ("rate", "connections", "daily_limit")
_PERHAPS = ("server_busy", "recipient_rate")
_BEFORE_MAIL = ("resolve", "connect", "greeting", "ehlo", "starttls", "auth")
# One mail alone, and what the network says once, hold the others up for so long at the most.
_BREATH = MINUTE
# How long the route may fail before a person is told again: at login a wrong password may hide behind "try later".
_TELL = 6 * HOUR
_TELL_LOGIN = 3 * HOUR
# A certificate that fails at a host where one held before: a portal, a router's own. It passes.
_PORTAL = 1800
# So many keys are remembered at the most; the oldest is forgotten first.
_KEYS = 16
_ALERT = 1
_RECOVERY = 2


class Storm:
    """What is known of a key; never changed, but replaced.

    Attributes:
        start, window (int): when its window began, and how long it is.
        had (int): what had a mail of its own in it: bits for alert and recovery.
        held (int): how many were held back.
        first (str): Message-ID of the alert that began it.
    """

    def __init__(self, start, window, had, held, first):
        self.start = int(start)
        self.window = int(window)
        self.had = int(had)
        self.held = int(held)
        self.first = str(first)

    def dump(self):
        """As a list, fit for JSON."""
        return [self.start, self.window, self.had, self.held, self.first]


class Policy:
    """The rules and what they must remember.

    Args:
        random (callable): a float from 0 up to 1, as ``random.random``.
        first (int): ceiling of the first pause after a temporary failure, in seconds; it doubles up to
        ceiling (int): the longest pause after a failure that names no time. Each is drawn evenly from 0 to its ceiling
            (full jitter).
        life (int): age in seconds at which a mail that fails once more is given up.
        rest (int): seconds for which a wrong configuration rests; doubled up to a day. A sixth of it after tampering,
            and for what the server refused a mail for: that mail at first, all once a second one meets the same.
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
        ceiling=900,
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
        self.load({})

    def load(self, state):
        """Take up what ``dump`` gave; what is missing in it begins anew."""
        get = state.get
        keys = {}
        for name, fields in get("keys", {}).items():
            keys[name] = Storm(*fields[:5])
        minute, day = get("paid", (0, 0))[:2]
        start, count = get("hour", (-HOUR, 0))[:2]
        refusal, mail = get("refused", ("", 0))[:2]
        until, fails, began = [int(get(name, 0)) for name in ("until", "fails", "began")]
        # Until when the route rests, how often it failed in a row, of what, since when, and whether that was told.
        self.until, self.fails, self.why, self.began = until, fails, str(get("why", "")), began
        self.told = bool(get("told"))
        # The last refusal that may be the mail's own fault, and which mail met it.
        self.refused = (str(refusal), int(mail))
        self.paid = [int(minute), int(day)]
        self.hour = (int(start), int(count))
        self.keys = keys

    def dump(self):
        """Return what must survive a reset, fit for JSON."""
        keys = {}
        for name in self.keys:
            keys[name] = self.keys[name].dump()
        return {
            "until": self.until,
            "fails": self.fails,
            "why": self.why,
            "began": self.began,
            "told": self.told,
            "refused": self.refused,
            "paid": self.paid,
            "hour": self.hour,
            "keys": keys,
        }

    def bound(self, now):
        """End each rest and limit within two days from ``now``, whatever was remembered."""
        self.until = min(self.until, now + 2 * DAY)
        self.paid = [min(paid, now + 2 * DAY) for paid in self.paid]

    # -- failures ---------------------------------------------------------------------------------------------------

    def spread(self, seconds):
        """``seconds`` and up to a tenth more: whoever waits for the same reason does not come back together."""
        return seconds + int(self.random() * seconds / 10)

    def pause(self, fails, ceiling=0):
        """Seconds to wait after ``fails`` failures in a row (1 or more): exponential, full jitter."""
        return 1 + int(self.random() * min(ceiling or self.ceiling, self.first << min(fails - 1, 16)))

    def failed(self, now, error, attempts, doubts, age, least=0, mail=0, known=False):
        """Return what follows from a failure: (state, until) of the mail; the route's own rest is noted here.

        Args:
            now (int): the time.
            error (MailError): its ``kind``, ``stage``, ``code`` and ``key`` count.
            attempts (int): failed attempts at this mail, with this one.
            doubts (int): how often it may have arrived, with this time.
            age (int): of the mail, in seconds.
            least (int): the pause that the failure asks for at least (``replies.retry_after``).
            mail (int): which one it is.
            known (bool): its host was reached and verified before.

        Returns:
            (str, int): ``"pending"`` (nothing against the mail itself), ``"deferred"``, ``"uncertain"``, each with the
            time to try again, or ``"dead"``.
        """
        kind = error.kind
        early = error.stage in _BEFORE_MAIL
        if kind == "permanent" and not early:
            return "dead", 0
        if age > self.life or (kind == "uncertain" and doubts >= self.doubts):
            state, pause = "dead", 0
        elif kind == "uncertain":
            state, pause = kind, self.spread(self.doubt)
        elif kind in ("temporary", "permanent"):
            state, pause = "deferred", self.spread(least) + self.pause(attempts)
        else:
            # A person must act first; the others need not wait for that.
            state, pause = "deferred", self.longer(attempts)
        if early or error.key in _ROUTE:
            self._rest(now, kind, error.key or kind, least, early, known)
            if early and state != "dead":
                state, pause = "pending", 0
        elif kind != "temporary" or error.code in (0, 421) or error.key in _PERHAPS:
            # Perhaps it is the mail: only a second one that meets the same makes it the route's failure.
            refusal = "%s %d %s" % (error.key or kind, error.code, error.enhanced)
            before, whose = self.refused
            self.refused = (refusal, mail)
            if before == refusal and whose != mail:
                self._rest(now, kind, error.key or kind, least, False, known)
            elif kind in ("temporary", "uncertain"):
                self.until = now + min(self.pause(1), _BREATH)
        return state, now + min(pause, max(self.life - age, 0) + 1)

    def longer(self, fails, rest=0):
        """Seconds to wait for a person: ``rest`` (0: a sixth of its own), doubled after each failure, up to a day."""
        return self.spread(min((rest or self.rest // 6) << min(fails - 1, 8), DAY))

    def _rest(self, now, kind, why, least, early, known):
        # A failure in the route: everything waits.
        passing = kind in ("temporary", "uncertain")
        if not self.fails:
            self.began = now
        self.fails = self.fails + 1 if self.why == why or passing else 1
        self.why = why
        if passing or why == "dns_no_name":
            # (To ask for a name again harms nobody, and a router may lie of a name that was never found before, too.)
            pause = self.spread(least) + self.pause(self.fails)
        elif kind == "security" and known:
            pause = self.pause(self.fails, _PORTAL)
        else:
            # Tampering may pass sooner, and so may a refusal that is not about the login.
            pause = self.longer(self.fails, self.rest if early and kind != "security" else 0)
        self.until = now + pause

    def lasting(self, now, stage):
        """Seconds for which the route has failed, if a person should hear of that now; else 0."""
        lasts = now - self.began
        if self.told or not self.fails or lasts < (_TELL_LOGIN if stage == "auth" else _TELL):
            return 0
        self.told = True
        return lasts

    def worked(self):
        """Note that a mail was taken: the route is well."""
        self.until = self.fails = 0
        self.why = ""
        self.told = False
        self.refused = ("", 0)

    # -- the route's limits -----------------------------------------------------------------------------------------

    def wait(self, now):
        """Seconds until the route and its limits allow the next mail; 0: now."""
        wait = self.until - now
        for i, (period, most) in enumerate(self.limits):
            if most:
                wait = max(wait, self.paid[i] - now - (max(most // 2, 1) - 1) * _interval(period, most))
        return max(wait, 0)

    def spend(self, now, recipients):
        """Note that one mail went out to so many ``recipients``, or was tried."""
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
        start, count = self.hour
        if now >= start + HOUR:
            start, count = now, 0
        if count >= self.per_hour:
            return start + HOUR, ""
        self.hour = (start, count + 1)
        return 0, key

    def _key(self, now, key, sort):
        storm = self.keys.get(key)
        if not storm:
            if len(self.keys) >= _KEYS:
                oldest = min(self.keys, key=lambda name: self.keys[name].start)
                self.keys = {name: self.keys[name] for name in self.keys if name != oldest}
            storm = Storm(-DAY, 0, 0, 0, "")
        start, window, had, held = storm.start, storm.window, storm.had, storm.held
        end = start + window
        wider = min(2 * window, self.widest)
        hold = 0
        if now >= end and held and now < end + wider:
            # The storm goes on: the next mail is the summary of a longer window.
            start, window, had, held = end, wider, _ALERT | _RECOVERY, 0
            end += wider
        if now < end:
            hold = had & sort
            had |= sort
            if hold:
                held += 1
        else:
            start, window, had, held = now, self.window, sort, 0
        self._keep(key, Storm(start, window, had, held, storm.first))
        return end if hold else 0

    def begin(self, key, message_id):
        """Note the Message-ID of the alert that later ones of ``key`` refer to."""
        storm = self.keys[key]
        self._keep(key, Storm(storm.start, storm.window, storm.had, storm.held, message_id))

    def _keep(self, key, storm):
        # In a new dict: whoever has the old one can go back.
        self.keys = dict(self.keys)
        self.keys[key] = storm


def _interval(period, most):
    return max(2 * period // most, 1)
