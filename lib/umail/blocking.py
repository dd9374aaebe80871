"""The blocking driver: runs the library's generators over non-blocking sockets with poll. It knows no SMTP."""

from select import poll

from umail import load_transient

from .delivery import Delivery
from .net.transport import Transport


class Wire(Transport):
    """Drives a generator (the contract is in session.py and delivery.py) and waits by poll."""

    def run(self, steps):
        """Run a generator to its end and return its result; what escapes it unforeseen closes the socket."""
        answer = error = None
        try:
            while True:
                what = steps.throw(error) if error else steps.send(answer)
                answer = error = None
                try:
                    if isinstance(what, tuple):
                        answer = getattr(self, what[0])(*what[1:])
                    elif isinstance(what, int) or isinstance(what, float):
                        # One isinstance with both would build a tuple for each chunk.
                        answer = self.receive(what)
                    else:
                        self.transmit(what)
                except Exception as raised:
                    error = raised
        except StopIteration as stop:
            return stop.value
        except BaseException as escaped:
            # (After a MailError the connection may be of use.)
            if not getattr(escaped, "kind", None):
                self.close()
            raise self.error(escaped)
        finally:
            steps.close()

    def connect(self, address, port, buffer):
        """Connect; returns the local address or None."""
        opening = load_transient("net.opening")
        opening.begin(self, address, port, buffer)
        # POLLOUT
        while not self.wait(4):
            pass
        return opening.connected(self)

    def receive(self, seconds):
        """Receive into the buffer: the count, 0 at the end. A positive number begins a wait, 0 goes on with it."""
        if seconds:
            self.begin_wait(seconds)
        while True:
            count = self.take()
            if count >= 0:
                return count
            self.wait(-count)

    def transmit(self, data):
        """Send all of ``data``, receiving meanwhile. If the socket takes them at once, nothing is allocated."""
        count = self.give(data)
        listening = self.listen() != 0
        if count == len(data):
            return
        if not self.handshake:
            self.until = self.end
        view = memoryview(data)
        while True:
            if count > 0:
                view = view[count:]
                if not len(view):
                    return
            else:
                self.wait(-count | 1 if listening else -count)
                if listening:
                    # The end of its stream does not say that the server no longer reads.
                    listening = self.listen() != 0
            count = self.give(view)

    def wait(self, event):
        """Wait for one slice; the event of poll that have come."""
        milliseconds = self.slice()
        poller = poll()
        poller.register(self.sock, event)
        for _, ready in poller.poll(milliseconds):
            return ready
        return 0


class Client:
    """Sends mails one after the other over one connection, which is made when first needed and kept.

    Args:
        route: a ``Route``, or a list of them: tried in order if one fails for now or is set up wrongly.
        timeout (float): seconds for a connection and for each reply before the final one.
        deadline (float): seconds for one mail, up to its last byte; the final reply has 600 more (RFC 5321).
        tick (callable): called at least once a second while anything waits.
    """

    def __init__(self, route, timeout=30, deadline=120, tick=None):
        self._delivery = Delivery(route, timeout, deadline)
        self._wire = Wire(timeout, tick)

    def send(self, message):
        """Send one ``Message``; returns a ``Receipt``, raises ``MailError``."""
        return self._wire.run(self._delivery.send(message))

    def close(self):
        """Take leave of the server, not waiting longer than a second for its answer, and close."""
        self._wire.run(self._delivery.close())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()


def send(route, message, timeout=30, deadline=120, tick=None):
    """Connect, send one ``Message`` with QUIT in the last flight, close; returns a ``Receipt``. Else as ``Client``."""
    return Wire(timeout, tick).run(Delivery(route, timeout, deadline).send(message, True))
