"""The board's time: unset, set, estimated, and jumping both ways."""

from alertnode.clock import ESTIMATED, SET, UNSET, Uptime
from alertnode.ds3231 import DS3231
from alertnode.zone import seconds
from check import equal, inside
from firmware_fakes import NOON, Port, Said, clock


class Chip:
    """A DS3231's registers, as the Bus that it shares with sensors gives them."""

    def __init__(self, unix=None, stopped=False):
        self.kept = bytearray(19)
        self.kept[15] = 0x80 if stopped else 0

    def registers_of(self, first, count):
        return bytes(self.kept[first : first + count])

    def registers(self, address, first, count):
        equal(address, 0x68)
        return self.registers_of(first, count)

    def write(self, address, data):
        self.kept[data[0] : data[0] + len(data) - 1] = data[1:]


def test_uptime_survives_the_wrap_of_the_millisecond_counter_and_no_jump_of_the_date():
    port = Port()
    uptime = Uptime(port)
    port.pass_time(100)
    equal(uptime(), 100000)
    port.set_unix(NOON)
    port.pass_time(1000)
    equal(uptime(), 1100000)


def test_a_board_that_starts_in_2000_has_no_date():
    port, said = Port(), Said()
    time = clock(port, said)
    equal((time.state, time.now(), time.unix(0)), (UNSET, None, None))
    port.pass_time(12)
    equal(time.text(12000), "12 s after the start (the clock was not set)")
    equal((time.stamp(), time.stamp(True)), ("--:--", "12 s after the start"))


def test_a_clock_that_ran_on_is_right_at_once():
    equal(clock(Port(NOON), Said()).state, SET)


def test_ntp_sets_the_clock_and_gives_earlier_moments_their_date():
    port, said = Port(), Said()
    time = clock(port, said, "CET-1CEST,M3.5.0,M10.5.0/3")
    port.pass_time(60)
    port.servers["pool"] = NOON
    equal(time.sync(), True)
    equal(time.now(), NOON)
    equal(time.text(0), "2026-11-24 12:59:00 CET")
    inside("clock set to 2026-11-24 13:00:00 CET by NTP server pool: it was not set", said.text())
    equal(time.due(), False)
    port.pass_time(86400)
    equal(time.due(), True)


def test_a_jump_in_either_direction_is_told_and_moves_no_duration():
    port, said = Port(NOON), Said()
    time = clock(port, said)
    port.servers["pool"] = NOON + 7200
    time.sync()
    inside("it was 7200 s slow", said.text())
    equal(time.uptime(), 0)
    port.servers["pool"] = NOON - 7200
    time.sync()
    inside("it was 14400 s fast", said.text())
    port.pass_time(5)
    equal((time.uptime(), time.unix(0)), (5000, NOON - 7200))


def test_servers_are_asked_in_order_then_the_router():
    port, said = Port(), Said()
    time = clock(port, said, servers=("first", "second"))
    time.gateway = lambda: "192.168.1.1"
    port.servers["192.168.1.1"] = NOON
    equal(time.sync(), True)
    equal(port.asked, ["first", "second", "192.168.1.1"])


def test_a_date_before_2025_is_not_believed():
    port, said = Port(), Said()
    port.servers["pool"] = seconds(1999, 1, 1)
    equal(clock(port, said).sync(), False)
    inside("1999-01-01 00:00:00 UTC: not believed", said.text())


def test_failures_are_told_with_growing_pauses():
    port, said = Port(), Said()
    time = clock(port, said)
    for pause in (5, 10, 20, 40):
        equal(time.due(), True)
        time.sync()
        equal(time.due(), False)
        inside("asked again in %d s" % pause, said.lines[-1])
        port.pass_time(pause)


def test_without_ntp_for_long_the_last_known_time_is_taken_as_an_estimate():
    port, said = Port(), Said()
    port.files["/clock"] = b"%d" % NOON
    time = clock(port, said)
    time.sync()
    equal(time.state, UNSET)
    port.pass_time(601)
    time.sync()
    equal((time.state, time.now()), (ESTIMATED, NOON + 601))
    inside("(estimated)", time.text(601000))
    inside("by the last known time, as NTP does not answer", said.text())
    # NTP that answers at last is better, even if it goes back.
    port.servers["pool"] = NOON - 50
    time.sync()
    equal((time.state, time.now()), (SET, NOON - 50))


def test_a_damaged_file_of_the_last_known_time_counts_as_none():
    for damaged in (None, b"", b"soon", b"17e8", b"-5", b"\xff", b"12"):
        port, said = Port(), Said()
        port.files["/clock"] = damaged
        time = clock(port, said)
        time.sync()
        port.pass_time(601)
        time.sync()
        equal(time.state, UNSET, damaged)


