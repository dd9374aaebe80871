"""What goes with a summary: pictures of the values, and the readings as CSV, made as they are read."""

import struct
from binascii import crc32

from alertnode import chart, platform
from alertnode.made import Reader
from check import equal, inside, raises
from day_world import World, streamed, world
from firmware_fakes import NOON


@world
def test_the_picture_is_a_png_with_the_curve_and_the_limit(board):
    board.run(10 * 60, freezer=20.0)
    board.run(60, freezer=34.0)
    message = board.run(9 * 60, freezer=25.0)[0]
    equal([(part.name, part.cid) for part in message.attachments[:2]], [
        ("freezer.png", "chart0"), ("room.png", "chart1")
    ])  # fmt: skip
    inside("<img src='cid:chart0'", message.html)
    data = streamed(message.attachments[0])
    rows = pixels(data)
    equal((len(rows), len(rows[0])), (96, 480))
    # The curve is low for ten hours of nineteen, then at the top for one.
    columns = [[y for y in range(96) if rows[y][x] == 2] for x in range(480)]
    equal([min(columns[x]) > 80 for x in (5, 120, 240)], [True] * 3)
    equal(min([min(column) for column in columns if column]) < 5, True)
    # 30 °C is a red line.
    limit = [y for y in range(96) if rows[y].count(3) > 300]
    equal(len(limit), 1)
    equal(22 < limit[0] < 32, True, limit)
    # It can be made again, as another attempt has to.
    equal(streamed(message.attachments[0]) == data, True)


def pixels(data):
    """The rows of a PNG of four colours without compression; every checksum in it must be right."""
    equal(data[:8], b"\x89PNG\r\n\x1a\n")
    at = 8
    found = {}
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + size]
        equal(struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0], crc32(kind + content) & 0xFFFFFFFF)
        found[kind] = content
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", found[b"IHDR"][:10])
    equal((depth, colour, found[b"IEND"]), (2, 3, b""))
    raw = found[b"IDAT"]
    equal((raw[:3], (raw[0] * 256 + raw[1]) % 31), (b"\x78\x01\x01", 0))
    size, other = struct.unpack("<HH", raw[3:7])
    equal(size ^ other, 0xFFFF)
    stored = raw[7 : 7 + size]
    a, b = 1, 0
    for byte in stored:
        a = (a + byte) % 65521
        b = (b + a) % 65521
    equal(struct.unpack(">I", raw[7 + size :])[0], b << 16 | a)
    rows = []
    line = width // 4 + 1
    for y in range(height):
        equal(stored[y * line], 0)
        rows.append([stored[y * line + 1 + x // 4] >> (6 - 2 * (x % 4)) & 3 for x in range(width)])
    return rows


@world
def test_the_csv_has_each_minute_of_the_day(board):
    message = board.run(20 * 60)[0]
    lines = streamed(message.attachments[-1]).decode().split("\r\n")
    equal(lines[0], "time,UTC,freezer,room")
    equal(lines[2], "2026-11-24 12:01,+00:00,20,20")
    equal(len(lines) > 19 * 60, True)
    raises(ValueError, board.day.part(":what/1/2", "x", None, None).open)


def test_a_picture_of_one_value_that_never_moves_is_a_line():
    made = World()
    try:
        made.run(120)
        made.day.history.flush()
        source = made.day.part(":chart/%d/%d/room/20.0/20.0" % (NOON, NOON + 7200), "c.png", None, "c")
        rows = pixels(streamed(source))
        equal(sum([row.count(2) > 400 for row in rows]), 1)
    finally:
        made.close()


def test_a_reader_gives_pieces_of_any_size():
    reader = Reader(iter([b"abc", b"", b"defgh"]))
    room = bytearray(4)
    got = []
    while True:
        count = reader.readinto(room)
        if not count:
            break
        got.append(bytes(room[:count]))
    equal(b"".join(got), b"abcdefgh")


def test_the_marks_have_their_place():
    equal((platform.WRITING, chart.WIDTH % 4), (2, 0))
