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


def belongs(answer, request):
    """Return True if ``answer`` is that of a server to ``request``: anyone may send a packet here."""
    return len(answer) >= 48 and answer[0] & 7 == 4 and answer[24:32] == request[40:48]


def milliseconds(answer):
    """Return Unix milliseconds at which ``answer`` was sent.

    Raises ValueError with a sentence, and seconds for which the server must be left alone.
    """
    stratum = answer[1]
    if not stratum:
        # The kiss of death: the server wants to be asked less often, or not at all.
        code = "".join([chr(c) if 32 < c < 127 else "" for c in answer[12:16]])
        raise ValueError("it refuses to answer (%s)" % code, 3600 if code == "RATE" else 86400)
    if stratum > 15 or answer[0] >> 6 == 3:
        raise ValueError("it does not know the time itself", 0)
    if answer[40:48] == bytes(8):
        raise ValueError("it gives no time", 0)
    seconds = int.from_bytes(answer[40:44], "big") + _EPOCH
    while seconds < _FLOOR:
        seconds += _ERA
    return seconds * 1000 + (int.from_bytes(answer[44:48], "big") * 1000 >> 32)
