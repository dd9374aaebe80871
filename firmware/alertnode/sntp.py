"""Reads the answer of a time server, and refuses what cannot be used (SNTP: RFC 4330, 5; RFC 5905, 7.4)."""

# Unix seconds at which NTP begins to count, and after how many it starts over.
_EPOCH = -2208988800
_ERA = 1 << 32
# 2025-01-01: no answer is older than this program, which tells the eras apart (the next begins in 2036).
_FLOOR = 1735689600
# Seconds that a time server has to answer.
_SECONDS = 2


def ask(host, ticks, since):
    """Return Unix seconds by the time server ``host``; ``ticks`` and ``since`` are those of the module platform.

    Raises OSError if it does not answer, ValueError as ``milliseconds``.
    """
    import os
    import socket

    address = socket.getaddrinfo(host, 123, 0, socket.SOCK_DGRAM)[0][-1]
    packet = request(os.urandom(8))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(_SECONDS)
        begin = ticks()
        sock.sendto(packet, address)
        while since(begin) < _SECONDS * 1000:
            answer = sock.recv(128)
            if belongs(answer, packet):
                return (milliseconds(answer) + since(begin) // 2 + 500) // 1000
    finally:
        sock.close()
    raise OSError("no answer")


def request(cookie):
    """Return the packet that asks; ``cookie`` (8 random bytes) stands for the time, and comes back in the answer."""
    # No leap warning, version 4, mode 3: a client.
    return b"\x23" + bytes(39) + cookie


def belongs(data, request):
    """Return True if ``data`` is that of a server to ``request``: anyone may send a packet here."""
    return len(data) >= 48 and data[0] & 7 == 4 and data[24:32] == request[40:48]


def milliseconds(data):
    """Return Unix milliseconds at which ``data`` was sent.

    Raises ValueError with a sentence, and seconds for which the server must be left alone.
    """
    stratum = data[1]
    if not stratum:
        # The kiss of death: the server wants to be asked less often, or not at all.
        code = bytes([c for c in data[12:16] if 32 < c < 127]).decode()
        raise ValueError("it refuses to answer (%s)" % code, 3600 if code == "RATE" else 86400)
    if stratum > 15 or data[0] >> 6 == 3:
        raise ValueError("it does not know the time itself", 0)
    if data[40:48] == bytes(8):
        raise ValueError("it gives no time", 0)
    seconds = int.from_bytes(data[40:44], "big") + _EPOCH
    while seconds < _FLOOR:
        seconds += _ERA
    return seconds * 1000 + (int.from_bytes(data[44:48], "big") * 1000 >> 32)
