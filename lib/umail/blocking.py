"""The blocking driver: runs the library's generators over non-blocking sockets with poll. It knows no SMTP."""

from select import poll

from .delivery import Delivery
from .net import transport


class Wire(transport.Transport):
    """Drives a generator (the contract is in session.py and delivery.py) and waits by poll."""

    def run(self, generator):
        """Run a generator to its end and return its result; what escapes it unforeseen closes the socket."""
        answer = error = None
        try:
            while True:
                what = generator.throw(error) if error else generator.send(answer)
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
            generator.close()

    def receive(self, timeout):
        """Receive into the buffer: the count, 0 at the end. A positive number begins a wait, 0 goes on with it."""
        if timeout:
            self.wait_for(timeout)
        while True:
            count = self.take()
            if count >= 0:
                return count
            self.wait(-count)

    def transmit(self, data):
        """Send all of ``data``, receiving meanwhile. If the socket takes them at once, nothing is allocated."""
        count = self.move(data, -4)
        listening = self.take() != 0
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
                    listening = self.take() != 0
            count = self.move(view, -4)

    def wait(self, event):
        """Wait for one slice; the event of poll that have come."""
        milliseconds = self.slice()
        poller = poll()
        poller.register(self.sock, event)
        for _, ready in poller.poll(milliseconds):
            return ready
        return 0


def send(route, message, timeout=30, deadline=120, tick=None):
    """Connect, send one ``Message`` with QUIT in the last flight, close; returns a ``Receipt``. Else as ``Client``."""
    return Wire(timeout, tick).run(Delivery(route, timeout, deadline).send(message, True))
