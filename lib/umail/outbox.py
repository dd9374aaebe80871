"""The outbox: what is put here is on flash, and goes out when it is time, once, whatever the power and the network do.

How it works. ``put`` writes a file (spool.py) and asks the policy (policy.py) whether the mail goes by itself or is
held back with others. ``flushing`` (flushing.py) is a generator over ``Delivery``, as a driver runs it (blocking.py,
aio.py); ``flush`` runs it with sockets. Just before the last octets of a mail leave, its state becomes ``"sending"`` on
flash. A file that is found so after a reset may have been delivered: it is sent again later, with the same Message-ID,
and not often. The file is removed only after the server's final 250.

Time is the outbox's own (``now``): whole seconds that never go back. They count on from what was last written down,
and by the date across a reset, once the date is known; so neither a clock that is unset nor one that jumps does harm.
"""

import time

from .delivery import clock_is_set
from .queue.spool import Entry, Spool

# So much of the file system is left free: marking a mail needs room, too.
_ROOM = 16384
_WEEK = 604800


def _date():
    return int(time.time()) if clock_is_set() else None


def _uptime():
    # Whole seconds since now, for calls at least once in six days: a board's ticks wrap.
    from .net import sockets

    state = [sockets.ticks(), 0]

    def uptime():
        now = sockets.ticks()
        state[1] += sockets.left(now, state[0])
        state[0] = now
        return state[1] // 1000

    return uptime


