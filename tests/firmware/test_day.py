"""The summary: what is counted, that it comes once at its hour whatever happens, and what stands in it."""

import json
from binascii import b2a_base64

from alertnode.battery import Battery
from alertnode.day import PATH
from alertnode.state import State
from check import equal, inside
from day_world import World, streamed, world
from firmware_fakes import NOON


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
