"""What bad weeks do to an outbox: names that are not found, clocks that wrap or lie, a flash that errs or fills."""

import os
import sys

from check import equal, inside, raises
from outbox_world import QUIET, cleaned
from umail import Outbox, Route
from umail.errors import MailError
from umail.queue import spool
from umail.queue.stopwatch import stopwatch

HOUR = 3600
DAY = 86400


def refusing(name, error):
    """Let the method ``name`` of each spool raise ``error``; returns what ends that."""
    usual = getattr(spool.Spool, name)

    def refuse(*_):
        raise error

    setattr(spool.Spool, name, refuse)
    return lambda: setattr(spool.Spool, name, usual)


# -- what the network says once ----------------------------------------------------------------------------------------


def no_name(host):
    raise MailError("resolve", "configuration", "there is no name " + host, key="dns_no_name")


@cleaned
def test_a_name_is_looked_for_again_within_a_quarter_of_an_hour_and_a_person_asked_if_it_was_never_found(world):
    for host, reached, known in (("known", False, True), ("other", False, False), ("builtin", True, True)):
        world.start(route=Route("known", 25, security="plain"))
        world.put("known")
        world.flush()
        # After a reset: the route itself remembers nothing.
        route = Route(host, 25, security="plain")
        route.reached = reached
        box = world.start(route=route, policy=dict(QUIET, first=20, ceiling=900))
        entry = world.put("alert")
        del world.results[:]
        world.server.lookup = no_name
        for _ in range(4):
            world.flush()
            world.time += box.wait()
        world.flush()
        equal((entry.state, box.wait() <= 900), ("pending", True), "%s: %d" % (host, box.wait()))
        equal(world.results[0][1].kind, "temporary" if known else "configuration")
        del world.server.lookup
        box.retry()
        box.purge(entry)


@cleaned
def test_a_name_that_was_found_since_the_start_is_not_asked_of_a_person(world):
    world.start(route=Route("mail", 25, security="plain"), policy=dict(QUIET, first=20, ceiling=900))
    world.server.refusal = b"421 too busy\r\n"
    world.put("alert")
    world.flush()
    world.server.lookup = no_name
    for _ in range(20):
        world.time += 900
        world.flush()
    equal((world.results[-1][1].kind, world.box.wait() <= 900), ("temporary", True))


@cleaned
def test_a_login_that_is_put_off_for_ever_is_told_after_three_hours(world):
    world.start(policy=dict(QUIET, first=20, ceiling=900))
    world.server.refusal = b"454 4.7.0 temporary authentication failure\r\n"
    world.put("alert")
    from umail.queue.run import Flush

    entry = world.box.pending()[0]
    start = world.time
    for _ in range(100):
        flush = Flush(world.box)
        flush.before = "pending"
        error = MailError("auth", "temporary", "temporary authentication failure", 454, "4.7.0", "temporary")
        flush._failed(entry, world.box.read(entry), error)
        world.time += 600
    told = [error.lasts for _, error in world.results]
    equal(told, [0, 3 * HOUR], str(world.time - start))
    world.server.refusal = None
    world.box.retry()
    world.flush()
    inside(b"For 3 hours no mail could be sent: auth: 454", world.server.taken[0][2])


# -- time --------------------------------------------------------------------------------------------------------------

PERIOD = 1 << 30


