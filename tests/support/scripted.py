"""A scripted server for the sans-I/O core: runs a generator against a conversation written down beforehand.

A script is a list of ``("C", bytes)`` (the client must send exactly these), ``("S", bytes)`` (the server says these),
``("TLS",)`` (the client must turn to TLS here), ``("END",)`` (the server closes) and ``("FAIL", error)`` (I/O fails).
"""

from drive import Driver


class Drive(Driver):
    """Runs one generator; ``cut`` bytes of a reply come at a time (None: a whole turn at once)."""

    def __init__(self, buffer, script, cut=None):
        self.buffer = buffer
        self.script = list(script)
        self.cut = cut
        self.sent = b""
        self.pieces = []
        self.tuples = []
        self.waits = []
        self.pending = b""

    def ask(self, *what):
        if what[0] == "tls":
            self._client_said()
            self._expect("TLS")
        self.tuples.append(what)

    def hear(self, data):
        self.pieces.append(data)
        self.sent += data

    def _expect(self, kind):
        if not self.script or self.script[0][0] != kind:
            raise AssertionError("the client did %s; the script goes on with %r" % (kind, self.script[:2]))
        return self.script.pop(0)

    def _client_said(self):
        while self.sent:
            wanted = self._expect("C")[1]
            if self.sent[: len(wanted)] != wanted:
                raise AssertionError("the client sent %r; the script has %r" % (self.sent, wanted))
            self.sent = self.sent[len(wanted) :]

    def receive(self, seconds):
        self.waits.append(seconds)
        self._client_said()
        if not self.pending:
            kind = self.script[0][0] if self.script else None
            if kind == "END":
                return 0
            if kind == "FAIL":
                raise self.script.pop(0)[1]
            self.pending = self._expect("S")[1]
        count = self.give(self.pending[: self.cut] if self.cut else self.pending)
        self.pending = self.pending[count:]
        return count

    def finish(self):
        """The whole script must have been played."""
        self._client_said()
        if self.script:
            raise AssertionError("never came: %r" % (self.script,))