class Outbox:
    """Mails on flash until they are delivered.

    Args:
        path (str): a directory of its own.
        route: a ``Route`` or a list of them, as for ``Client``.
        policy (Policy): pauses, limits and storm control; None: the defaults.
        most_bytes (int), most (int): octets and number of mails kept. Beyond, dead mails go first, then those of the
            lowest priority, the oldest first; each is counted and told in the next mail.
        timeout, deadline (float), tick (callable): as of ``Client``.
        report (callable): ``report(message, result)`` after each attempt, with a ``Receipt`` or a ``MailError``. A
            route that goes on failing the same way is reported once.
        heartbeat (callable): returns the ``Message`` that says "all is well", every so many seconds (int):
        every: a week.
        expires: pairs of a name and a date (seconds of ``time.time()``): a heartbeat warns 30 days before.
        config (str): any word that changes when a person changes the configuration: the route then rests no more.
        slept (int): seconds of deep sleep since the last outbox ended, for a board that does not know the date.
        uptime, date (callable): seconds since the start; ``time.time()`` or None while the clock is unset.
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
    ):
        if policy is None:
            from random import random

            from .policy import Policy

            policy = Policy(random)
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
        self.uptime = uptime or _uptime()
        self.date = date or _date
        # The mail that is being sent: nothing else may touch it meanwhile.
        self.current = None
        self.busy = False
        self.entries = []
        self.spool = Spool(path)
        self._load(slept)

    # -- time, and what is remembered --------------------------------------------------------------------------------

    def now(self):
        """The outbox's time, in whole seconds."""
        now = self._base + int(self.uptime())
        if self._behind:
            date = self.date()
            if date is not None:
                # The first date since the start: so long the board was off.
                then, at = self._behind
                self._behind: "tuple | None" = None
                gap = date - at - (now - then)
                if gap > 0:
                    self._base += gap
                    now += gap
        return now

    def _load(self, slept):
        state = self.spool.load() or [0, None, self.config, [0, 0, 0, ""], None, None]
        self.entries, marks, damaged = self.spool.scan()
        then, date = max([(mark[0], mark[1] or 0) for mark in marks + [state]])
        self._base = then + slept - int(self.uptime())
        self._behind = (then, date) if date else None
        # What the next mail tells: how many were dropped, damaged and given up, and why the last one was.
        self.notes = state[3]
        self.notes[1] += damaged
        self.beat = state[4]
        if state[5]:
            self.policy.load(state[5])
        if state[2] != self.config:
            self.policy.worked()
        if self.beat is None:
            self.beat = self.now() + self.policy.spread(self.every)
            self.save()
        elif slept and self.date() is None:
            # Nothing else tells the next one that time went on.
            self.save()
        held = {}
        for entry in list(self.entries):
            if entry.state == "sending":
                self.doubt(entry)
            if entry.more and entry.state == "pending":
                # Of two that hold the same group, the newer was written before the older could be removed.
                if entry.group in held:
                    self.remove(held[entry.group])
                held[entry.group] = entry

    def save(self):
        """Write down what must survive a reset. Where the flash refuses, only that is forgotten."""
        try:
            self.spool.save([self.now(), self.date(), self.config, self.notes, self.beat, self.policy.dump()])
        except OSError:
            pass

    def store(self, entry):
        """Write the state of a mail down. Where the flash refuses, it is known until the next reset."""
        try:
            self.spool.append(entry, self.now(), self.date())
        except OSError:
            pass

    def remove(self, entry):
        """Remove a mail."""
        self.entries.remove(entry)
        self.spool.remove(entry)

    def doubt(self, entry):
        """The power went, or the program was stopped, while it was sent: it may have been delivered."""
        entry.doubts += 1
        entry.state = "uncertain"
        entry.until = self.now() + self.policy.spread(self.policy.doubt)
        entry.why = "it may have been delivered: sending was interrupted"
        if entry.doubts >= self.policy.doubts:
            self.bury(entry)

    def bury(self, entry):
        """Give a mail up; the next one tells."""
        entry.state = "dead"
        self.notes[2] += 1
        self.notes[3] = entry.why
        self.store(entry)
        self.save()

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
        now = self.now()
        until, group = self.policy.admit(now, key, recovery, priority > 1)
        record = self.policy.keys.get(key)
        if record:
            if record[4] and (until or recovery):
                message.headers = message.headers + [("In-Reply-To", record[4]), ("References", record[4])]
            elif not recovery:
                record[4] = message.message_id
        more = 0
        old = None
        if until:
            more = 1
            for entry in self.entries:
                if entry.more and entry.group == group and entry.state == "pending" and entry is not self.current:
                    old = entry
                    more = old.more + 1
                    until = old.until
            if group == "":
                message = self._digest(message, old, more)
        entry = self.write(message, group, priority, until, more, old.since if old else now, copy)
        if old:
            self.remove(old)
        self._trim()
        self.save()
        return entry if entry in self.entries else None

    def _digest(self, message, old, more):
        # Many mails of an hour in one: their subjects.
        from .message import Message

        text = message.subject + "\n"
        before = self.read(old) if old else None
        if before:
            text = before.text + text if len(before.text) < 4000 else before.text
        return Message(message.author, message.to, "%d more mails" % more, text, cc=message.cc, bcc=message.bcc)

    def write(self, message, group, priority, until, more, since, copy=True):
        """Store a mail, whatever the policy; returns its Entry."""
        size = sum([len(text or "") for text in (message.text, message.html)])
        free = self.spool.free()
        self._trim(size + sum([part.size() or 0 for part in message.attachments]) + _ROOM - free, priority)
        entry = Entry(self.entries[-1].number + 1 if self.entries else 1, 0)
        entry.priority = priority
        entry.group = group
        entry.more = more
        entry.since = since
        entry.take([0, 0, "pending", until, 0, 0, message.date, None, [], ""])
        self.spool.write(entry, message, copy, self.most_bytes, self.now(), self.date())
        self.entries.append(entry)
        return entry

    def _trim(self, lacking=0, priority=1 << 20):
        # Drop what is too much. Counted before it is removed: a power cut may count it twice, but not hide it.
        while self.entries:
            total = sum([entry.size for entry in self.entries])
            if len(self.entries) <= self.most and total <= self.most_bytes and lacking <= 0:
                return
            rank, victim = min([((e.state != "dead", e.priority, e.number), e) for e in self.entries])
            if victim is self.current or (rank[0] and rank[1] > priority):
                return
            if rank[0]:
                self.notes[0] += 1
                self.save()
            lacking -= victim.size
            self.remove(victim)

    # -- sending -----------------------------------------------------------------------------------------------------

    def flush(self, budget=None):
        """Send what is due, the highest priority and then the oldest first, over one connection.

        Args:
            budget (float): no mail is begun after so many seconds, and none has a later deadline. The reply to a mail
                whose last octet has left is waited for all the same.

        Returns:
            int: how many were delivered. Failures do not raise; see ``report``, ``pending`` and ``dead``.
        """
        from .blocking import Wire

        return Wire(self.timeout, self.tick).run(self.flushing(budget))

    def flushing(self, budget=None):
        """What ``flush`` does, as a generator for a driver; a second one beside it does nothing."""
        from .queue.run import Flush

        if self.busy:
            return 0
        self.busy = True
        try:
            return (yield from Flush(self).run(budget))
        finally:
            self.busy = False

    # -- looking and mending -----------------------------------------------------------------------------------------

    def wait(self):
        """Seconds until something is due (int), 0 for now; None: nothing waits. For a board that sleeps meanwhile."""
        now = self.now()
        times = [entry.until for entry in self.pending()]
        if self.heartbeat:
            times.append(self.beat)
        return max(min(times) - now, self.policy.wait(now)) if times else None

    def pending(self):
        """The mails that are on their way: list of Entry."""
        return [entry for entry in self.entries if entry.state != "dead"]

    def dead(self):
        """The mails that were given up, ``.why`` and ``.gone`` telling of what: list of Entry."""
        return [entry for entry in self.entries if entry.state == "dead"]

    def read(self, entry):
        """The ``Message`` of an entry, or None where its file is damaged."""
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
                one.since = self.now()
                one.attempts = one.doubts = 0
            one.state = "pending"
            one.until = 0
            self.store(one)

    def purge(self, entry=None):
        """Remove the dead mails, or this one whatever its state."""
        for one in [entry] if entry else self.dead():
            if one is not self.current:
                self.remove(one)
