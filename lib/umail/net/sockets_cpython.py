"""What ``sockets`` is on CPython (not needed on a board)."""

import select
import socket
import ssl
import time


def ticks():
    """Milliseconds of a clock that never jumps."""
    return int(time.monotonic() * 1000)


def left(until, now):
    """Milliseconds from ``now`` to ``until``."""
    return until - now


def after(now, delta):
    """The time ``delta`` milliseconds after ``now``."""
    return now + delta


def receive(sock, octets):
    """Receive into ``octets``."""
    try:
        return sock.recv_into(octets)
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
        if address[0] not in found:
            found.insert(0 if family == socket.AF_INET else len(found), address[0])
    return found
