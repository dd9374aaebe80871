"""The readings on flash: 48 hours by the minute 31 days by the quarter of an hour, never a wrong one."""

import os
import struct

from alertnode.day_kept import pack
from alertnode.history import History, Hour
from alertnode.history_read import number, read
from alertnode.readings_csv import pieces
from alertnode.zone import Zone
from check import equal, inside, scratch

HOUR = 497000


def near(got, wanted, far=0.006):
    equal(got is not None and abs(got - wanted) <= far, True, (got, wanted))


class Folder:
    """A folder for a test, which is removed with all that is in it."""

    def __enter__(self):
        self.path = scratch("history")
        return self.path

    def __exit__(self, *what):
        try:
            names = os.listdir(self.path)
        except OSError:
            return
        for name in names:
            os.remove(self.path + "/" + name)
        os.rmdir(self.path)


def fill(kept, hours, first=HOUR, value=lambda minute: minute / 60, step=1, names=None):
    for minute in range(first * 60, (first + hours) * 60, step):
        kept.turn(minute * 60)
        for name in names or kept.numbers:
            kept.add(name, minute * 60, value(minute - first * 60))
    kept.turn((first + hours) * 3600)


def test_48_hours_by_the_minute_come_back_as_they_were():
    with Folder() as path:
        kept = History(["a", "b.c"], path)
        fill(kept, 60, value=lambda minute: minute % 1000 / 50 - 18.45)
        for hour in range(12, 60):
            found = read(kept, HOUR + hour)
            for name in ("a", "b.c"):
                for minute in (0, 1, 31, 59):
                    near(number(found[kept.numbers[name]], minute), (hour * 60 + minute) % 1000 / 50 - 18.45)