def test_the_last_known_time_is_kept_seldom_and_never_while_unset():
    port, said = Port(), Said()
    time = clock(port, said)
    time.tick()
    equal(port.files, {})
    port.servers["pool"] = NOON
    time.sync()
    time.tick()
    equal(port.files, {"/clock": b"%d" % NOON})
    port.pass_time(3600)
    time.tick()
    equal(port.files, {"/clock": b"%d" % NOON})
    port.pass_time(6 * 3600)
    time.tick()
    equal(port.files, {"/clock": b"%d" % (NOON + 7 * 3600)})


def test_a_full_flash_is_told_and_stops_nothing():
    port, said = Port(NOON), Said()
    port.full = True
    clock(port, said).tick()
    inside("could not be kept", said.text())


def test_a_ds3231_sets_the_clock_and_is_set_by_ntp():
    bus = Chip()
    DS3231(bus).set(NOON)
    equal(bus.registers_of(0, 7), b"\x00\x00\x12\x06\x24\x11\x26")
    port, said = Port(), Said()
    time = clock(port, said, chip=DS3231(bus))
    equal((time.state, time.now()), (SET, NOON))
    port.servers["pool"] = NOON + 90
    time.sync()
    equal(DS3231(bus).get(), NOON + 90)


def test_a_ds3231_that_had_stopped_or_does_not_answer_is_not_believed():
    bus = Chip(stopped=True)
    equal(DS3231(bus).get(), None)
    DS3231(bus).set(NOON)
    equal(DS3231(bus).get(), NOON)

    class Silent:
        def get(self):
            raise OSError(19)

    said = Said()
    equal(clock(Port(), said, chip=Silent()).state, UNSET)
    inside("DS3231 does not answer", said.text())


def test_a_ds3231_on_a_disturbed_bus_neither_stops_the_start_nor_sets_a_clock_years_away():
    for octet in (0xFF, 0x00, 0x99, 0x5A, 0x80):
        bus = Chip()
        bus.kept[:7] = bytes((octet,)) * 7
        bus.kept[15] = 0
        time = clock(Port(), Said(), chip=DS3231(bus))
        equal(time.state, UNSET, "%x" % octet)

    class Short(Chip):
        def registers(self, address, first, count):
            return b""

    said = Said()
    equal(clock(Port(), said, chip=DS3231(Short())).state, UNSET)
    inside("DS3231 does not answer", said.text())


def test_a_clock_that_ran_on_years_away_is_not_believed():
    equal(clock(Port(NOON + 20 * 365 * 86400), Said()).state, UNSET)


