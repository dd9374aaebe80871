"""What goes at an hour: local time whatever the season, spread over a fleet by the board's id, always the same."""

from alertnode import due, zone
from check import equal, raises

BERLIN = zone.Zone("CET-1CEST,M3.5.0,M10.5.0/3")


def at(*date):
    return zone.seconds(*date)


def test_a_time_of_the_day_is_two_digits_each():
    equal((due.minute("07:00"), due.minute("23:59"), due.minute("00:00")), (420, 1439, 0))
    for wrong in ("7:00", "24:00", "07:60", "0700", "07:0", "", "ab:cd", "-7:00", "07:00:00"):
        raises(ValueError, due.minute, wrong)


def test_the_next_day_week_and_month_are_in_local_time():
    # Tuesday, 12:00 UTC.
    now = at(2026, 11, 24, 12)
    equal(due.after(BERLIN, now, 420), at(2026, 11, 25, 6))
    equal(due.after(BERLIN, now, 14 * 60), at(2026, 11, 24, 13))
    equal(due.after(BERLIN, now, 420, "week", 0), at(2026, 11, 30, 6))
    equal(due.after(BERLIN, now, 14 * 60, "week", 1), at(2026, 11, 24, 13))
    equal(due.after(BERLIN, now, 420, "week", 1), at(2026, 12, 1, 6))
    equal(due.after(BERLIN, now, 420, "month"), at(2026, 12, 1, 6))
    # The moment itself is over.
    equal(due.after(BERLIN, at(2026, 11, 25, 6), 420), at(2026, 11, 26, 6))


def test_when_the_clocks_change_the_hour_stays():
    equal(due.after(BERLIN, at(2027, 3, 27, 6), 420), at(2027, 3, 28, 5))
    equal(due.after(BERLIN, at(2027, 10, 30, 5), 420), at(2027, 10, 31, 6))
    # An hour that there is not, and one that there is twice: once a day all the same.
    for month, day in ((3, 26), (10, 29)):
        moments = [at(2027, month, day, 12)]
        for _ in range(4):
            moments.append(due.after(BERLIN, moments[-1], 150))
        gaps = [b - a for a, b in zip(moments[1:], moments[2:])]
        equal([gap for gap in gaps if not 23 * 3600 <= gap <= 25 * 3600], [])


def test_a_board_that_is_late_goes_once_a_day_over_midnight_too():
    now = at(2026, 11, 24, 22, 30)
    equal(due.after(zone.Zone("UTC0"), now, 22 * 60, late=3600), at(2026, 11, 24, 23))
    equal(due.after(zone.Zone("UTC0"), now, 23 * 60 + 30, late=3600), at(2026, 11, 25, 0, 30))
    equal(due.after(zone.Zone("UTC0"), at(2026, 11, 25), 23 * 60 + 30, late=3600), at(2026, 11, 25, 0, 30))


def test_a_thousand_boards_on_one_mailbox_stay_below_its_30_mails_a_minute():
    for make in (
        lambda i: bytes((0x24, 0x0A, 0xC4, 0xC0, i >> 8, i & 255)),
        lambda i: (i * 2654435761).to_bytes(8, "big"),
    ):
        minutes = [0] * 60
        for i in range(1000):
            minutes[due.late(make(i), 60) // 60] += 1
        equal(max(minutes) <= 30, True, max(minutes))
    board = b"\x24\x0a\xc4\xc0\xff\xee"
    equal(due.late(board, 60), due.late(board, 60))
    equal(due.late(board, 0), 0)


class Box:
    """Stands for an outbox that beats."""

    def __init__(self, beat):
        self.beat = beat
        self.time = 1000
        self.saved = 0

    def now(self):
        return self.time

    def save(self):
        self.saved += 1


class Clock:
    zone = BERLIN

    def __init__(self, unix):
        self.unix = unix

    def now(self):
        return self.unix


def test_a_heartbeat_is_moved_to_its_hour_and_stays_there():
    start = at(2026, 11, 24, 12)
    box, clock = Box(1000 + 7 * 86400 + 20000), Clock(start)
    move = due.Beat(box, clock, {"days": 7, "at": 390, "spread": 0}, b"")
    move()
    equal(start + box.beat - 1000, at(2026, 12, 2, 5, 30))
    move()
    equal(box.saved, 1)
    # It was sent: the library says when the next one is, give or take.
    box.time += 8 * 86400
    clock.unix += 8 * 86400
    box.beat = box.time + 7 * 86400 + 60000
    move()
    equal(clock.unix + box.beat - box.time, at(2026, 12, 9, 5, 30))
    # After a start it stays where it is.
    move = due.Beat(box, clock, {"days": 7, "at": 390, "spread": 0}, b"")
    before = box.beat
    move()
    equal(box.beat, before)


def test_a_heartbeat_that_comes_sooner_as_there_is_something_to_tell_comes_at_its_hour_too():
    for hour, day in ((12, 25), (23, 26)):
        start = at(2026, 11, 24, hour)
        box, clock = Box(1000 + 7 * 86400), Clock(start)
        move = due.Beat(box, clock, {"days": 7, "at": 390, "spread": 0}, b"")
        move()
        for sent in (False, True):
            # What the outbox does if a mail is given up; the heartbeat itself may have been that mail.
            box.beat = box.time + 20 * 3600 + 600
            move()
            equal(clock.unix + box.beat - box.time, at(2026, 11, day + sent, 5, 30))
            box.time += at(2026, 11, day, 5, 30) - clock.unix
            clock.unix = at(2026, 11, day, 5, 30)


def test_a_heartbeat_that_failed_or_without_a_date_is_left_alone():
    box = Box(1000 + 3600)
    due.Beat(box, Clock(at(2026, 11, 24)), {"days": 7, "at": 390, "spread": 0}, b"")()
    equal(box.beat, 4600)
    box = Box(1000 + 86400)
    due.Beat(box, Clock(None), {"days": 7, "at": 390, "spread": 0}, b"")()
    equal(box.beat, 87400)
