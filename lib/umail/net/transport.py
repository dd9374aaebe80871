"""One non-blocking connection, its clock and its deadline: everything a driver does that never waits."""

from umail import load_transient

from . import sockets


class Raised(BaseException):
    """What a caller's function raised, on its way out past everything that handles failures of the network."""


class Transport:
    """What both drivers have in common; each adds ``run``, ``connect``, ``receive`` and ``transmit``, which wait.

    Args:
        timeout (float): seconds for a connection to one address.
        tick (callable): called at least once a second while anything waits; feed the watchdog in it.
    """

    # It runs for another, which hands on what a caller's function raised.
    inner = False

    def __init__(self, timeout, tick=None):
        self.timeout = timeout
        self.tick = tick
        self.sock = self.buffer = None
        # The route, if TLS was begun and nothing has passed through it yet: what fails now is the handshake.
        self.handshake = None
        # The route, as long as nothing was received over TLS.
        self.unheard = None
        # The plain socket below TLS, which outlives a handshake that failed; the heap that was free for that.
        self.raw = self.free = None
        self.until = self.end = self.kept = 0

    # -- what the generators ask for by name (see delivery.py) -------------------------------------------------------

    def limit(self, seconds, keep=True):
        """Bound all that follows by ``seconds``; None: by what is left of the last limit that was to be kept."""
        end = self.kept if seconds is None else sockets.after(sockets.ticks(), int(seconds * 1000))
        if keep:
            self.kept = end
        self.until = self.end = end

    def idle(self):
        """Return None if the connection stands and nothing has come in; else as a receive."""
        return self.listen() if self.sock else 0

    def close(self):
        """Close the socket, whatever it does."""
        socks = self.sock, self.raw
        self.sock = self.raw = self.handshake = self.unheard = None
        for sock in socks:
            try:
                if sock:
                    sock.close()
            except OSError:
                pass

    def escaped(self, error):
        """Close, and return what leaves the driver: what a caller's function raised leaves as it came."""
        self.close()
        return error.args[0] if isinstance(error, Raised) and not self.inner else error

    # -- for the drivers ----------------------------------------------------------------------------------------------

    def __getattr__(self, name):
        # ``lookup``, ``call``, ``tls``, ``begin_udp``: what a connection begins with.
        function = getattr(load_transient("net.opening"), name)
        return lambda *arguments: function(self, *arguments)

    def begin_wait(self, seconds):
        """Begin a wait of at most ``seconds``."""
        now = sockets.ticks()
        self.until = sockets.after(now, min(int(seconds * 1000), max(0, sockets.left(self.end, now))))

    def slice(self):
        """Return milliseconds to wait now, after a tick; raises OSError(ETIMEDOUT) if the time is up."""
        rest = sockets.left(self.until, sockets.ticks())
        if rest <= 0:
            from errno import ETIMEDOUT

            raise self._failed(OSError(ETIMEDOUT))
        if self.tick:
            try:
                self.tick()
            except Exception as error:
                raise Raised(error)
        # So that a tick comes at least once a second.
        return min(rest, 500)

    def take(self):
        """Receive into the buffer: the count, 0 at the end, or ``-event`` to wait for."""
        count = self._pass(sockets.receive, self.buffer.space())
        if count > 0:
            self.unheard = None
            self.buffer.add(count)
        return count

    def give(self, data):
        """Send some bytes: the count, or ``-event`` to wait for."""
        return self._pass(sockets.transmit, data)

    def listen(self):
        """Receive what has come in already: the count, 0 at the end, None if there is nothing or no room."""
        if len(self.buffer) == len(self.buffer.data):
            return None
        count = self.take()
        return None if count < 0 else count

    def _pass(self, function, data):
        try:
            count = function(self.sock, data)
        except (OSError, ValueError) as error:
            raise self._failed(error)
        if count > 0:
            self.handshake = None
        elif not count and self.handshake:
            raise self._failed(OSError("EOF"))
        return count

    def _failed(self, error):
        if error.args and isinstance(error.args[0], int) and error.args[0] < 0 and not error.args[1:]:
            error = load_transient("net.tls_failure").worded(error)
        # With TLS 1.3 our side of the handshake is over before the server has looked at our certificate.
        route = self.handshake or ("ALERT" in str(error) and self.unheard)
        return load_transient("net.tls_failure").meaning(error, route, self.free) if route else error
