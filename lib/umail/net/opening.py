"""How a driver's connections begin: look-up, socket, this board's interface; loaded for it, then dropped."""

import errno
import sys

if sys.implementation.name == "micropython":
    import socket

    def address(sock):
        # This board's address on the network (str), or None.
        try:
            return interface().ifconfig()[0]
        except (ImportError, OSError, AttributeError, RuntimeError):
            # The last is an ESP32's without memory for its Wi-Fi, up to MicroPython 1.25.
            return None

    def lookup(transport, host):
        """Return the addresses of ``host`` by the system's resolver."""
        # It cannot be timed here, and asks at ``connect``.
        return (host,)

else:
    from . import sockets_cpython as socket  # type: ignore[no-redef]
    from .sockets_cpython import address, lookup  # noqa: F401


def open_connection(address, port, kind=socket.SOCK_STREAM):
    """Begin to connect to ``address`` (of IP, or a name only the system knows) and ``port``: a non-blocking socket."""
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


def interface():
    """Return this board's network interface (MicroPython's object), a wired one first; else the Wi-Fi station.

    It must be connected already, and none is switched on: to ask an ESP32 for its Wi-Fi starts it.

    ``umail.nic`` comes before all if a program has set it, as for a modem's `network.PPP`, which nothing else can find.

    Raises ImportError, AttributeError, OSError or (an ESP32 up to MicroPython 1.25) RuntimeError if there is none.
    """
    import umail

    nic = umail.__dict__.get("nic")
    if nic and nic.isconnected():
        return nic
    import network

    for nic in _wired(network):
        if nic.isconnected():
            return nic
    return network.WLAN(0)


def _wired(network):
    try:
        # What was set up with a stack of MicroPython's own (extmod/modnetwork.c), such as an rp2's WIZNET5K.
        return network.route()
    except AttributeError:
        pass
    try:
        # An ESP32's: set up once, it needs no arguments any more (network_lan.c).
        return (network.LAN(),)
    except (AttributeError, TypeError):
        return ()


def begin(transport, address, port, buffer):
    """Begin to connect; the driver waits until the socket can be written to and calls ``connected``."""
    transport.close()
    transport.buffer = buffer
    transport.wait_for(transport.timeout)
    # MicroPython's TLS wants this much in two pieces, which a heap has now, but perhaps no longer after the greeting.
    transport.free = buffer.free or bytearray(3648)
    buffer.free = None
    transport.sock = open_connection(address, port)


def connect(transport, address, port, buffer):
    """Connect; returns the local address or None."""
    begin(transport, address, port, buffer)
    # POLLOUT
    while not transport.wait(4):
        pass
    return connected(transport)


def connected(transport):
    """Return the local address of the connection, or None; raises OSError if it was refused."""
    # A connection that failed says so at the first receive.
    transport.take()
    return address(transport.sock)


def send(transport, host, data, timeout):
    """Send a datagram from a fresh port, or with None wait for another; ``host`` may end in ``#port``."""
    if data is not None:
        transport.close()
        address, _, port = host.partition("#")
        transport.sock = open_connection(address, int(port or 53), socket.SOCK_DGRAM)
        transport.wait_for(timeout)
        transport.sock.write(data)


def udp(transport, host, data, timeout):
    """Send one datagram; return its answer (bytes), or None if none comes."""
    try:
        send(transport, host, data, timeout)
        while not transport.wait(1):
            pass
        # ``readinto`` would run one datagram into the next.
        return transport.sock.recv(512)
    except OSError:
        return None
