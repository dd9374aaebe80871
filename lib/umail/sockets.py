"""Non-blocking sockets and a millisecond clock that are the same on MicroPython and CPython, plain or TLS.

``receive`` and ``transmit`` return a count, 0 at the end of the stream, or ``-event`` when nothing can be done before
poll reports that event. Non-blocking throughout: blocking reads lose octets when they time out, and their time-out
begins again with every octet that a slow server drips.
"""

import errno
import select
import socket
import sys
import time

_IN_PROGRESS = (errno.EINPROGRESS, errno.EAGAIN, getattr(errno, "EWOULDBLOCK", errno.EAGAIN), 10035, 119)

if sys.implementation.name == "micropython":
    ticks = time.ticks_ms
    left = time.ticks_diff
    after = time.ticks_add

    def receive(sock, view):
        """Receive into ``view``."""
        count = sock.readinto(view)
        return -select.POLLIN if count is None else count

    def transmit(sock, octets):
        """Send some of ``octets``."""
        count = sock.write(octets)
        return -select.POLLOUT if count is None else count

    def local_address(_sock):
        """This board's address on the network (str), or None."""
        try:
            import network

            return network.WLAN(0).ifconfig()[0]
        except (ImportError, OSError, AttributeError):
            return None

else:
    import ssl

    def ticks():
        """Milliseconds of a clock that never jumps."""
        return int(time.monotonic() * 1000)

    def left(until, now):
        """Milliseconds from ``now`` to ``until``."""
        return until - now

    def after(now, delta):
        """The time ``delta`` milliseconds after ``now``."""
        return now + delta

    def receive(sock, view):
        """Receive into ``view``."""
        try:
            return sock.recv_into(view)
        except (BlockingIOError, ssl.SSLWantReadError):
            return -select.POLLIN
        except ssl.SSLWantWriteError:
            return -select.POLLOUT

    def transmit(sock, octets):
        """Send some of ``octets``."""
        try:
            return sock.send(octets)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return -select.POLLOUT
        except ssl.SSLWantReadError:
            return -select.POLLIN

    def local_address(sock):
        """The local address of a connected socket (str)."""
        address = sock.getsockname()[0]
        return "IPv6:" + address if ":" in address else address


def lookup(host):
    """The addresses of ``host`` by the system's resolver (list of str), IPv4 first: neither timed nor cancellable."""
    found = []
    for family, _, _, _, address in socket.getaddrinfo(host, 0, 0, socket.SOCK_STREAM):
        text = address[0] if isinstance(address, tuple) else None
        if text is None:
            return [host]
        if text not in found:
            found.insert(0 if family == socket.AF_INET else len(found), text)
    return found


def begin_connect(address, port, datagrams=False):
    """A non-blocking socket on its way to ``address`` (an IP address, or a name only the system knows) and ``port``."""
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    family, kind, protocol, _, where = socket.getaddrinfo(address, port, 0, kind)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.connect(where)
    except OSError as error:
        if error.args[0] not in _IN_PROGRESS:
            sock.close()
            raise
    return sock
