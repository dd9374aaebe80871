"""Quiet hours: in local time, over midnight, and none while the date is unknown."""

from alertnode.due import Quiet, minutes
from alertnode.zone import Zone, seconds
from check import equal, raises


class Clock:
    zone = Zone("CET-1CEST,M3.5.0,M10.5.0/3")

    def __init__(self, unix):
        self.unix = unix

    def now(self):
        return self.unix


def at(hours, *utc):
    return Quiet(hours, Clock(seconds(*utc)))()


def test_over_midnight_mails_wait_until_the_morning():
    equal(at("22:00-06:00", 2026, 11, 28, 20, 59, 59), (0, ""))
    equal(at("22:00-06:00", 2026, 11, 28, 21, 0, 0), (8 * 3600, "06:00"))
    equal(at("22:00-06:00", 2026, 11, 29, 4, 59, 59), (1, "06:00"))
    equal(at("22:00-06:00", 2026, 11, 29, 5, 0, 0), (0, ""))


def test_within_a_day_and_in_summer_time():
    equal(at("12:30-14:00", 2026, 7, 1, 10, 30, 0), (90 * 60, "14:00"))
    equal(at("12:30-14:00", 2026, 7, 1, 12, 0, 0), (0, ""))


def test_without_a_date_nothing_waits():
    equal(Quiet("00:00-23:59", Clock(None))(), (0, ""))


def test_what_is_not_two_times_is_refused():
    for wrong in ("", "22:00", "22:00-", "22-06", "24:00-06:00", "22:00-06:60", "6:00-7:00", "06:00-06:00", "a-b"):
        raises(ValueError, minutes, wrong)
