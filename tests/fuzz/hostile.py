"""A driver without sockets, clock or TLS that plays a hostile script against the core, and writes down what happens.

On either interpreter. What the core yields and what it is told goes to ``note``, byte for byte; a judge, where there
is one, sees the same and raises ``Wrong`` if the core does what it must not.
"""

from errno import ECONNREFUSED, ECONNRESET, ETIMEDOUT

from fuzz.script import END, RESET, TIMEOUT, UNTRUSTED, connections
from support.drive import Driver as Loop
from umail import load_transient

_ADDRESS = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
_MAIL_HOST = b"\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\x12\0\x0a\1m\2mx\x09microsoft\0"


# Milliseconds that passed in pauses since the run began: all the time there is here.
elapsed = [0]


class Wrong(Exception):
    """The core did what it must never do; the argument says what (str)."""


class Lost(OSError):
    """An I/O error that reads the same on every interpreter."""

    def __str__(self):
        return "lost %s" % self.args[0]


class Driver(Loop):
    """Runs generators of the core.

    Args:
        script (bytes): see script.py.
        cut (int): at most so many bytes are received at a time; 0: as many as there are.
        note (callable): is handed each line (bytes) of the trace.
        judge: is told ``connected``, ``secured``, ``sent``, ``said`` and ``waited``; or None.
        most (int): the core may yield so often before it counts as endless.
    """

    errors = Exception
    never = (Wrong, AttributeError, TypeError)

    def __init__(self, script, cut, note, judge=None, most=5000):
        self.left = connections(script)
        self.events = []
        self.cut = cut
        self.note = note
        self.judge = judge
        self.most = most
        self.buffer = None
        self.handshake = None

    def do(self, what):
        self.most -= 1
        if not self.most:
            raise Wrong("the core goes on without an end")
        return super().do(what)

    def ask(self, name, *args):
        self.note(("%s %s" % (name, " ".join([str(word) for word in args[:2] if _plain(word)]))).encode())
        return super().ask(name, *args)

    def receive(self, seconds):
        if seconds < 0:
            raise Wrong("a wait of %r seconds" % seconds)
        self.note(b"wait %d" % seconds)
        if seconds and self.judge:
            self.judge.waited()
        count = self._receive()
        self.note(b"received %d" % count)
        return count

    def hear(self, data):
        self.note(b"send " + data)
        if self.judge:
            self.judge.sent(data)
        return self._transmit()

    # -- what the core asks for by name (see delivery.py) -------------------------------------------------------------

    def limit(self, seconds, keep=True):
        if seconds is not None and not 0 < seconds <= 3600:
            raise Wrong("a limit of %r seconds" % seconds)

    def pause(self, seconds):
        self.limit(seconds)
        elapsed[0] += int(seconds * 1000)

    def lookup(self, host):
        return ["192.0.2.1"]

    def udp(self, server, packet, seconds):
        # Every name has the same address, every domain the same mail host.
        record = _MAIL_HOST if packet[-3] == 15 else _ADDRESS
        return packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + packet[12:] + record

    def connect(self, address, port, buffer):
        if not self.left:
            raise Lost(ECONNREFUSED)
        self.events = self.left.pop(0)
        self.buffer = buffer
        self.handshake = None
        if self.judge:
            self.judge.connected()
        return "192.0.2.7"

    def tls(self, route, host):
        self.handshake = route
        if self.judge:
            self.judge.secured(route, host)

    def call(self, function, refresh):
        return function(refresh=refresh)

    def close(self):
        self.events = []
        self.handshake = None

    def idle(self):
        if not self.events or not self.events[0][0]:
            return None
        return self._receive()

    # -- receiving ----------------------------------------------------------------------------------------------------

    def _receive(self):
        count = self._take()
        if count:
            self.handshake = None
        elif self.handshake:
            raise self._failed(Lost("EOF"))
        return count

    def _transmit(self):
        # Meanwhile the driver receives, and the end of the stream is not an error yet.
        while self.events and self.events[0][0]:
            if not len(self.buffer.space()):
                return
            count = self._take()
            self.note(b"early %d" % count)
            if not count:
                return

    def _take(self):
        if not self.events:
            return 0
        event = self.events[0][1]
        if not isinstance(event, bytes):
            # What has ended stays so.
            if event == END:
                self.events = [[True, END]]
                return 0
            self.events.pop(0)
            number = {TIMEOUT: ETIMEDOUT, RESET: ECONNRESET, UNTRUSTED: ECONNRESET}[event]
            if event == UNTRUSTED and self.handshake:
                number = "The certificate is not correctly signed by the trusted CA"
            raise self._failed(Lost(number))
        space = self.buffer.space()
        count = min(len(space), len(event), self.cut or len(event))
        if not count:
            raise Wrong("a receive into a full buffer")
        space[:count] = event[:count]
        self.buffer.end += count
        if count == len(event):
            self.events.pop(0)
        else:
            self.events[0][1] = event[count:]
        if self.judge:
            self.judge.said(event[:count])
        return count

    def _failed(self, error):
        return load_transient("net.tls_failure").meaning(error, self.handshake) if self.handshake else error


def _plain(word):
    # (MicroPython does not count bool as int.)
    return isinstance(word, str) or type(word) in (int, float)
