"""What ``sockets`` is on CPython (not needed on a board)."""

import select
import socket
import ssl
import time


def ticks():
    """Return milliseconds of a clock that never jumps."""
    return int(time.monotonic() * 1000)


def left(until, now):
    """Return milliseconds from ``now`` to ``until``."""
    return until - now


def after(now, delta):
    """Return the time ``delta`` milliseconds after ``now``."""
    return now + delta


def receive(sock, data):
    """Receive into ``data``."""
    try:
        return sock.recv_into(data)
    except (BlockingIOError, ssl.SSLWantReadError):
        return -select.POLLIN
    except ssl.SSLWantWriteError:
        return -select.POLLOUT


def transmit(sock, data):
    """Send some of ``data``."""
    try:
        return sock.send(data)
    except (BlockingIOError, ssl.SSLWantWriteError):
        return -select.POLLOUT
    except ssl.SSLWantReadError:
        return -select.POLLIN


def local_address(sock):
    """Return the local address of a connected socket (str)."""
    address = sock.getsockname()[0]
    return "IPv6:" + address if ":" in address else address


def lookup(host):
    """Ask the system's resolver, which can be neither timed nor cancelled: the addresses (list of str), IPv4 first."""
    found = []
    for family, _, _, _, address in socket.getaddrinfo(host, 0, 0, socket.SOCK_STREAM):
        if address[0] not in found:
            found.insert(0 if family == socket.AF_INET else len(found), address[0])
    return found
