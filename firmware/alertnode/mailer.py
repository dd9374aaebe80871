"""Mails on their way: kept in RAM in their order, sent when it is time, each failure answered by its kind."""

import random

_MOST = 20
_FIRST_PAUSE = 30
_LONGEST_PAUSE = 3600
# A configuration that the server refuses is tried again seldom: Exchange blocks senders that go on and on.
_REST = 6 * 3600
_UNCERTAIN_PAUSE = 300
_UNCERTAIN_TRIES = 3


class Mail:
    """A message on its way, with the console ``line`` that tells what it is about."""

    def __init__(self, message, line, what):
        self.message = message
        self.line = line
        self.what = what
        self.uncertain = 0


class Mailer:
    """Sends what was put, in order.

    ``umail`` is the library; ``route`` its Route; ``sender`` and ``to`` are addresses; ``uptime`` gives seconds that
    never jump; ``say`` takes console lines; ``limits`` are the library's keywords ``timeout``, ``deadline``, ``tick``.
    """

    def __init__(self, umail, route, sender, to, uptime, say, limits):
        self._umail = umail
        self._route = route
        self._sender = sender
        self._to = to
        self._uptime = uptime
        self._say = say
        self._limits = limits
        self._queue = []
        self._due = 0
        self._pause = _FIRST_PAUSE
        self._dropped = 0

    def put(self, subject, text, line, what):
        """Keep a mail; ``line`` says what it is about, ``what`` is a word for it, such as "alert"."""
        if len(self._queue) == _MOST:
            # The latest state matters most to a person; that something is missing is told.
            self._queue.pop(0)
            self._dropped += 1
        if self._dropped:
            text += "\n%d earlier mails were dropped: they could not be sent for too long.\n" % self._dropped
        message = self._umail.Message(self._sender, self._to, subject, text=text)
        self._queue.append(Mail(message, line, what))

    def pending(self):
        """How many mails wait."""
        return len(self._queue)

    def due(self):
        """True when a mail waits and it is time to try."""
        return bool(self._queue) and self._uptime() >= self._due

    def flush(self):
        """Send what is due; every failure becomes a console line."""
        while self.due():
            try:
                self._send()
                self._pause = _FIRST_PAUSE
            except self._umail.MailError as error:
                self._failed(error)

    def _send(self):
        if len(self._queue) == 1:
            self._sent(self._umail.send(self._route, self._queue[0].message, **self._limits))
            return
        with self._umail.Client(self._route, **self._limits) as client:
            while self._queue:
                self._sent(client.send(self._queue[0].message))

    def _sent(self, receipt):
        mail = self._queue.pop(0)
        self._dropped = 0
        refused = [pair[0] for pair in receipt.refused]
        reached = [address for address in mail.message.recipients if address not in refused]
        trips = receipt.round_trips
        self._say("%s: %s mailed to %s in %d round trips" % (mail.line, mail.what, ", ".join(reached), trips))
        for address, reply in receipt.refused:
            self._say("%s was refused by the server: %s" % (address, reply))

    def _failed(self, error):
        mail = self._queue[0]
        kind = error.kind
        if kind == "permanent":
            self._queue.pop(0)
            then = "the %s is given up" % mail.what
        elif kind == "uncertain":
            mail.uncertain += 1
            if mail.uncertain == _UNCERTAIN_TRIES:
                self._queue.pop(0)
                then = "the %s may have arrived, and is not sent again" % mail.what
            else:
                then = self._wait(_UNCERTAIN_PAUSE)
        elif kind == "temporary":
            # Full jitter on the upper half: boards that failed together do not come back together.
            then = self._wait(int(self._pause * (1 + random.random()) / 2))
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            then = self._wait(_REST)
        self._say("%s: %s not mailed, %s failure at %s: %s" % (mail.line, mail.what, kind, error.stage, error))
        self._say("%s Now %s." % (error.advice, then))

    def _wait(self, seconds):
        self._due = self._uptime() + seconds
        return "%d waiting, tried again in %d s" % (len(self._queue), seconds)
