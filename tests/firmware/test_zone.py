"""Dates by arithmetic, and local time by POSIX TZ rules."""

from alertnode.zone import Zone, days, fields, seconds
from check import equal, inside, raises

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
DATES = (
    (0, (1970, 1, 1, 0, 0, 0)),
    (-1, (1969, 12, 31, 23, 59, 59)),
    (946684800, (2000, 1, 1, 0, 0, 0)),
    (951782400, (2000, 2, 29, 0, 0, 0)),
    (1709164800, (2024, 2, 29, 0, 0, 0)),
    (1795521600, (2026, 11, 24, 12, 0, 0)),
    (4107542400, (2100, 3, 1, 0, 0, 0)),
    (-2208988800, (1900, 1, 1, 0, 0, 0)),
)
LOCAL = (
    ("UTC0", (2026, 7, 1, 12, 0, 0), "2026-07-01 12:00:00 UTC"),
    (BERLIN, (2026, 1, 15, 11, 3, 0), "2026-01-15 12:03:00 CET"),
    (BERLIN, (2026, 3, 29, 0, 59, 59), "2026-03-29 01:59:59 CET"),
    (BERLIN, (2026, 3, 29, 1, 0, 0), "2026-03-29 03:00:00 CEST"),
    (BERLIN, (2026, 10, 25, 0, 59, 59), "2026-10-25 02:59:59 CEST"),
    (BERLIN, (2026, 10, 25, 1, 0, 0), "2026-10-25 02:00:00 CET"),
    ("EST5EDT", (2026, 7, 4, 16, 0, 0), "2026-07-04 12:00:00 EDT"),
    ("EST5EDT,M3.2.0,M11.1.0", (2026, 11, 1, 6, 0, 0), "2026-11-01 01:00:00 EST"),
    ("<+0545>-5:45", (2026, 1, 1, 0, 0, 0), "2026-01-01 05:45:00 +0545"),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", (2026, 1, 1, 0, 0, 0), "2026-01-01 11:00:00 AEDT"),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", (2026, 6, 1, 0, 0, 0), "2026-06-01 10:00:00 AEST"),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", (2026, 3, 29, 1, 0, 0), "2026-03-29 00:00:00 -01"),
    ("LHST-10:30LHDT-11,M10.1.0,M4.1.0", (2026, 1, 1, 0, 0, 0), "2026-01-01 11:00:00 LHDT"),
    ("XXX3YYY,J60,J300", (2024, 3, 1, 6, 0, 0), "2024-03-01 04:00:00 YYY"),
    ("XXX3YYY,J60,J300", (2024, 3, 1, 4, 0, 0), "2024-03-01 01:00:00 XXX"),
    ("XXX3YYY,59,300", (2024, 2, 29, 6, 0, 0), "2024-02-29 04:00:00 YYY"),
)
WRONG = ("", "CET", "C-1", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-99", "Europe/Berlin", "CET-1CEST,x,y")


def test_dates_and_unix_seconds_turn_into_each_other():
    for unix, date in DATES:
        equal(fields(unix), date)
        equal(seconds(*date), unix)


def test_every_day_of_eight_hundred_years_is_counted_once():
    number = days(1900, 1, 1)
    for year in range(1900, 2301, 7):
        for month in range(1, 13):
            day = days(year, month, 1)
            equal(fields(day * 86400)[:3], (year, month, 1))
            equal(day > number or year == 1900, True)
            number = day


def test_local_time_follows_the_rule_on_both_sides_of_each_change():
    for rule, utc, text in LOCAL:
        equal(Zone(rule).text(seconds(*utc)), text, rule)


def test_a_local_time_leads_back_to_its_unix_seconds():
    zone = Zone(BERLIN)
    for utc in ((2026, 1, 15, 11, 3, 0), (2026, 7, 15, 11, 3, 0), (2026, 3, 29, 1, 0, 0), (2026, 10, 25, 1, 0, 1)):
        unix = seconds(*utc)
        local = fields(unix + zone.offset(unix)[1])
        # Only 02:00 to 03:00 of the October night comes twice: the first is taken.
        twice = utc[1] == 10
        equal(zone.unix(*local), unix - 3600 if twice else unix)
    # 02:30 of the March night never was: it counts as half an hour after the change.
    equal(zone.text(zone.unix(2026, 3, 29, 2, 30, 0)), "2026-03-29 03:30:00 CEST")


def test_the_short_form_is_the_time_of_day():
    equal(Zone(BERLIN).short(seconds(2026, 7, 1, 10, 3, 0)), "12:03")


def test_a_wrong_rule_is_refused_with_its_place():
    for rule in WRONG:
        inside("character", str(raises(ValueError, Zone, rule)))
