"""The outbox: what is put here is on flash, and goes out when it is time, once, whatever the power and the network do.

How it works. ``put`` (queue/put.py) writes a file (queue/spool.py) and asks the policy (policy.py) whether the mail
goes by itself or is held back with others. ``flushing`` (queue/flush.py) is a generator over ``Delivery``, as a driver
runs it (blocking.py, aio.py); ``flush`` runs it with sockets. Just before the last bytes of a mail leave, its state
becomes ``"sending"`` on flash. A file that is found so after a reset may have been delivered: it is sent again later,
with the same Message-ID, and not often. The file is removed only after the server's final 250.

Time is the outbox's own (``now``): whole seconds that never go back. They count on from what was last written down,
and by the date across a reset, once the date is known; so neither a clock that is unset nor one that jumps does harm.
"""

import sys

from umail import load_transient, now

from .queue import notes, spool

_DAY = 86400
_WEEK = 604800
_claimed = set()


class Outbox:
    """Mails on flash until they are delivered.

    Args:
        path (str): a directory of its own.
        route: a ``Route`` or a list of them, as for ``Client``.
        policy (Policy): pauses, limits and storm control; None: the defaults.
        most_bytes (int), most (int): bytes and number of mails kept. Beyond, dead mails go first, then those of the
            lowest priority, the oldest first; each is counted and told in the next mail.
        timeout, deadline (float), tick (callable): as of ``Client``.
        report (callable): ``report(message, result)`` after each attempt, with a ``Receipt`` or a ``MailError``. A
            route that goes on failing the same way is reported once, and once more when that has lasted for hours.
        heartbeat (callable): returns the ``Message`` that says "all is well", every so many seconds (int):
        every: a week.
        expires: pairs of a name and a date (seconds of ``time.time()``): a heartbeat warns 30 days before.
        config (str): any word that changes when a person changes the configuration: the route then rests no more.
            None: whatever it was.
        slept (int): seconds of deep sleep since the last outbox ended, for a board that does not know the date.
        uptime, date (callable): seconds since the start; ``time.time()`` or None while the clock is unset.
        keep (callable): ``keep(numbers)`` keeps a short list of int over a reset, if the chip can, though the flash
            refuses; ``keep()`` gives it back. They are the mails that were delivered and could not be removed.

    Raises:
        ValueError: another Outbox has this directory (``close`` it first); ``timeout`` or ``deadline`` is not a time.
        OSError: the directory cannot be read.
    """

    def __init__(
        self,
        path,
        route,
        policy=None,
        most_bytes=131072,
        most=50,
        timeout=30,
        deadline=120,
        tick=None,
        report=None,
        heartbeat=None,
        every=_WEEK,
        expires=(),
        config="",
        slept=0,
        uptime=None,
        date=None,
        keep=None,
    ):
        if policy is None:
            from random import random

            from .policy import Policy

            policy = Policy(random)
        for name, value in (("timeout", timeout), ("deadline", deadline)):
            load_transient("checks").timeout(name, value)
        self.policy = policy
        self.route = route
        self.most_bytes = most_bytes
        self.most = most
        self.timeout = timeout
        self.deadline = deadline
        self.tick = tick
        self.report = report
        self.heartbeat = heartbeat
        self.every = every
        self.expires = expires
        self.config = config
        self.date = date or now
        if uptime is None:
            from .queue import stopwatch

            uptime = stopwatch.stopwatch(date=self.date)
        self.uptime = uptime
        self.keep = keep
        # Called with each Message just before it is sent; it may give it headers, and must not raise.
        self.before_send: "object | None" = None
        # The files of those.
        self.stuck: list = []
        self.notes = notes.Notes()
        # When the next heartbeat is due; hosts that took a mail, the last one first.
        self.beat = None
        self.hosts: list = []
        self._base = 0
        self._behind: "tuple | None" = None
        # The mail that is being sent: nothing else may touch it meanwhile.
        self.current = None
        self.busy = False
        self.entries = []
        # Until when nothing is written over what was remembered, as it could not be read.
        self.late = 0
        self._claim = None
        # When, and what, ``save`` wrote last; whether the flash refused anything since the last flush began, and the
        # latest entry that could not be read in it.
        self._saved = (0, "")
        self.unwritten = False
        self.unread: "object | None" = None
        self.spool = spool.Spool(path)
        self._take(path)
        try:
            load_transient("queue.recovery").load(self, slept)
        except BaseException:
            self.close()
            raise

    def _take(self, path):
        # Two on one directory would overwrite each other's files.
        path = path.rstrip("/")
        try:
            if sys.implementation.name != "micropython":
                from .queue.claim_cpython import Claim

                self._claim = Claim(path)
            else:
                name = load_transient("queue.recovery").whole(path)
                if name in _claimed:
                    raise OSError(11)
                _claimed.add(name)
                self._claim = name
        except OSError as error:
            # EAGAIN, as 35 on macOS.
            if error.args[0] in (11, 35):
                raise ValueError("%s belongs to another Outbox already: close() that one first" % path)
            raise

    def close(self):
        """Release the directory for another Outbox; this one must not be used any more."""
        close = getattr(self._claim, "close", None)
        if close:
            close()
        else:
            _claimed.discard(self._claim)

    # -- time, and what is remembered --------------------------------------------------------------------------------

    def now(self):
        """Return the outbox's time, in whole seconds."""
        now = self._base + int(self.uptime())
        if self._behind:
            date = self.date()
            if date is not None:
                # The first date since the start: so long the board was off.
                then, at = self._behind
                self._behind = None
                gap = date - at - (now - then)
                if gap > 0:
                    self._base += gap
                    now += gap
                    # Perhaps it was the clock that was wrong: each mail has a day to be tried in.
                    for entry in self.entries:
                        entry.tried = max(entry.tried, now - max(self.policy.life - _DAY, 0))
        return now

    def begin(self, time, behind):
        """Let ``now`` go on from ``time``; ``behind`` is the (time, date) written last, None if no date was known."""
        self._base = time - int(self.uptime())
        self._behind = behind

    def look_again(self):
        """Find mails that could not be read before, and settle what the flash refused."""
        if self.spool.unread or self.late:
            load_transient("queue.recovery").look_again(self)
        self.settle()

    def settle(self):
        """Store and remove what the flash refused to take and to let go of; return True if nothing is left.

        ``flush`` does so, too. Call it before the power goes.
        """
        done = True
        for route in self.route if isinstance(self.route, (list, tuple)) else (self.route,):
            keep = getattr(getattr(route, "token", None), "keep", None)
            if keep and not keep():
                # A refresh token.
                done = False
        for name in list(self.stuck):
            try:
                self.spool.discard(name)
            except OSError:
                return False
            self.stuck.remove(name)
            self.remember()
        return done

    def remember(self):
        """Keep over a reset which mails were delivered and are still on flash."""
        if self.keep:
            self.keep([int(name.partition("-")[0], 16) for name in self.stuck])

    def save(self):
        """Write what must survive a reset, if it has changed, and once an hour the time.

        If the flash refuses, only that is forgotten. Return True if the flash has it.
        """
        state = {
            "config": self.config,
            "notes": self.notes.dump(),
            "beat": self.beat,
            "number": self.spool.number,
            "hosts": self.hosts,
            "policy": self.policy.dump(),
        }
        now = self.now()
        # (Each mail's file has its own number.)
        key = repr([state[name] for name in state if name != "number"])
        if self.uptime() < self.late:
            return False
        if key == self._saved[1] and now - self._saved[0] < 3600:
            return True
        self.late = 0
        state["now"] = now
        state["date"] = self.date()
        try:
            self.spool.save(state)
            self._saved = (now, key)
            return True
        except OSError:
            self.unwritten = True
            return False

    def tell(self):
        """Do what ``save`` does; a heartbeat comes within a day, as no other mail may come for weeks."""
        # (20 hours, and up to a tenth more.)
        self.beat = min(self.beat, self.now() + self.policy.spread(72000))
        return self.save()

    def store(self, entry):
        """Write the state of a mail; if the flash refuses, it is known until the next reset only."""
        try:
            self.spool.store(entry, self.now(), self.date())
        except OSError:
            self.unwritten = True

    def remove(self, entry):
        """Remove a mail. If the flash keeps its file, that is known until the next reset, or beyond it by ``keep``."""
        self.entries.remove(entry)
        try:
            self.spool.discard(entry.name)
        except OSError:
            self.stuck.append(entry.name)
            self.remember()

    def doubt(self, entry):
        """Mark a mail as perhaps delivered: the power or the program stopped while it was sent."""
        entry.doubts += 1
        entry.state = "uncertain"
        entry.until = self.now() + self.policy.spread(self.policy.doubt)
        entry.why = "it may have been delivered: sending was interrupted"
        if entry.doubts >= self.policy.doubts:
            self.bury(entry)

    def bury(self, entry):
        """Give up a mail; the next one tells of it, at the latest a heartbeat."""
        entry.state = "dead"
        self.notes.buried += 1
        self.notes.why = str(entry.why)
        if self.tell():
            # (Or after a reset it would be dead, and nobody told.)
            self.store(entry)

    # -- putting -----------------------------------------------------------------------------------------------------

    def put(self, message, key=None, priority=1, recovery=False, copy=True):
        """Keep ``message``; it is durable on return.

        Args:
            message (Message): its Message-ID, and its Date as soon as the clock is set, stay the same at each attempt.
            key (str): what it is about: alerts of the same key within a window become one.
            priority (int): the higher goes first and is dropped last; from 2 on it is not bound by the cap an hour.
            recovery (bool): it ends what the alert of that key began, and refers to it.
            copy (bool): False: attachments given by a path stay where they are. One that is changed or gone when the
                mail is sent is replaced by a note.

        Returns:
            Entry: the mail, or that in which it is held back; None where it was dropped for mails of higher priority.

        Raises:
            ValueError: it is larger than the outbox, or an attachment cannot be read.
            OSError: the flash is full or broken.
        """
        return load_transient("queue.put").put(self, message, key, priority, recovery, copy)

    def write(self, message, group, priority, until, more, since, copy=True):
        """Store a mail without asking the policy; return its Entry."""
        return load_transient("queue.put").write(self, message, group, priority, until, more, since, copy)

    # -- sending -----------------------------------------------------------------------------------------------------

    def flush(self, budget=None):
        """Send what is due over one connection: by priority, then what has not failed yet, then the oldest.

        Args:
            budget (float): no mail is begun after so many seconds, and none has a later deadline. The reply to a mail
                whose last byte has left is waited for all the same.

        Returns:
            int: how many were delivered. Failures do not raise; see ``report``, ``pending`` and ``dead``.
        """
        from .blocking import Wire

        return Wire(self.timeout, self.tick).run(self.flushing(budget))

    def flushing(self, budget=None):
        """Do what ``flush`` does, as a generator for a driver; a second one at the same time does nothing."""
        from .queue import flush

        if self.busy:
            return 0
        self.busy = True
        try:
            return (yield from flush.Flush(self).run(budget))
        finally:
            self.busy = False

    # -- looking and helping ----------------------------------------------------------------------------------------

    def wait(self):
        """Return the seconds (int) until something is due, 0 for now, None if nothing waits; a board may sleep then."""
        now = self.now()
        times = [entry.until for entry in self.pending()]
        if self.heartbeat:
            times.append(self.beat)
        return max(min(times) - now, self.policy.wait(now)) if times else None

    def pending(self):
        """Return the mails that wait (list of Entry)."""
        return [entry for entry in self.entries if entry.state != "dead"]

    def dead(self):
        """Return the mails that were given up (list of Entry); ``.why`` and ``.gone`` tell the reason."""
        return [entry for entry in self.entries if entry.state == "dead"]

    def read(self, entry):
        """Return the ``Message`` of an entry, None if its file is damaged; OSError if it cannot be read."""
        found = self.spool.read(entry)
        return found and found[0]

    def retry(self, entry=None):
        """Let the route and all mails that wait be tried at once; or revive this one, which is dead."""
        if entry is None:
            self.policy.worked()
            self.save()
        for one in [entry] if entry else self.pending():
            # What is held back for others of its kind stays so.
            if one is self.current or (one.more and one.state == "pending"):
                continue
            if one.state == "dead":
                if one.gone:
                    one.left = [address for address, _ in one.gone]
                one.gone = []
                one.since = one.tried = self.now()
                one.attempts = one.doubts = 0
            one.state = "pending"
            one.asked = False
            one.until = 0
            self.store(one)

    def purge(self, entry=None):
        """Remove the dead mails, or this one whatever its state."""
        for one in [entry] if entry else self.dead():
            if one is not self.current:
                self.remove(one)
