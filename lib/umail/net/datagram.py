"""Datagrams, for DNS: sent from a fresh port, waited for; loaded for it, then dropped."""

from umail import load_transient


def send(wire, host, data, seconds):
    """Send a datagram from a fresh port, or with None wait for another; ``host`` may end in ``#port``."""
    if data is not None:
        wire.close()
        address, _, port = host.partition("#")
        opening = load_transient("net.opening")
        wire.sock = opening.reach(address, int(port or 53), opening.socket.SOCK_DGRAM)
        wire.begin_wait(seconds)
        wire.sock.write(data)


def udp(wire, host, data, seconds):
    """Send one datagram; return its answer (bytes), or None if none comes."""
    try:
        send(wire, host, data, seconds)
        while not wire.wait(1):
            pass
        # ``readinto`` would run one datagram into the next.
        return wire.sock.recv(512)
    except OSError:
        return None