class Ticks:
    """A board's millisecond counter, which wraps, and its date, which may jump."""

    def __init__(self):
        self.now = PERIOD - 5000
        self.date = None

    def ticks(self):
        return self.now % PERIOD

    @staticmethod
    def left(end, start):
        # As time.ticks_diff has it.
        return (end - start + PERIOD // 2) % PERIOD - PERIOD // 2

    def watch(self):
        return stopwatch(self.ticks, self.left, PERIOD, lambda: self.date)

    def pass_time(self, seconds):
        self.now += seconds * 1000
        if self.date is not None:
            self.date += seconds


def test_seconds_never_run_backwards_however_seldom_somebody_asks():
    for seconds in (1, 1000, 6 * DAY, 7 * DAY, 12 * DAY):
        board = Ticks()
        watch = board.watch()
        equal(watch(), 0)
        for i in range(1, 4):
            board.pass_time(seconds)
            equal(watch(), i * seconds, seconds)


def test_with_a_date_seconds_are_right_over_whole_turns_of_the_counter():
    board = Ticks()
    board.date = 1800000000
    watch = board.watch()
    total = 0
    for days in (1, 13, 40, 365, 7):
        board.pass_time(days * DAY)
        total += days * DAY
        equal(abs(watch() - total) <= 1, True, "%d days" % days)


def test_a_clock_that_is_set_or_jumps_moves_no_seconds():
    board = Ticks()
    watch = board.watch()
    for date in (1800000000, 1800000000 + 300 * DAY, 1700000000, None, 1900000000):
        board.date = date
        board.pass_time(60)
        watch()
    equal(watch(), 300)


@cleaned
def test_the_second_alert_of_a_key_a_week_later_is_a_mail_of_its_own(world):
    board = Ticks()
    box = Outbox(world.path, Route("192.0.2.1", 25, security="plain"), uptime=board.watch(), date=lambda: None)
    try:
        box.put(world.message("one"), key="door")
        board.pass_time(7 * DAY)
        equal(box.put(world.message("two"), key="door").until, 0)
        equal(box.wait(), 0)
    finally:
        box.close()


@cleaned
def test_a_date_that_was_wrong_when_a_mail_was_put_does_not_make_it_too_old(world):
    world.jump = -400 * DAY
    world.start()
    world.put("later")
    world.jump = 0
    world.start()
    world.flush()
    equal((world.box.entries[0].state, world.box.entries[0].attempts), ("deferred", 1))
    # A day it has.
    world.time += DAY - 600
    world.flush()
    equal(world.box.entries[0].state, "deferred")
    world.start()
    world.time += DAY
    world.flush()
    equal(world.box.entries[0].state, "dead")


# -- flash -------------------------------------------------------------------------------------------------------------


@cleaned
def test_a_flash_that_cannot_be_read_for_a_while_loses_no_mail(world):
    world.start()
    for name in "abc":
        world.put(name)
    back = refusing("_tail", OSError(5))
    try:
        # At a start, and while it sends.
        equal(world.start().pending(), [])
        equal(world.flush(), 0)
    finally:
        back()
    equal((world.flush(), world.subjects()), (3, ["a", "b", "c"]))
    for name in "def":
        world.put(name)
    back = refusing("_message", OSError(5))
    try:
        for _ in range(3):
            equal(world.flush(), 0)
            world.time += 400
    finally:
        back()
    equal((len(world.box.pending()), len(world.files())), (3, 3))
    world.drain()
    equal(world.subjects()[3:], ["d", "e", "f"])
    equal([b"damaged" in octets for _, _, octets in world.server.taken], [False] * 6)


@cleaned
def test_a_number_is_never_used_twice_though_a_card_was_away(world):
    world.start()
    first = world.put("first")
    # Another card, or none: an empty directory, where two mails get numbers of their own.
    away = world.path + "-away"
    os.rename(world.path, away)
    world.start()
    world.put("second")
    os.remove(world.path + "/" + world.box.entries[0].name)
    os.remove(world.path + "/state")
    os.rmdir(world.path)
    os.rename(away, world.path)
    third = world.put("third")
    equal((first.number, third.number > 1, len(world.files())), (1, True, 2))
    world.start()
    world.drain()
    equal(world.subjects(), ["first", "third"])
    equal(world.start().spool.number >= third.number, True)
    equal(world.put("fourth").number > third.number, True)


@cleaned
def test_a_small_alert_drops_nothing_where_all_fit_and_nothing_if_that_would_not_help(world):
    world.start()
    for i in range(5):
        world.put(str(i))
    room = spool.Spool.room
    try:
        spool.Spool.room = lambda self: (12288, 4096)
        world.put("5")
        equal(len(world.box.pending()), 6)
        # Too much for all of them together.
        spool.Spool.room = lambda self: (0, 4096)
        raises(OSError, world.box.put, world.message("big", text="x" * 60000))
        equal(len(world.box.pending()), 6)
        # So much as two would free.
        spool.Spool.room = lambda self: (8192 - 4096 * min(2, len(self_files(world)) - 4), 4096)
        world.put("6")
        equal(len(world.box.pending()), 5)
    finally:
        spool.Spool.room = room
    world.drain()
    equal(world.subjects(), ["2", "3", "4", "5", "6"])
    inside(b"Mails that were dropped, as the outbox was full: 2.", world.server.taken[0][2])


def self_files(world):
    return [name for name in world.files() if name[-5:] == ".mail"]


@cleaned
def test_a_put_that_failed_has_not_been(world):
    policy = {"per_minute": 0, "per_hour": 3}
    world.start(policy=policy)
    world.put("open", key="door")
    first = world.box.policy.keys["door"].first
    alert = world.message("again", to="ops@example.org")
    back = refusing("write", OSError(28))
    try:
        recovery = world.message("closed")
        for _ in range(4):
            raises(OSError, world.box.put, recovery, key="door", recovery=True)
            raises(OSError, world.box.put, alert, key="window")
    finally:
        back()
    equal((recovery.headers, sorted(world.box.policy.keys)), ([], ["door"]))
    equal(world.box.put(alert, key="window").until, 0)
    world.box.put(recovery, key="door", recovery=True)
    world.drain()
    octets = world.server.taken[2][2]
    equal(octets.count(b"In-Reply-To: " + first.encode()), 1)


@cleaned
def test_what_is_put_during_a_send_is_bounded_too(world):
    world.start(most=5)
    world.put("first")
    most = []

    def flood():
        if not most:
            for i in range(100):
                world.put("alert %d" % i)
                most.append(len(world.box.entries))

    world.server.seen = flood
    world.drain()
    equal(max(most), 5)


@cleaned
def test_a_second_outbox_on_a_directory_is_refused_until_the_first_is_closed(world):
    world.start()
    route = Route("192.0.2.1", 25, security="plain")
    inside("belongs to another Outbox already", str(raises(ValueError, Outbox, world.path, route)))
    folder, _, name = world.path.rpartition("/")
    here = os.getcwd()
    for path in (world.path + "/", folder + "//" + name, folder + "/./" + name, folder + "/x/../" + name + "/", name):
        if path == name:
            # (Where CPython and MicroPython are both asked for a directory by a relative name.)
            os.chdir(folder)
        try:
            if "/x/" not in path or sys.implementation.name == "micropython":
                inside("belongs to another Outbox already", str(raises(ValueError, Outbox, path, route)))
        finally:
            os.chdir(here)
    world.put("alert")
    world.box.close()
    second = Outbox(world.path, route)
    equal(len(second.pending()), 1)
    second.close()


@cleaned
def test_what_was_delivered_while_the_flash_refused_to_let_it_go_is_not_sent_again(world):
    kept = []

    def keep(names=None):
        if names is None:
            return list(kept)
        kept[:] = names
        return None

    world.start(keep=keep)
    world.put("alert")
    back = refusing("discard", OSError(5))
    try:
        equal(world.flush(), 1)
        for _ in range(3):
            world.time += 700
            equal(world.flush(), 0)
        # Over a reset, too, where something remembers.
        world.start(keep=keep)
        world.time += 700
        equal((world.flush(), len(world.files()), kept), (0, 1, [1]))
    finally:
        back()
    world.flush()
    equal((world.files(), kept, len(world.server.taken)), ([], [], 1))


@cleaned
def test_what_waits_is_sent_though_the_flash_can_only_be_read(world):
    world.start()
    world.put("one")
    world.put("two", priority=2)
    ends = [refusing(name, OSError(30)) for name in ("store", "discard", "save", "write")]
    try:
        world.start()
        equal((world.flush(), world.subjects()), (2, ["two", "one"]))
        equal(world.flush(), 0)
    finally:
        for end in ends:
            end()


@cleaned
def test_a_flash_that_refuses_the_mark_again_does_not_keep_the_mail(world):
    world.start()
    world.put("alert")
    back = refusing("store", OSError(28))
    try:
        equal((world.flush(), world.box.wait() <= 60), (0, True))
        world.time += 60
        equal(world.flush(), 1)
    finally:
        back()


@cleaned
def test_a_time_that_is_none_is_told_when_the_outbox_is_made(world):
    route = Route("192.0.2.1", 25, security="plain")
    for value in (None, float("nan"), float("inf"), -1, "5"):
        for name in ("timeout", "deadline"):
            inside(name + ": ", str(raises(ValueError, lambda: Outbox(world.path, route, **{name: value}))))
    world.start()


@cleaned
def test_a_heartbeat_that_raises_leaves_as_it_is_and_holds_no_mail_up(world):
    def broken():
        raise KeyError("mine")

    world.start(heartbeat=broken, every=3600)
    world.put("alert")
    world.time += 4000
    raises(KeyError, world.flush)
    equal((world.flush(), world.subjects()), (1, ["alert"]))
    # It is asked for again after an hour.
    world.time += 3700
    raises(KeyError, world.flush)
