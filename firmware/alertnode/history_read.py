"""Reads the readings that are kept on flash, of which a value takes 32,100 bytes at most, in two kinds of files:

* ``recent0`` to ``recent4`` take turns, each for 12 hours. Once an hour the hour that has ended is appended, for each
  value 158 bytes: ``<IHbBi``, the hour (since 1970), the value's id, an exponent, 0, a base; 60 minutes, 4 quarters of
  three numbers each; their CRC. A number n of 16 bits stands for (base + n) / 10 ** exponent, 65535 for none.
* ``ID.month``, by the value's id, is a ring of 58 times 12 hours, into which a recent file goes before it is
  overwritten: the number of the 12 hours, 12 times ``<ii``, the exponent and the base, and the quarters; their CRC.

A record whose CRC does not hold counts as none.
"""

import struct
from binascii import crc32

HOURS = 12
RING = 58
RECORD = 158
SLOT = 4 + HOURS * 32 + 2
HEAD = "<IHbBi"
NONE = 65535
EMPTY = b"\0" * 8 + b"\xff" * 24
_RECENT = 5
_QUARTERS = 132
_PART = 32


def read(history, hour):
    """Return what ``history``, a History, has of an ``hour`` (since 1970) on flash: a dict by the values' ids.

    It has lists of (exponent, base, minutes or None, quarters), as ``number`` wants them; the last two are bytes.
    """
    found: dict = {}
    period = hour // HOURS
    path = recent(history, period)
    if period_of(path) == period:
        for at, number, exponent, base, minutes, quarters in records(path):
            if at == hour:
                # The last one has all of it, but after a reset, when it has what came later.
                found.setdefault(number, []).append((exponent, base, minutes, quarters))
    else:
        for number in history.numbers.values():
            part = _part(month(history, number), period, hour % HOURS)
            if part is not None and part != EMPTY:
                exponent, base = struct.unpack("<ii", part[:8])
                found[number] = [(exponent, base, None, part[8:])]
    return found


def number(record, minute=None, quarter=None):
    """Return a number of what ``read`` gave for a value: of a ``minute``, or a ``quarter``, 0 to 11; or None.

    ``record`` is a list, of which the last one that has it counts.
    """
    for exponent, base, minutes, quarters in reversed(record):
        data, at = (quarters, quarter) if minute is None else (minutes, minute)
        if data is None:
            continue
        code = data[2 * at] | data[2 * at + 1] << 8
        if code != NONE:
            return (base + code) / 10**exponent if exponent >= 0 else (base + code) * 10**-exponent
    return None


def recent(history, period):
    """Return the path of the recent file that holds the 12 hours ``period``, or others of its turn."""
    return "%s/recent%d" % (history.folder, period % _RECENT)


def month(history, number):
    """Return the path of a value's ring."""
    return "%s/%04x.month" % (history.folder, number)


def records(path):
    """Yield (hour, id, exponent, base, minutes, quarters) of each whole record of a recent file."""
    try:
        file = open(path, "rb")
    except OSError:
        return
    try:
        while True:
            data = file.read(RECORD)
            if len(data) < RECORD:
                return
            if crc(data[:-2]) == data[-2:]:
                hour, known, exponent, _, base = struct.unpack(HEAD, data[:12])
                yield hour, known, exponent, base, data[12:_QUARTERS], data[_QUARTERS:-2]
    finally:
        file.close()


def period_of(path):
    """Return the number of the 12 hours that a recent file holds, None if there is none."""
    try:
        with open(path, "rb") as file:
            data = file.read(4)
    except OSError:
        return None
    return struct.unpack("<I", data)[0] // HOURS if len(data) == 4 else None


def _part(path, period, at):
    """Return one hour of a ring: 8 bytes of exponent and base, and the quarters; None if it is not there."""
    try:
        with open(path, "rb") as file:
            file.seek(period % RING * SLOT)
            data = file.read(SLOT)
    except OSError:
        return None
    if len(data) < SLOT or crc(data[:-2]) != data[-2:] or struct.unpack("<I", data[:4])[0] != period:
        return None
    return data[4 + at * _PART : 4 + (at + 1) * _PART]


def crc(data):
    """Return the checksum of ``data``: two bytes."""
    return struct.pack("<H", crc32(data) & 0xFFFF)
