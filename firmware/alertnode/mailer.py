"""Takes mails into the outbox on flash, sends them when it is time, and reports every outcome as a console line."""

import gc

from alertnode import texts

# What full flash leaves to RAM; more would not fit.
_MOST = 5
# So many mails have a line of their own when they go; those before them have their subject.
_LINES = 12
# What the outbox makes one mail of if it comes too often.
_STORMS = ("alert", "recovery")


class Mailer:
    """Reports what the outbox does, and stands in for it while the flash is full.

    ``umail`` is the library; ``outbox`` its Outbox; ``sender`` and ``to`` are addresses; ``say`` takes console lines,
    ``note`` what is in the log only.
    """

    # A Kept, on a board on battery.
    kept = None

    def __init__(self, umail, outbox, sender, to, say, note=lambda text: None):
        self.outbox = outbox
        self.umail = umail
        self._sender = sender
        self._to = to
        self.say = say
        self._note = note
        # What the latest mails of this run are about: Message-ID, line, kind of event; the others have their subject.
        self._lines = []
        # What the flash refused: (Message, kind of event, key) each; when they are tried again.
        self.loose = []
        self.retry = 0
        # Called if a certificate's dates make the time doubtful; all of these after each flush.
        self.doubt_time = None
        self.flushed = ()
        # Called after mails went, if that is wanted.
        self.ping = None
        # Mails that a server has taken since the start.
        self.sent = 0
        outbox.report = self.report

    def message(self, subject, text, to=(), **more):
        """Return a Message from the board to the addresses ``to``, () for its people; ``more`` as of umail.Message."""
        return self.umail.Message(self._sender, to or self._to, subject, text=text, **more)

    def keep(self, message, line):
        """Keep a Message that is not an alert, behind those that are; return False if the flash refuses it."""
        self._remember(message, line, "summary")
        try:
            self.outbox.write(message, None, 0, 0, 0, self.outbox.now())
        except (OSError, MemoryError):
            self._forget(message)
            return False
        return True

    def put(self, subject, text, line, what, key, to=(), hold=0, first=False):
        """Keep a mail: durable on return, unless the flash is full.

        ``line`` says what it is about, ``what`` is a kind of event, ``key`` names the rule that an alert and its
        recovery belong to; ``to`` are addresses, () for the board's people. It waits for ``hold`` seconds; the
        ``first`` of its kind is not bound by the mails an hour.
        """
        message = self.message(subject, text, to)
        self._remember(message, line, what)
        why = self._store(message, what, key, hold, first)
        if why:
            self.say("%s: %s, the %s is kept in RAM only" % (line, why, texts.word(what)))
            self.loose.append((message, what, key))
            if len(self.loose) > _MOST:
                # The next mail that leaves reports it.
                self.outbox.notes.dropped += 1
                self.outbox.tell()
                self.say("%s: dropped, as RAM is full of mails too" % self._about(self.loose.pop(0)[0])[0])

    def pending(self):
        """Return how many mails wait."""
        return len(self.outbox.pending()) + len(self.loose)

    def wait(self):
        """Return the seconds until there is something to do, 0 for now; None: nothing waits."""
        wait = self.outbox.wait()
        if not self.loose:
            return wait
        loose = max(0, self.retry - self.outbox.now())
        return loose if wait is None else min(loose, wait)

    def settle(self):
        """Store what the flash refused, and what could not be read; return False if that is to be tried again."""
        return self.outbox.settle()

    def close(self):
        """Close the outbox, unless it or RAM holds what no other one would find on flash; return True if it did."""
        box = self.outbox
        if self.pending() or any(box.notes.dump()) or box.spool.unread or box.late or not self.settle():
            return False
        box.save()
        box.close()
        return True

    def due(self):
        """Return True if it is time to flush."""
        return self.wait() == 0

    def flush(self, budget=None):
        """Send what is due, begin nothing after ``budget`` seconds; every outcome becomes a console line."""
        for loose in list(self.loose):
            if not self._store(*loose):
                self.loose.remove(loose)
        # A handshake wants large pieces of memory.
        gc.collect()
        dead = len(self.outbox.dead())
        sent = self.sent
        try:
            self.outbox.flush(budget)
        except MemoryError:
            _seldom().flush(self, budget)
        for entry in self.outbox.dead()[dead:]:
            self.say("gave up on a mail; the next one will say so: %s" % entry.why)
        unread = self.outbox.unread
        if unread and self.outbox.pending():
            self.say("a mail was not sent: %s; next try in %s" % (unread.why, texts.duration(self.wait())))
        if self.loose and self.retry <= self.outbox.now():
            _seldom().send_loose(self)
        if self.ping and self.sent > sent:
            self.ping()
        for follow in self.flushed:
            follow()

    def _store(self, message, what, key, hold=0, first=False):
        """Return "" if it is durable now, else why not."""
        try:
            # What is reported once more because it lasts is not a storm.
            about = key if what in _STORMS else None
            entry = self.outbox.put(message, key=about, priority=1 + first, recovery=what == "recovery")
        except OSError:
            return "flash is full or worn"
        except MemoryError:
            return "memory is short"
        if hold and entry is not None:
            entry.until = max(entry.until, self.outbox.now() + hold)
            try:
                self.outbox.store(entry)
            except (OSError, MemoryError):
                # The mail itself is on flash; after a reset it goes earlier.
                pass
            return ""
        if entry is not None and entry.more:
            wait = max(0, entry.until - self.outbox.now())
            about = self._about(message)[0]
            self.say("%s: held back with others of its kind, for %s at most" % (about, texts.duration(wait)))
        return ""

    def _remember(self, message, line, what):
        # (Bounded: a mail that became part of another is never reported by its own Message-ID.)
        self._lines = self._lines[1 - _LINES :] + [(message.message_id, line, what)]

    def _forget(self, message):
        self._lines = [one for one in self._lines if one[0] != message.message_id]

    def _about(self, message):
        for name, line, what in self._lines:
            if name == message.message_id:
                return line, what
        return message.subject, "message"

    def report(self, message, result):
        """Tell of an attempt: ``result`` is a Receipt or a MailError."""
        line, what = self._about(message)
        if isinstance(result, self.umail.MailError):
            _seldom().failed(self, line, what, result)
            return
        self._forget(message)
        refused = [address for address, _ in result.refused]
        reached = [address for address in message.recipients if address not in refused]
        if reached:
            self.sent += 1
            trips = texts.count(result.round_trips, "1 round trip", "%d round trips")
            self.say("%s: %s mailed to %s in %s" % (line, texts.word(what), ", ".join(reached), trips))
            # By it an administrator follows the mail inside Microsoft 365.
            self._note("Message-ID %s" % message.message_id)
        for address, reply in result.refused:
            self.say("%s was refused by the server: %s" % (address, reply))


def _seldom():
    from alertnode import seldom, unload

    unload("seldom")
    return seldom


def beating(app):
    """Return what makes the mail that says that all is well, for an outbox.

    (Here, as a function keeps its whole module in memory: mail_setup goes.)
    """

    def beat():
        return _seldom().heartbeat(app)

    return beat
