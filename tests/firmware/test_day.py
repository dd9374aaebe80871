"""The summary: what is counted, that it comes once at its hour whatever happens, and what stands in it."""

import json
import os
import struct
from binascii import b2a_base64, crc32

from alertnode import chart, platform
from alertnode.app import App
from alertnode.battery import Battery
from alertnode.day import PATH, Day
from alertnode.history import History
from alertnode.made import Reader
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.sensors.reading import Reading
from alertnode.state import State
from check import equal, inside, raises, scratch
from firmware_fakes import NOON, Outbox, Port, Said, Wifi, clock

PLAN = {"at": 420, "every": "day", "on": 0, "spread": 0}


class Journal:
    def __init__(self):
        self.say = Said()
        # A line a minute would fill the memory.
        self.show = str


class Sources:
    """Stands for a Group: readings are set by the test, by name; None is a missing one."""

    finished = False

    def __init__(self, clock, names):
        self.clock = clock
        self.now = dict.fromkeys(names, 20.0)
        self.sources = [self]
        self.values = [(name, "°C") for name in names]
        self.interval = 60000

    def take(self):
        at = self.clock.uptime()
        return [Reading(self.now[name], "°C", at, "no answer", name) for name, _unit in self.values]

    def unix(self, at):
        return self.clock.unix(at)

    def text(self, at):
        return self.clock.text(at)

    def recorded(self, at):
        return ""

    def urgent(self):
        return False


class Box(Outbox):
    """An outbox with what a summary wants of it."""

    def write(self, message, group, priority, until, more, since):
        return self.put(message, None, False)


class World:
    """A board with two thermometers, its flash, and what it mails."""

    def __init__(self, plan=PLAN, unix=NOON, names=("freezer", "room"), late=0):
        import umail

        self.path = scratch("day")
        self.port = Port(unix)
        self.port.servers["pool"] = self.port.unix
        self.plan, self.names, self.late = plan, names, late
        self.umail = umail
        self.sent = []
        self.start()

    def start(self, kept=None):
        """Power on: RAM is new."""
        self.log = Journal()
        self.clock = clock(self.port, self.log.say)
        self.outbox = Box(self.clock.uptime)
        self.sensor = Sources(self.clock, self.names)
        rule = Rule("warm", "above", 30, 1)
        rule.of = self.names[0]
        self.mailer = Mailer(self.umail, self.outbox, "a@example.com", ["ops@example.com"], self.log.say)
        self.app = App(
            "freezer-3", self.sensor, [rule], self.mailer, self.clock, Wifi(), self.log, str, self.port.sleep
        )
        history = History(self.names, self.path)
        self.app.day = self.day = Day(self.app, self.plan, self.late, self.port, kept, history)

    def run(self, minutes, **values):
        self.sensor.now.update(values)
        for _ in range(minutes):
            self.app.sense()
            self.port.pass_time(60)
            self.app.wait(0)
        self.sent += self.outbox.sent
        self.outbox.sent = []
        return [message for message in self.sent if "Summary" in message.subject]

    def close(self):
        try:
            for name in os.listdir(self.path):
                os.remove(self.path + "/" + name)
            os.rmdir(self.path)
        except OSError:
            pass


def world(test):
    """Give ``test`` a World, and remove its files."""

    def tested():
        made = World()
        try:
            test(made)
        finally:
            made.close()

    return tested


@world
def test_a_summary_comes_once_a_day_at_its_hour(board):
    for day in range(3):
        board.run(24 * 60 - 1)
    mails = [message.subject for message in board.run(1)]
    equal(len(mails), 3)
    equal([board.day.since - NOON - 19 * 3600 - 2 * 86400 < 120], [True])
    equal(mails[0], "Summary 2026-11-25: freezer 20 °C, room 20 °C, no alert (freezer-3)")


@world
def test_the_table_says_what_was(board):
    board.run(60)
    board.run(30, freezer=35.0, room=-1.5)
    board.run(10, freezer=None)
    board.run(20, freezer=20.0)
    text = board.run(19 * 60)[0].text
    inside("Summary of freezer-3 from 2026-11-24 12:00:00 UTC to 2026-11-25 07:0", text)
    inside("freezer\nLowest:    20 °C\nMean:      20.4 °C\nHighest:   35 °C\nReadings:  1130\n", text)
    inside("Outside:   30 min beyond the limits", text)
    inside("room\nLowest:    -1.5 °C\n", text)
    # The room has no limits.
    equal(text.count("Outside:"), 1)
    inside("Alerts:    1 alert, 1 recovery\n", text)
    inside("Mails:     2 sent, 0 waiting\n", text)
    inside("Board:     alertnode, up for 19 h", text)
    # The next one begins anew.
    text = board.run(24 * 60)[1].text
    inside("Alerts:    no alert\nMails:     1 sent", text)
    inside("Highest:   20 °C", text)


@world
def test_a_value_that_is_gone_all_day_says_so_and_has_no_picture(board):
    message = board.run(20 * 60, freezer=None)[0]
    inside("freezer\nReadings:  no reading\n", message.text)
    equal([part.name for part in message.attachments], ["room.png", "freezer-3-minutes.csv"])
    inside(": freezer no reading, room 20 °C,", message.subject)


