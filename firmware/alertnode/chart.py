"""Draws the readings of one value as a PNG, row by row, within two bytes a column and one row.

It is as plain as a PNG can be (ISO/IEC 15948): four colours, rows without a filter, one block that is stored and not
compressed (RFC 1951, 3.2.4), which every mail program shows. Nothing is written in it: the mail says what it shows.
"""

import struct
from binascii import crc32

from alertnode.history_read import number, read

WIDTH = 480
HEIGHT = 96
# White, the grid, the curve, the limits.
_COLOURS = b"\xff\xff\xff\xdd\xdd\xdd\x1f\x5f\xa8\xc0\x39\x2b"
_GRID, _CURVE, _LIMIT = 1, 2, 3
_ROW = WIDTH // 4
# Over this many seconds the minutes are drawn, else the quarters.
_MINUTES = 48 * 3600


def pieces(history, since, until, name, low, high, *limits):
    """Yield the bytes of the picture of the value ``name`` from ``since`` to ``until`` (Unix seconds).

    ``low`` and ``high`` are the ends of its axis, ``limits`` drawn as lines; all are str.
    """
    low, high = float(low), float(high)
    span = high - low or 1.0
    lines = [_row(float(limit), low, span) for limit in limits]
    columns = _columns(history, history.numbers[name], int(since), int(until), low, span)
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 2, 3, 0, 0, 0))
    yield _chunk(b"PLTE", _COLOURS)
    size = (_ROW + 1) * HEIGHT
    head = b"IDAT\x78\x01\x01" + struct.pack("<HH", size, size ^ 0xFFFF)
    crc = crc32(head)
    yield struct.pack(">I", 7 + size + 4) + head
    row = bytearray(_ROW + 1)
    a, b = 1, 0
    for y in range(HEIGHT):
        _draw(row, y, columns, lines)
        crc = crc32(row, crc)
        # Adler-32 (RFC 1950, 9) of a row at a time: no sum passes 2**30.
        for byte in row:
            a += byte
            b += a
        a %= 65521
        b %= 65521
        yield row
    sums = struct.pack(">I", b << 16 | a)
    yield sums + struct.pack(">I", crc32(sums, crc) & 0xFFFFFFFF)
    yield _chunk(b"IEND", b"")


def _columns(history, known, since, until, low, span):
    """Return two bytes for each column: the first and the last row of the curve; (255, 0) without one."""
    columns = bytearray(b"\xff\0" * WIDTH)
    seconds = max(until - since, 1)
    minutes = seconds <= _MINUTES
    step = 60 if minutes else 900
    for hour in range(since // 3600, until // 3600 + 1):
        record = read(history, hour).get(known)
        if not record:
            continue
        for at in range(3600 // step):
            begin = hour * 3600 + at * step - since
            x = begin * WIDTH // seconds
            end = min(max((begin + step) * WIDTH // seconds, x + 1), WIDTH)
            values = [number(record, at)] if minutes else [number(record, None, 3 * at + i) for i in (0, 2)]
            for value in values:
                if value is None:
                    continue
                y = _row(value, low, span)
                for one in range(2 * max(x, 0), 2 * end, 2):
                    columns[one] = min(columns[one], y)
                    columns[one + 1] = max(columns[one + 1], y)
    _join(columns)
    return columns


def _join(columns):
    """Let each column reach the one before it, so that a step is a line."""
    before = None
    for x in range(0, len(columns), 2):
        if columns[x] == 255:
            before = None
            continue
        first, last = columns[x], columns[x + 1]
        if before:
            columns[x] = min(first, before[1])
            columns[x + 1] = max(last, before[0])
        before = first, last


def _draw(row, y, columns, lines):
    grid = _LIMIT if y in lines else _GRID if y in (0, HEIGHT // 2, HEIGHT - 1) else 0
    for at in range(_ROW):
        byte = 0
        for x in range(8 * at, 8 * at + 8, 2):
            curve = columns[x] <= y <= columns[x + 1]
            byte = byte << 2 | (_CURVE if curve else grid)
        row[at + 1] = byte


def _row(value, low, span):
    """Return the row of a value, 0 at the top."""
    return min(max(int(round((HEIGHT - 3) * (1 - (value - low) / span))) + 1, 0), HEIGHT - 1)


def _chunk(kind, data):
    data = kind + data
    return struct.pack(">I", len(data) - 4) + data + struct.pack(">I", crc32(data) & 0xFFFFFFFF)
