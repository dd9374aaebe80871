"""The outbox and time: Dates are stamped once, and a clock that is unset or jumps changes no pause."""

from check import equal
from outbox_world import DATE, cleaned, field


@cleaned
def test_a_date_is_stamped_once_when_the_clock_is_first_set(world):
    world.dated = False
    world.start()
    message = world.message("later")
    message.date = None
    world.box.put(message)
    world.time += 50
    world.flush()
    world.time += 100
    world.dated = True
    world.flush()
    equal(world.box.entries[0].date, DATE + 1000)
    world.jump = 5000
    world.start()
    world.server.calm = True
    world.drain()
    equal(world.box.entries, [])
    from umail.mime.date import text

    equal(field(world.server.taken[-1][2], "Date"), text(DATE + 1000))


@cleaned
def test_jumps_of_the_clock_change_no_pause(world):
    for jump in (-40 * 365 * 86400, 40 * 365 * 86400):
        world.start()
        world.put("later")
        world.flush()
        wait = world.box.wait()
        world.jump += jump
        world.time += 1
        world.flush()
        equal((world.box.wait(), len(world.box.pending())), (wait - 1, 1))
        world.box.purge(world.box.pending()[0])


@cleaned
def test_a_pause_goes_on_over_a_reset_by_the_date_and_by_the_sleep_that_is_told(world):
    world.start()
    world.random = 0.999
    world.put("later")
    world.flush()
    wait = world.box.wait()
    world.time += 20
    world.start()
    equal(world.box.wait(), wait - 20)
    world.dated = False
    world.time += 30
    world.start(slept=10)
    equal(world.box.wait(), wait - 10)
    # The date comes later: so long it was off.
    world.dated = True
    equal(world.box.wait(), wait - 50)


@cleaned
def test_a_clock_set_back_while_the_power_was_off_makes_nothing_due_and_nothing_late(world):
    world.start()
    world.put("later")
    world.flush()
    wait = world.box.wait()
    world.jump = -10 * 365 * 86400
    world.start()
    equal(world.box.wait(), wait)


@cleaned
def test_after_a_clock_was_set_back_a_pause_goes_on_over_one_sleep_after_the_other(world):
    world.start()
    world.random = 0.999
    world.put("later")
    world.flush()
    wait = world.box.wait()
    world.jump = -400 * 86400
    for passed in range(1, 4):
        world.time += 1
        world.start(slept=1)
        equal(world.box.wait(), wait - passed)
    # From the first of these sleeps on the date counts again.
    world.time += 5
    world.start()
    equal(world.box.wait(), wait - 8)


@cleaned
def test_a_pause_that_was_written_before_the_date_was_known_goes_on_over_one_sleep_after_the_other(world):
    world.start()
    entry = world.put("alert")
    # The power went as it left, and the board began without a date; it has one since, and sleeps.
    entry.state = "sending"
    world.time += 5
    world.box.store(entry)
    world.dated = False
    world.start()
    world.dated = True
    starts = 0
    while not world.server.taken:
        world.box.now()
        # (It wakes a little too soon.)
        seconds = max(world.box.wait() - 9, 9)
        world.time += seconds
        world.start(slept=seconds)
        world.flush()
        starts += 1
        equal(starts < 10, True)
