"""Rules: one alert and one recovery for each excursion; a sensor that is gone proves nothing."""

from alertnode.rules import Rule, make, number
from alertnode.sensors.reading import Reading
from check import equal

GONE = None


def feed(rule, values):
    """The kinds of event, "-" for none, after each of the values."""
    return " ".join([_kind(rule.feed(Reading(value, "°C", at * 60, ""))) for at, value in enumerate(values)])


def _kind(event):
    return event.kind if event else "-"


def test_above_with_hysteresis_alerts_once_and_recovers_once():
    rule = Rule("t", "above", 37.2, 0.2)
    equal(feed(rule, (37.0, 37.2, 37.3, 37.5, 37.1, 37.2, 37.0, 36.9)), "- - alert - - - recovery -")


def test_below_is_the_mirror_image():
    rule = Rule("t", "below", 2, 0.5)
    equal(feed(rule, (3, 2, 1.9, 1, 2.4, 2.5, 1.5)), "- - alert - - recovery alert")


def test_without_hysteresis_the_limit_itself_is_normal():
    equal(feed(Rule("t", "above", 10), (11, 10, 11)), "alert recovery alert")


def test_the_value_that_is_said_to_be_normal_is_normal_in_any_floats():
    for tenths in range(-120, 121, 7):
        for width in range(1, 12):
            limit, hysteresis = tenths / 10, width / 10
            for when, sign in (("above", 1), ("below", -1)):
                rule = Rule("t", when, limit, hysteresis)
                back = float(number(rule.normal()))
                equal(
                    feed(rule, (limit, limit + sign, back + sign * 0.1, back)),
                    "- alert - recovery",
                    (when, limit, hysteresis),
                )


def test_for_three_readings_in_a_row():
    rule = Rule("t", "above", 10, 0, 3)
    equal(feed(rule, (11, 11, 9, 11, 11, 11, 12, 9)), "- - - - - alert - recovery")


def test_the_event_knows_since_when_and_the_peak():
    rule = Rule("t", "above", 10, 1, 2)
    events = [rule.feed(Reading(value, "°C", at)) for at, value in enumerate((9, 11, 15, 10, 12, 9))]
    alert, recovery = [event for event in events if event]
    equal((alert.since, alert.reading.at, alert.peak), (1, 2, 15))
    equal((recovery.since, recovery.reading.at, recovery.peak), (1, 5, 15))
    # The next excursion begins with nothing of the last one.
    events = [rule.feed(Reading(value, "°C", 10 + at)) for at, value in enumerate((11, 11))]
    equal((events[1].since, events[1].peak), (10, 11))


def test_below_remembers_the_lowest_value():
    rule = Rule("t", "below", 5)
    events = [rule.feed(Reading(value, "°C", at)) for at, value in enumerate((4, -3, 6))]
    equal(events[2].peak, -3)


def test_readings_that_are_missing_neither_begin_nor_end_nor_break_a_row():
    rule = Rule("t", "above", 10, 0, 2)
    equal(feed(rule, (11, GONE, GONE, 11, GONE, 9)), "- - - alert - recovery")


def test_gone_takes_so_many_readings_in_a_row_and_comes_back_with_one():
    rule = Rule("sensor", "gone", readings=3)
    equal(feed(rule, (1, GONE, GONE, 1, GONE, GONE, GONE, GONE, 1)), "- - - - - - alert - recovery")


def test_zero_readings_switch_gone_off():
    equal(feed(Rule("sensor", "gone", readings=0), (GONE, GONE, GONE, 1)), "- - - -")


def test_a_contact_is_open_or_closed():
    equal(feed(Rule("door", "open"), (0, 1, 1, 0)), "- alert - recovery")
    equal(feed(Rule("door", "closed"), (1, 0, 1)), "- alert recovery")


def test_rules_come_from_the_configuration():
    rules = make(
        [{"name": "a", "when": "above", "limit": 1, "hysteresis": 0, "readings": 1}, {"name": "b", "when": "gone"}]
    )
    equal([rule.name for rule in rules], ["a", "b"])
