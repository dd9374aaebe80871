"""Non-blocking sockets, what they receive into, and a clock of milliseconds: the same on MicroPython and CPython.

``receive`` and ``transmit`` return a count, 0 at the end of the stream, or ``-event`` when nothing can be done before
poll reports that event. Non-blocking throughout: blocking reads lose bytes when they time out, and their time-out
begins again with every byte that a slow server drips. ``after`` and ``left`` reckon with ``ticks``, which may wrap.
"""

import sys
import time

if sys.implementation.name == "micropython":
    ticks = time.ticks_ms
    left = time.ticks_diff
    after = time.ticks_add

    def receive(sock, data):
        """Receive into ``data``."""
        count = sock.readinto(data)
        # POLLIN
        return -1 if count is None else count

    def transmit(sock, data):
        """Send some of ``data``."""
        count = sock.write(data)
        # POLLOUT
        return -4 if count is None else count

else:
    from .sockets_cpython import after, left, receive, ticks, transmit  # noqa: F401


class Buffer:
    """Bytes received and not yet read: one allocation of ``size`` bytes for the life of a connection.

    Attributes:
        hidden: beginnings of secrets (bytes); a line that holds one ends before it, for whoever reads it.
    """

    hidden = ()

    def __init__(self, size=1024):
        self.data = bytearray(size)
        self.view = memoryview(self.data)
        self.start = self.end = 0

    def space(self):
        """Return a memoryview to receive into, empty when the buffer is full."""
        if self.start == self.end:
            self.start = self.end = 0
            return self.view
        if self.start:
            count = self.end - self.start
            self.data[:count] = self.data[self.start : self.end]
            self.start = 0
            self.end = count
        return self.view[self.end :]

    def add(self, count):
        """Tell that ``count`` bytes were received into ``space()``."""
        self.end += count

    def clear(self):
        """Forget what was received: a new connection begins."""
        self.start = self.end = 0

    def peek(self):
        """Return what begins the next line: up to three bytes."""
        return bytes(self.view[self.start : min(self.end, self.start + 3)])

    def __len__(self):
        return self.end - self.start

    def complete(self):
        """Tell whether a whole line waits."""
        return self.data.find(b"\n", self.start, self.end) >= 0

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
        return line[:-1] if line.endswith(b"\r") else line