@world
def test_a_power_cut_loses_an_hour_at_most_and_the_summary_comes_all_the_same(board):
    board.run(5 * 60, freezer=25.0)
    board.run(3 * 60 + 50, freezer=35.0)
    board.port.pass_time(13 * 3600)
    board.start()
    text = board.run(2)[-1].text
    inside("Highest:   35 °C", text)
    readings = int(text.split("Readings:")[1].split("\n")[0])
    equal((8 * 60 <= readings <= 9 * 60, readings), (True, readings))
    inside("1 alert", text)


@world
def test_without_a_date_nothing_is_counted_and_a_clock_that_was_wrong_does_no_harm(board):
    board.port.clock = 946684800000
    del board.port.servers["pool"]
    board.port.files = {}
    board.start()
    board.run(60)
    equal((board.day.since, board.sent), (None, []))
    board.clock.set(NOON + 400 * 86400, "NTP")
    board.run(2)
    board.clock.set(NOON, "NTP")
    equal(len(board.run(20 * 60)), 1)
    board.clock.set(NOON + 200 * 86400, "NTP")
    equal(len(board.run(3)), 1)
    # The summary is due again within a day.
    equal(len(board.run(24 * 60)), 2)


@world
def test_a_full_flash_delays_the_summary_and_the_readings_go_on(board):
    board.run(18 * 60)
    board.outbox.full = True
    equal(board.run(4 * 60), [])
    board.outbox.full = False
    message = board.run(15)[0]
    inside("Readings:  1", message.text)


@world
def test_memory_that_is_short_puts_the_summary_off_and_the_node_goes_on(board):
    board.run(18 * 60)
    make = board.mailer.message

    def short(*arguments, **named):
        raise MemoryError

    board.mailer.message = short
    equal(board.run(4 * 60), [])
    board.mailer.message = make
    equal(len(board.run(15)), 1)


@world
def test_the_readings_of_the_hour_last_through_a_sleep_and_what_is_damaged_counts_as_none(board):
    board.run(20, room=7.5)
    kept = board.day.kept()
    minutes = [list(board.day.history.hours[name].minutes)[:20] for name in ("freezer", "room")]
    board.start(kept)
    hours = board.day.history.hours
    equal([list(hours[name].minutes)[:20] for name in ("freezer", "room")], minutes)
    # Bytes too many, and a minute that there is not.
    kept["readings"]["room"] = str(b2a_base64(b"\x03\0\0\0\x40" + b"\xff" * 5 + b"\0"), "ascii").strip()
    board.start(kept)
    found = [value for value in board.day.history.hours["room"].minutes if value == value]
    equal((found, board.day.history.hours["room"].minutes[3]), ([2.0], 2.0))


@world
def test_what_was_kept_on_flash_may_be_anything(board):
    for data in (b"", b"[]", b"{", b'{"version": 1}', b'{"version": 1, "since": "x"}', b'{"version": 2, "since": 1}',
                 b'{"version": 1, "since": 1795435200, "values": {"freezer": [1, null, 2, 3, 4], "room": 7}, '
                 b'"counts": [1, "x", 2], "outside": [], "strength": "x"}'):  # fmt: skip
        board.port.files[PATH] = data
        board.start()
        board.run(2)
    kept = board.day.kept()
    for key in kept:
        for other in (None, [], {}, "x", -1, {"freezer": "x"}, {"freezer": None}, {"freezer": "AAAA"}):
            broken = json.loads(json.dumps(kept))
            broken[key] = other
            board.start(broken)
            board.run(1)


@world
def test_a_week_and_a_month_have_quarters_of_an_hour(board):
    board.plan = {"at": 420, "every": "week", "on": 2, "spread": 0}
    board.start()
    message = board.run(20 * 60)[0]
    equal(message.attachments[-1].name, "freezer-3-quarters.csv")
    inside(":quarters/", message.attachments[-1].source)


def streamed(part):
    """All bytes of an attachment, read into a small buffer."""
    reader = part.open()
    out = b""
    room = bytearray(100)
    while True:
        count = reader.readinto(memoryview(room))
        if not count:
            reader.close()
            return out
        out += bytes(room[:count])


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


class Life:
    """A board on battery: each wake makes all of it anew but the RTC's memory and the flash."""

    def __init__(self):
        self.world = World()
        self.world.port.slept = lambda: True

    def wake(self):
        world = self.world
        state = State(world.port, True)
        world.start(state.values.get("day"))
        app = world.app
        app.state, app.port = state, world.port
        app.interval = 300000
        Battery(app, world.port, {"battery": {"budget": 60}}, None).wake()
        world.sent += world.outbox.sent
        world.port.pass_time(world.port.slept_for)


def test_a_board_on_battery_keeps_the_day_through_its_sleeps_and_writes_flash_once_an_hour():
    life = Life()
    writes = []
    write = life.world.port.write
    life.world.port.write = lambda path, data: writes.append(path) or write(path, data)
    try:
        life.wake()
        for _ in range(20 * 12):
            life.wake()
        mails = [message for message in life.world.sent if "Summary" in message.subject]
        equal(len(mails), 1)
        inside("freezer\nLowest:    20 °C\nMean:      20 °C\nHighest:   20 °C\nReadings:  2", mails[0].text)
        lines = streamed(mails[0].attachments[-1]).decode().split("\r\n")
        equal(229 <= len(lines) <= 231, True, len(lines))
        equal(writes.count(PATH) <= 24, True, writes.count(PATH))
        # What the RTC's memory of an ESP32 holds.
        equal(len(life.world.port.kept) < 1900, True, len(life.world.port.kept))
    finally:
        life.world.close()


def test_the_marks_have_their_place():
    equal((platform.WRITING, chart.WIDTH % 4), (2, 0))
