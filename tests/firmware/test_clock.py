"""The board's time: unset, set, estimated, and jumping both ways."""

from alertnode.clock import ESTIMATED, SET, UNSET, Uptime
from alertnode.ds3231 import DS3231
from alertnode.zone import seconds
from check import equal, inside
from firmware_fakes import NOON, Port, Said, clock


class Chip:
    """A DS3231's registers on an I2C bus."""

    def __init__(self, unix=None, stopped=False):
        self.registers = bytearray(19)
        self.registers[15] = 0x80 if stopped else 0

    def readfrom_mem(self, address, register, count):
        equal(address, 0x68)
        return bytes(self.registers[register : register + count])

    def writeto_mem(self, address, register, data):
        self.registers[register : register + len(data)] = data


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
    equal(time.stamp(), ("--:--", "12 s after the start"))


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
    port.servers["pool"] = NOON - 86400
    time.sync()
    inside("it was 93600 s fast", said.text())
    port.pass_time(5)
    equal((time.uptime(), time.unix(0)), (5000, NOON - 86400))


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
    inside("before 2025: not believed", said.text())


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
    equal(bytes(bus.registers[:7]), b"\x00\x00\x12\x06\x24\x11\x26")
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
