"""When a mail is dated, and how its Date reads (RFC 5322, 3.6.1).

A mail is dated when it is made or, if the clock is not set then, when it is first written with a set clock (whether it
is set, ``umail.now`` tells). One that has no date yet is written without a Date. An outbox dates one that waited for
the clock back to when it was put (queue/flush.py).
"""

import time

from umail import now


def stamp(message):
    """Give a ``Message`` the date of now, if it has none yet and the clock is set."""
    if message.date is None:
        message.date = now()


def fields(message):
    """Return the header fields Date, if there is one by now, and Message-ID: bytes."""
    stamp(message)
    line = b"Message-ID: %s\r\n" % message.message_id.encode()
    return line if message.date is None else b"Date: %s\r\n%s" % (text(message.date).encode(), line)


def text(t):
    """Return the RFC 5322 date of ``t`` (seconds as ``time.time()`` counts them on this interpreter), in UTC: str."""
    # An ESP32's gmtime takes no float.
    t = time.gmtime(int(t))
    day = "MonTueWedThuFriSatSun"[3 * t[6] : 3 * t[6] + 3]
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * t[1] - 3 : 3 * t[1]]
    return "%s, %02d %s %04d %02d:%02d:%02d +0000" % (day, t[2], month, t[0], t[3], t[4], t[5])
