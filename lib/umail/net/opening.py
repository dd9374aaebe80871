"""How a driver's connections begin: look-up, socket, TLS, what an access token costs; loaded for it, then dropped."""

import errno
import socket
import sys

from umail import load_transient

from . import sockets

if sys.implementation.name == "micropython":

    def _local_address(sock):
        # This board's address on the network (str), or None.
        try:
            return load_transient("net.interface").find().ifconfig()[0]
        except (ImportError, OSError, AttributeError):
            return None

    def _lookup(host):
        # The system's resolver cannot be timed, and asks at ``connect``.
        return (host,)

else:
    from .sockets_cpython import local_address as _local_address
    from .sockets_cpython import lookup as _lookup


def _socket(address, port, datagrams=False):
    """Begin to connect to ``address`` (of IP, or a name only the system knows) and ``port``: a non-blocking socket."""
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


def lookup(wire, host):
    """Return the addresses of ``host`` by the system's resolver."""
    return _lookup(host)


def call(wire, function, refresh):
    """Get an access token: ``function`` is run by this driver if it is a generator's (umail.oauth), else called."""
    steps = getattr(function, "steps", None)
    if not steps:
        return function(refresh=refresh)
    inner = type(wire)(wire.timeout, wire.tick)
    inner.until = inner.end = inner.kept = wire.end
    inner.inner = True
    return inner.run(steps(refresh))


def tls(wire, route, host):
    """Turn to TLS as ``route`` says, for a server called ``host``; the handshake runs with the next bytes."""
    wire.begin_wait(wire.timeout)
    wire.raw = wire.sock
    wire.sock, wire.free = load_transient("net.tls").wrap(wire.sock, route, host)
    wire.handshake = wire.unheard = route


def begin(wire, address, port, buffer):
    """Begin to connect; the driver waits until the socket can be written to and calls ``connected``."""
    wire.close()
    wire.buffer = buffer
    wire.begin_wait(wire.timeout)
    wire.sock = _socket(address, port)


def begin_udp(wire, server, packet, seconds):
    """Send a datagram from a fresh port, or with None wait for another; ``server`` may end in ``#port``."""
    if packet is not None:
        wire.close()
        address, _, port = server.partition("#")
        wire.sock = _socket(address, int(port or 53), True)
        wire.begin_wait(seconds)
        sockets.transmit(wire.sock, packet)


def connected(wire):
    """Return the local address of the connection, or None; raises OSError if it was refused."""
    # A connection that failed says so at the first receive.
    wire.listen()
    return _local_address(wire.sock)
