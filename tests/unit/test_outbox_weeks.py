"""What bad weeks do to an outbox: names that are not found, clocks that wrap or lie, a flash that errs or fills."""

from check import equal, inside, raises
from outbox_world import QUIET, cleaned
from umail import Outbox, Route
from umail.errors import MailError
from umail.queue.stopwatch import stopwatch

HOUR = 3600
DAY = 86400


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
    from umail.queue.flush import Flush

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


@cleaned
def test_a_heartbeat_that_the_flash_refuses_is_tried_again_each_quarter_of_an_hour(world):
    # (At each flush it would erase a block a second, and a worn flash refuses for hours.)
    world.start(heartbeat=lambda: world.message("well"), every=3600)
    write, tried = world.box.write, []
    for fault in (OSError, MemoryError):

        def refuse(*_, fault=fault):
            tried.append(world.time)
            raise fault(28)

        world.box.write = refuse
        world.time += 4000
        for second in range(2000):
            world.time += 1
            if world.box.wait() == 0:
                world.flush()
        equal([b - a for a, b in zip(tried, tried[1:])], [900, 900])
        del tried[:]
        world.box.write = write
        world.time += 900
        world.flush()
    equal(world.subjects(), ["well", "well"])