def test_31_days_have_minimum_mean_and_maximum_of_each_quarter_of_an_hour():
    with Folder() as path:
        kept = History(["a"], path)
        hours = 31 * 24 + 30
        fill(kept, hours, value=lambda minute: (minute // 60) % 500 + (minute % 15), step=5)
        for hour in range(hours - 31 * 24, hours, 7):
            record = read(kept, HOUR + hour)[kept.numbers["a"]]
            for quarter in range(4):
                for i, more in enumerate((0, 5, 10)):
                    near(number(record, None, 3 * quarter + i), hour % 500 + more, 0.01)
        # Older ones are not taken for those of a month later.
        equal(read(kept, HOUR - 1), {})
        equal(read(kept, HOUR + 1), {})
        sizes = [os.stat(path + "/" + name)[6] for name in os.listdir(path)]
        equal((sum(sizes) <= 32768, len(sizes)), (True, 6), sum(sizes))


def test_a_value_takes_at_most_32_kB_however_long_it_runs():
    with Folder() as path:
        names = ["one", "two", "three"]
        kept = History(names, path)
        for year in range(2):
            fill(kept, 24 * 35, first=HOUR + year * 24 * 700, step=30)
        sizes = [os.stat(path + "/" + name)[6] for name in os.listdir(path)]
        equal(sum(sizes) <= 3 * 32768, True, sum(sizes))


def test_flash_is_written_once_an_hour_and_a_reset_loses_no_more_than_that():
    with Folder() as path:
        kept = History(["a"], path)
        written = [kept.turn(minute * 60) for minute in range(HOUR * 60, HOUR * 60 + 1)]
        for minute in range(HOUR * 60, (HOUR + 5) * 60):
            written.append(kept.turn(minute * 60))
            kept.add("a", minute * 60, 1)
        equal(written.count(True), 4)
        again = History(["a"], path)
        equal([bool(read(again, HOUR + hour)) for hour in range(6)], [True] * 4 + [False] * 2)


def test_what_came_after_a_reset_is_added_to_its_hour():
    with Folder() as path:
        kept = History(["a"], path)
        kept.turn(HOUR * 3600)
        for minute in range(20):
            kept.add("a", HOUR * 3600 + minute * 60, 5)
        kept.flush()
        again = History(["a"], path)
        again.turn(HOUR * 3600)
        for minute in range(40, 60):
            again.add("a", HOUR * 3600 + minute * 60, 7)
        again.turn((HOUR + 1) * 3600)
        record = read(again, HOUR)[again.numbers["a"]]
        equal([number(record, minute) for minute in (0, 19, 20, 39, 40, 59)], [5, 5, None, None, 7, 7])


def test_a_record_that_was_torn_or_damaged_counts_as_none_and_the_others_stand():
    with Folder() as path:
        kept = History(["a"], path)
        fill(kept, 3)
        name = path + "/" + os.listdir(path)[0]
        with open(name, "rb") as file:
            data = bytearray(file.read())
        data[158 + 40] ^= 1
        with open(name, "wb") as file:
            file.write(data[:-50])
        equal([bool(read(kept, HOUR + hour)) for hour in range(3)], [True, False, False])
        # A cut on FAT left half a record: the next one begins where it began.
        kept.add("a", (HOUR + 3) * 3600, 9)
        kept.turn((HOUR + 4) * 3600)
        near(number(read(kept, HOUR + 3)[kept.numbers["a"]], 0), 9)


def test_values_have_as_many_digits_as_a_person_is_shown_whatever_their_size():
    for values in ((0.0012, 0.0015), (-40, 85), (950.25, 1050.75), (1000000, 1000500), (-1e9, 1e9), (3, 3), (0, 1e-7)):
        hour = Hour()
        for i in range(60):
            hour.add(i, values[i % 2])
        data = bytes(pack(hour, HOUR, 7))
        exponent, _, base = struct.unpack("<bBi", data[6:12])
        record = [(exponent, base, data[12:132], data[132:156])]
        far = max((max(values) - min(values)) / 60000, 0.006 if max(values) >= 1 else 0.00006, max(values) * 1e-6)
        for i in range(60):
            near(number(record, i), values[i % 2], far)


def test_several_readings_a_minute_are_their_mean_and_extremes_stand_in_the_quarter():
    hour = Hour()
    for value in (1, 2, 6):
        hour.add(3, value)
    equal((hour.minutes[3], list(hour.quarters[:3])), (3, [1, 3, 6]))


def test_a_full_flash_costs_the_readings_and_nothing_else():
    with Folder() as path:
        kept = History(["a"], path + "/missing/too")
        fill(kept, 2)
        equal(read(kept, HOUR), {})


def test_files_of_values_that_are_gone_from_the_configuration_are_removed():
    with Folder() as path:
        fill(History(["old"], path), 24 * 3, step=15)
        kept = History(["new"], path)
        fill(kept, 24 * 4, first=HOUR + 72, step=15)
        equal([name for name in os.listdir(path) if name[4:] == ".month"], ["%04x.month" % kept.numbers["new"]])


def test_the_csv_has_a_line_for_each_minute_and_each_quarter_in_local_time():
    with Folder() as path:
        kept = History(["freezer", "a.b"], path)
        start = 1795478400
        hour = start // 3600
        fill(kept, 2, first=hour, value=lambda minute: minute / 10, names=["freezer"])
        berlin = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
        lines = b"".join([bytes(p) for p in pieces(kept, berlin, "minutes", str(start), str(start + 7200))]).decode()
        lines = lines.split("\r\n")
        equal(lines[:3], ["time,UTC,a.b,freezer", "2026-11-24 01:00,+01:00,,0", "2026-11-24 01:01,+01:00,,0.1"])
        equal(len(lines), 122)
        quarters = b"".join([bytes(p) for p in pieces(kept, berlin, "quarters", str(start), str(start + 7200))])
        quarters = quarters.decode().split("\r\n")
        equal(quarters[0], "time,UTC,a.b minimum,a.b mean,a.b maximum,freezer minimum,freezer mean,freezer maximum")
        equal(quarters[1], "2026-11-24 01:00,+01:00,,,,0,0.7,1.4")
        equal(len(quarters), 10)
        inside("value", bytes(next(pieces(History([""], path), berlin, "minutes", "0", "1"))).decode())
