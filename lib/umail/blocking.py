"""The blocking driver: runs the library's generators over non-blocking sockets with poll. It knows no SMTP."""

from errno import ETIMEDOUT
from select import POLLIN, POLLOUT, poll

from . import sockets
from .delivery import Delivery
from .errors import MailError

# A poll is never longer, so that ``tick`` comes at least once a second.
_SLICE = 500


class Wire:
    """One socket, its clock and its deadline; ``run`` drives a generator (the contract is in session.py).

    Args:
        timeout (float): seconds for a connection to one address.
        tick (callable): called at least once a second while anything waits; feed the watchdog in it.
    """

    def __init__(self, timeout, tick=None):
        self.timeout = timeout
        self.tick = tick
        self.sock = None
        self.buffer = None
        # TLS was begun and nothing has passed through it yet: what fails now is the handshake.
        self.handshake = False
        self.until = self.end = 0

    def run(self, steps):
        """Run a generator to its end and return its result; whatever escapes it closes the socket."""
        answer = error = None
        try:
            while True:
                try:
                    what = steps.throw(error) if error else steps.send(answer)
                except StopIteration as stop:
                    return stop.value
                answer = error = None
                try:
                    if isinstance(what, tuple):
                        answer = getattr(self, what[0])(*what[1:])
                    elif isinstance(what, (int, float)):
                        answer = self.receive(what)
                    else:
                        self.transmit(what)
                except Exception as raised:
                    error = raised
        except MailError:
            raise
        except BaseException:
            self.close()
            raise
        finally:
            steps.close()

    def limit(self, seconds):
        """All that follows must be done within ``seconds``."""
        self.end = sockets.after(sockets.ticks(), int(seconds * 1000))
        self.until = self.end

    def lookup(self, host):
        """The addresses of ``host``."""
        return sockets.lookup(host)

    def call(self, function, argument):
        """An access token."""
        return function(argument)

    def connect(self, address, port, route, buffer):
        """Connect; returns the local address or None."""
        self.close()
        self.route = route
        self.buffer = buffer
        self._begin_wait(self.timeout)
        self.sock = sockets.begin_connect(address, port)
        self.poll = poll()
        self.poll.register(self.sock, POLLOUT)
        while not self._wait(POLLOUT):
            pass
        # A connection that failed says so at the first receive.
        self._listen()
        return sockets.local_address(self.sock)

    def tls(self):
        """Turn to TLS; the handshake runs with the next send or receive."""
        from . import tls

        self.poll.unregister(self.sock)
        self.sock = tls.wrap(self.sock, self.route)
        self.poll.register(self.sock, POLLIN)
        self.handshake = True

    def idle(self):
        """None where the connection stands and nothing has come in."""
        return self._listen() if self.sock else 0

    def close(self):
        """Close the socket, whatever it does."""
        sock, self.sock = self.sock, None
        self.handshake = False
        if sock:
            try:
                sock.close()
            except OSError:
                pass

    def receive(self, seconds):
        """Receive into the buffer: the count, 0 at the end. A positive number begins a wait, 0 goes on with it."""
        if seconds:
            self._begin_wait(seconds)
        while True:
            count = self._receive()
            if count >= 0:
                return count
            self._wait(-count)

    def transmit(self, octets):
        """Send all of ``octets``, receiving meanwhile. Where the socket takes them at once, nothing is allocated."""
        count = self._transmit(octets)
        self._listen()
        if count == len(octets):
            return
        self.until = self.end
        view = memoryview(octets)
        listening = True
        while True:
            if count > 0:
                view = view[count:]
                if not len(view):
                    return
            else:
                events = -count
                if listening and len(self.buffer) < len(self.buffer.data):
                    events |= POLLIN
                if self._wait(events) & POLLIN and events & POLLIN:
                    listening = self._listen() != 0
            count = self._transmit(view)

    def _receive(self):
        try:
            count = sockets.receive(self.sock, self.buffer.space())
        except (OSError, ValueError) as error:
            raise self._meaning(error)
        if count > 0:
            self.handshake = False
            self.buffer.add(count)
        return count

    def _transmit(self, octets):
        try:
            count = sockets.transmit(self.sock, octets)
        except (OSError, ValueError) as error:
            raise self._meaning(error)
        if count > 0:
            self.handshake = False
        return count

    def _listen(self):
        # What has come in already: a count, 0 at the end of the stream, None where there is nothing.
        if len(self.buffer) == len(self.buffer.data):
            return None
        count = self._receive()
        return None if count < 0 else count

    def _meaning(self, error):
        if self.handshake:
            from . import tls

            return tls.failure(error) or error
        return error

    def _begin_wait(self, seconds):
        now = sockets.ticks()
        self.until = sockets.after(now, min(int(seconds * 1000), max(0, sockets.left(self.end, now))))

    def _wait(self, events):
        # Wait for one slice; the events that have come.
        rest = sockets.left(self.until, sockets.ticks())
        if rest <= 0:
            raise OSError(ETIMEDOUT)
        if self.tick:
            self.tick()
        self.poll.modify(self.sock, events)
        for _, ready in self.poll.poll(min(rest, _SLICE)):
            return ready
        return 0


class Client:
    """Sends mails one after the other over one connection, which is made when first needed and kept.

    Args:
        route: a ``Route``, or a list of them: tried in order where one fails for now or is set up wrongly.
        timeout (float): seconds for a connection and for each reply before the final one.
        deadline (float): seconds for one mail, up to its last octet; the final reply has 600 more (RFC 5321).
        tick (callable): called at least once a second while anything waits.
    """

    def __init__(self, route, timeout=30, deadline=120, tick=None):
        self._delivery = Delivery(route, timeout, deadline)
        self._wire = Wire(timeout, tick)

    def send(self, message):
        """Send one ``Message``; returns a ``Receipt``, raises ``MailError``."""
        return self._wire.run(self._delivery.send(message))

    def close(self):
        """QUIT, not waited for longer than a second, and close."""
        self._wire.run(self._delivery.close())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()


def send(route, message, timeout=30, deadline=120, tick=None):
    """Connect, send one ``Message`` with QUIT in the last flight, close; returns a ``Receipt``. Else as ``Client``."""
    return Wire(timeout, tick).run(Delivery(route, timeout, deadline).send(message, True))