def test_a_moment_is_right_to_the_second_at_any_phase():
    port = Port(NOON)
    time = clock(port, Said())
    for _ in range(600):
        port.sleep(7777)
        at, true = time.uptime(), port.clock
        port.sleep(750)
        equal(time.unix(at), true // 1000)
        equal(time.moment(true // 1000), at - true % 1000)


def test_a_counter_that_wraps_is_right_for_as_long_as_it_takes_to_wrap():
    port = Port()
    uptime = Uptime(port)
    for days in (1, 7, 12):
        before = uptime()
        port.pass_time(days * 86400)
        equal(uptime() - before, days * 86400000)


def test_a_clock_that_is_set_moves_by_more_than_a_day_only_if_two_servers_agree():
    port, said = Port(NOON), Said()
    time = clock(port, said, servers=("first", "second"))
    far = NOON + 5 * 365 * 86400
    port.servers["first"] = far
    equal((time.sync(), time.now()), (False, NOON))
    inside("believed if another says so, or it again in an hour", said.text())
    port.servers["second"] = far + 86400
    equal((time.sync(), time.now()), (False, NOON))
    port.servers["second"] = far + 3
    equal((time.sync(), time.now()), (True, far + 3))


def test_or_if_one_says_so_twice_an_hour_apart():
    port, said = Port(NOON), Said()
    time = clock(port, said)
    begin = port.milliseconds
    port.servers["pool"] = lambda: NOON - 40 * 86400 + (port.milliseconds - begin) // 1000
    while not time.sync():
        port.pass_time(60)
    equal(time.uptime(), 3600000)
    equal(time.now(), NOON - 40 * 86400 + 3600)
    equal(len([line for line in said.lines if "believed if" in line]), 1)


def test_what_an_unset_clock_is_told_may_be_neither_before_the_last_known_time_nor_years_after():
    for kept, told, believed in (
        (None, NOON, True), (None, seconds(2036, 2, 7, 6, 28, 17), False), (None, seconds(2040, 1, 1), False),
        (NOON, NOON + 40, True), (NOON, NOON - 3600, True), (NOON, NOON - 30 * 86400, False),
        (NOON, NOON + 200 * 86400, True), (NOON, NOON + 3 * 366 * 86400, False),
        # In its time, 2036 is as good as any year.
        (seconds(2036, 2, 1), seconds(2036, 2, 8), True), (seconds(2035, 12, 1), seconds(2036, 3, 1), True),
    ):  # fmt: skip
        port = Port()
        port.files["/clock"] = None if kept is None else b"%d" % kept
        port.servers["pool"] = told
        time = clock(port, Said())
        equal((time.sync(), time.state), (believed, SET if believed else UNSET), (kept, told))


def test_a_server_that_wants_to_be_left_alone_is():
    port, said = Port(), Said()
    time = clock(port, said, servers=("first", "second"))

    def kiss():
        raise ValueError("it refuses to answer (DENY)", 86400)

    port.servers["first"] = kiss
    for _ in range(20):
        time.sync()
        port.pass_time(600)
    equal(port.asked.count("first"), 1)
    inside("NTP server first: it refuses to answer (DENY)", said.text())
    port.pass_time(86400)
    time.sync()
    equal(port.asked.count("first"), 2)


def test_a_certificate_that_failed_by_its_dates_has_the_time_asked_for_again_soon():
    port = Port()
    port.servers["pool"] = NOON
    time = clock(port, Said())
    time.sync()
    time.soon()
    port.pass_time(5)
    equal(time.due(), True)


def asleep(port, time, seconds, fast=0):
    """Let ``time``'s board sleep and start anew; its clock gains ``fast`` seconds meanwhile. Returns its new Clock."""
    kept = time.kept()
    port.pass_time(seconds)
    port.clock += fast * 1000
    later = clock(port, Said())
    later.resume(*kept)
    return later


def test_after_a_sleep_ntp_is_asked_again_only_a_day_after_its_last_answer():
    port = Port()
    time = clock(port, Said())
    port.servers["pool"] = NOON
    time.sync()
    for _ in range(3):
        time = asleep(port, time, 7 * 3600)
        equal((time.state, time.due()), (SET, False))
    time = asleep(port, time, 7 * 3600)
    equal(time.due(), True)


def test_the_drift_of_a_clock_that_sleeps_is_measured_once_a_day_and_made_up_for():
    port = Port()
    true = [NOON]
    time = clock(port, Said())
    port.servers["pool"] = lambda: true[0]
    time.sync()
    # It gains 1 in 100, as the RC oscillator of an ESP32 may.
    for _ in range(24):
        time = asleep(port, time, 3600, 36)
        true[0] += 3600
    equal(port.unix() - true[0], 24 * 36)
    time.sync()
    equal(port.unix(), true[0])
    equal(time.drift < -9000, True, time.drift)
    for _ in range(24):
        time = asleep(port, time, 3600, 36)
        true[0] += 3600
        equal(abs(port.unix() - true[0]) <= 20, True, port.unix() - true[0])
    time.sync()
    equal(-11000 < time.drift < -9000, True, time.drift)


def test_what_a_sleep_kept_of_the_time_and_cannot_be_counts_for_nothing():
    for kept in ((NOON + 60, NOON + 60, 0), (NOON, NOON + 86400, 0), (NOON, NOON - 5, 9), (0, 0, 500000), (5, 5, 5)):
        port = Port(NOON)
        time = clock(port, Said())
        time.resume(*kept)
        equal((port.unix(), time.due(), time.drift), (NOON, True, 0), kept)


def test_a_drift_that_no_clock_has_is_not_believed():
    port = Port()
    true = [NOON]
    time = clock(port, Said())
    port.servers["pool"] = lambda: true[0]
    time.sync()
    time = asleep(port, time, 7200, 3600)
    true[0] += 7200
    time.sync()
    equal(abs(time.drift) <= 100000, True, time.drift)


def test_a_board_that_starts_at_each_wake_writes_the_last_known_time_no_more_often():
    port = Port(NOON)
    written = []
    usual = port.write
    port.write = lambda path, data: written.append(path) or usual(path, data)
    for _ in range(96):
        clock(port, Said()).tick()
        port.pass_time(900)
    equal(len(written), 4)
    # What lies there is later than now: the clock was wrong then, or is now.
    port.set_unix(NOON - 100 * 86400)
    clock(port, Said()).tick()
    equal(len(written), 5)
