"""Non-blocking sockets and a millisecond clock that are the same on MicroPython and CPython, plain or TLS.

``receive`` and ``transmit`` return a count, 0 at the end of the stream, or ``-event`` when nothing can be done before
poll reports that event. Non-blocking throughout: blocking reads lose octets when they time out, and their time-out
begins again with every octet that a slow server drips. ``after`` and ``left`` reckon with ``ticks``, which may wrap.
"""

import errno
import socket
import sys
import time

if sys.implementation.name == "micropython":
    ticks = time.ticks_ms
    left = time.ticks_diff
    after = time.ticks_add

    def receive(sock, octets):
        """Receive into ``octets``."""
        count = sock.readinto(octets)
        # POLLIN
        return -1 if count is None else count

    def transmit(sock, octets):
        """Send some of ``octets``."""
        count = sock.write(octets)
        # POLLOUT
        return -4 if count is None else count

    def local_address(sock):
        """This board's address on the network (str), or None."""
        try:
            import network

            return network.WLAN(0).ifconfig()[0]
        except (ImportError, OSError, AttributeError):
            return None

    def lookup(host):
        """What to connect to for ``host``, by the system's resolver, which cannot be timed: it asks at ``connect``."""
        return (host,)

else:
    from .sockets_cpython import after, left, local_address, lookup, receive, ticks, transmit  # noqa: F401


def connect(address, port, datagrams=False):
    """A non-blocking socket on its way to ``address`` (an IP address, or a name only the system knows) and ``port``."""
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    family, kind, protocol, _, where = socket.getaddrinfo(address, port, 0, kind)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.connect(where)
    except OSError as error:
        # The last two are Windows' and an ESP32's.
        if error.args[0] not in (errno.EINPROGRESS, errno.EAGAIN, 10035, 119):
            sock.close()
            raise
    return sock
