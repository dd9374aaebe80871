"""What sockets and clock are on CPython (not needed on a board)."""

import select
import socket as system
import ssl
import time
from socket import SOCK_DGRAM, SOCK_STREAM, getaddrinfo  # noqa: F401


def ticks():
    """Return milliseconds of a clock that never jumps."""
    return int(time.monotonic() * 1000)


def left(until, now):
    """Return milliseconds from ``now`` to ``until``."""
    return until - now


def after(now, delta):
    """Return the time ``delta`` milliseconds after ``now``."""
    return now + delta


class _Stream:
    # MicroPython's calls: a count, 0 at the end of the stream, or ``-event`` when poll must report that event first.
    def readinto(self, data):
        """Receive into ``data``."""
        try:
            return self.recv_into(data)  # type: ignore[attr-defined]
        except (BlockingIOError, ssl.SSLWantReadError):
            return -select.POLLIN
        except ssl.SSLWantWriteError:
            return -select.POLLOUT

    def write(self, data):
        """Send some of ``data``."""
        try:
            return self.send(data)  # type: ignore[attr-defined]
        except (BlockingIOError, ssl.SSLWantWriteError):
            return -select.POLLOUT
        except ssl.SSLWantReadError:
            return -select.POLLIN


class socket(_Stream, system.socket):  # noqa: N801
    """A socket with MicroPython's calls."""


class TlsSocket(_Stream, ssl.SSLSocket):  # type: ignore[misc]
    """The same over TLS."""


def address(sock):
    """Return the local address of a connected socket (str)."""
    found = sock.getsockname()[0]
    return "IPv6:" + found if ":" in found else found


def lookup(wire, host):
    """Ask the system's resolver, which can be neither timed nor cancelled: the addresses (list of str), IPv4 first."""
    found = []
    for family, _, _, _, address in getaddrinfo(host, 0, 0, SOCK_STREAM):
        if address[0] not in found:
            found.insert(0 if family == system.AF_INET else len(found), address[0])
    return found
