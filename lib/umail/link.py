"""One non-blocking connection, its clock and its deadline: everything a driver does that never waits."""

from select import POLLIN, POLLOUT

from . import sockets

# A wait is cut into slices no longer than this, so that ``tick`` comes at least once a second.
SLICE = 500


class Link:
    """What both drivers have in common; each adds ``run``, ``connect``, ``receive`` and ``transmit``, which wait.

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

    # -- what the generators ask for by name (see delivery.py) -------------------------------------------------------

    def limit(self, seconds):
        """All that follows must be done within ``seconds``."""
        self.until = self.end = sockets.after(sockets.ticks(), int(seconds * 1000))

    def lookup(self, host):
        """The addresses of ``host`` by the system's resolver."""
        return sockets.lookup(host)

    def call(self, function, refresh):
        """An access token: ``function`` is run by this driver where it is a generator's (umail.oauth), else called."""
        steps = getattr(function, "steps", None)
        if not steps:
            return function(refresh=refresh)
        wire = type(self)(self.timeout, self.tick)
        wire.until = wire.end = self.end
        return wire.run(steps(refresh))

    def tls(self, route, host):
        """Turn to TLS as ``route`` says, for a server called ``host``; the handshake runs with the next octets."""
        from . import tls

        self.sock = tls.wrap(self.sock, route, host)
        self.handshake = True

    def idle(self):
        """None where the connection stands and nothing has come in; else as a receive."""
        return self.listen() if self.sock else 0

    def close(self):
        """Close the socket, whatever it does."""
        sock, self.sock = self.sock, None
        self.handshake = False
        if sock:
            try:
                sock.close()
            except OSError:
                pass

    # -- for the drivers ----------------------------------------------------------------------------------------------

    def begin(self, address, port, buffer):
        """Begin to connect; the driver waits until the socket can be written to and calls ``connected``."""
        self.close()
        self.buffer = buffer
        self.begin_wait(self.timeout)
        self.sock = sockets.begin_connect(address, port)

    def begin_udp(self, server, packet, seconds):
        """Send a datagram from a fresh port, or with None wait for another; ``server`` may end in ``#port``."""
        if packet is not None:
            self.close()
            address, _, port = server.partition("#")
            self.sock = sockets.begin_connect(address, int(port or 53), True)
            self.begin_wait(seconds)
            sockets.transmit(self.sock, packet)

    def connected(self):
        """The local address of the connection, or None; raises OSError where it was refused."""
        # A connection that failed says so at the first receive.
        self.listen()
        return sockets.local_address(self.sock)

    def begin_wait(self, seconds):
        """A wait of at most ``seconds`` begins."""
        now = sockets.ticks()
        self.until = sockets.after(now, min(int(seconds * 1000), max(0, sockets.left(self.end, now))))

    def slice(self):
        """Milliseconds to wait now, after a tick; raises OSError(ETIMEDOUT) where the time is up."""
        rest = sockets.left(self.until, sockets.ticks())
        if rest <= 0:
            from errno import ETIMEDOUT

            raise OSError(ETIMEDOUT)
        if self.tick:
            self.tick()
        return min(rest, SLICE)

    def take(self):
        """Receive into the buffer: the count, 0 at the end, or ``-event`` to wait for."""
        try:
            count = sockets.receive(self.sock, self.buffer.space())
        except (OSError, ValueError) as error:
            raise self._meaning(error)
        if count > 0:
            self.handshake = False
            self.buffer.add(count)
        return count

    def give(self, octets):
        """Send some octets: the count, or ``-event`` to wait for."""
        try:
            count = sockets.transmit(self.sock, octets)
        except (OSError, ValueError) as error:
            raise self._meaning(error)
        if count > 0:
            self.handshake = False
        return count

    def listen(self):
        """Receive what has come in already: the count, 0 at the end, None where there is nothing or no room."""
        if len(self.buffer) == len(self.buffer.data):
            return None
        count = self.take()
        return None if count < 0 else count

    def events(self, count, listening):
        """What to wait for after ``give`` gave ``count``: its event, and input where there is room for it."""
        return -count | POLLIN if listening and -count == POLLOUT else -count

    def _meaning(self, error):
        if self.handshake:
            from . import tls

            return tls.failure(error) or error
        return error
