"""One non-blocking connection, what it receives into, its clock and its deadline: what a driver does without waiting.

Sockets are non-blocking throughout: blocking reads lose bytes when they time out, and their time-out begins again with
every byte that a slow server drips. Their ``readinto`` and ``write`` return a count, 0 at the end of the stream, None
if nothing can be done yet (on CPython also ``-event`` of poll; see sockets_cpython.py). ``after`` and ``left``
reckon with ``ticks``, milliseconds that may wrap.

What stands here is what a plain alert does if all is well; the rest is loaded from opening.py and trouble.py.
"""

import sys
import time

from umail import method

if sys.implementation.name == "micropython":
    ticks = time.ticks_ms
    left = time.ticks_diff
    after = time.ticks_add
else:
    from .sockets_cpython import after, left, ticks


class Buffer:
    """Bytes received and not yet read: one allocation of ``size`` bytes for the life of a connection.

    Attributes:
        hidden: beginnings of secrets (bytes); a line that holds one ends before it, for whoever reads it.
        free: a place for the driver to keep for TLS, until there is a connection.
    """

    hidden = ()
    free = None

    def __init__(self, size=1024):
        self.data = bytearray(size)
        self.view = memoryview(self.data)
        self.start = self.end = 0

    def space(self):
        """Return a memoryview to receive into, empty when the buffer is full; ``end`` grows by what was received."""
        count = len(self)
        if self.start:
            self.data[:count] = self.data[self.start : self.end]
            self.start = 0
            self.end = count
        return self.view[count:] if count else self.view

    def __len__(self):
        return self.end - self.start

    def line(self):
        """Take one line out, without its CRLF: bytes, or None if no whole line is there yet."""
        at = self.data.find(b"\n", self.start, self.end)
        if at < 0:
            return None
        line = bytes(self.view[self.start : at])
        self.start = at + 1
        for secret in self.hidden:
            # A server may repeat what it was told, in whole or cut off.
            at = line.find(secret)
            if at >= 0:
                line = line[:at] + b"***"
        return line[:-1] if line[-1:] == b"\r" else line


class Transport:
    """What both drivers have in common; each adds ``run``, ``receive`` and ``transmit``, which wait.

    Args:
        timeout (float): seconds for a connection to one address.
        tick (callable): called at least once a second while anything waits; feed the watchdog in it.

    Attributes:
        handshake (Route): TLS was begun and nothing has passed through it yet: what fails now is the handshake.
        unheard (Route): nothing was received over TLS yet.
        raw: the plain socket below TLS, which outlives a handshake that failed.
        free: a place kept for TLS; after that how many bytes of heap were free for the handshake.
        inner (bool): it runs for another, which hands on what a caller's function raised.
    """

    handshake = unheard = raw = free = None
    until = end = deadline = 0

    def __init__(self, timeout, tick=None):
        self.timeout = timeout
        self.tick = tick
        self.sock = self.buffer = None

    def limit(self, timeout, store=True):
        """Bound all that follows by ``timeout`` seconds; None: by what is left of the last kept limit."""
        end = self.deadline if timeout is None else after(ticks(), int(timeout * 1000))
        if store:
            self.deadline = end
        self.until = self.end = end

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

    # -- for the drivers ----------------------------------------------------------------------------------------------

    def __getattr__(self, name):
        # What a connection begins with; what is asked for seldom, or goes wrong (see trouble.py).
        where = {"connect": "opening", "lookup": "opening", "tls": "tls", "udp": "opening"}.get(name, "trouble")
        return method(self, "net." + where, name)

    def wait_for(self, timeout):
        """Begin a wait of at most ``timeout`` seconds."""
        now = ticks()
        self.until = after(now, min(int(timeout * 1000), max(0, left(self.end, now))))

    def slice(self):
        """Return milliseconds to wait now, after a tick; raises OSError(ETIMEDOUT) if the time is up."""
        rest = left(self.until, ticks())
        if rest <= 0:
            raise self.failed(None)
        if self.tick:
            try:
                self.tick()
            except Exception as error:
                raise self.failed(error, True)
        # So that a tick comes at least once a second.
        return min(rest, 500)

    def take(self):
        """Receive into the buffer what has come: the count, 0 at the end; if there is nothing, ``-event`` to wait for.

        With a full buffer -1.
        """
        space = self.buffer.space()
        count = self.move(space, -1) if len(space) else -1
        if count > 0:
            self.unheard = None
            self.buffer.end += count
        return count

    def move(self, data, event):
        """Receive into ``data`` (``event`` -1) or send some of it (-4): the count, or ``-event`` to wait for.

        One call of the socket, nothing allocated.
        """
        try:
            count = self.sock.readinto(data) if event == -1 else self.sock.write(data)
        except (OSError, ValueError) as error:
            raise self.failed(error)
        if count is None:
            return event
        if count > 0:
            self.handshake = None
        elif not count and self.handshake:
            raise self.failed(0)
        return count
