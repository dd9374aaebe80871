"""Rules: one alert and one recovery for each excursion; a sensor that is gone proves nothing."""

import json

from alertnode.rulebook import make
from alertnode.rules import AGAIN, ALERT, THEN, Rule, number
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


MINUTE = 60000


def made(**spec):
    """The rule of a checked section, with the defaults that it gets."""
    spec = dict(spec)
    spec["name"] = "t"
    spec["for"] = spec.pop("lasts", 0)
    return make([spec], 600000)[0]


def minutes(rule, values):
    """The kinds of event after each of the values, a minute apart."""
    return " ".join([_kind(rule.feed(Reading(value, "°C", at * MINUTE, ""))) for at, value in enumerate(values)])


def test_outside_a_band_alerts_on_either_side_and_names_the_limit_that_was_crossed():
    rule = made(when="outside", low=2, high=8, hysteresis=1)
    equal(minutes(rule, (5, 8, 8.1, 7.5, 7, 1.9, 2.5, 3)), "- - alert - recovery alert - recovery")
    event = rule.feed(Reading(1, "°C", 9 * MINUTE))
    equal((rule.limit, event.peak), (2, 1))
    rule.feed(Reading(-4, "°C", 10 * MINUTE))
    equal(rule.feed(Reading(5, "°C", 11 * MINUTE)).peak, -4)


def test_a_change_is_seen_up_and_down_within_its_time_and_not_beyond():
    rule = made(when="change", by=5, within=600, hysteresis=2)
    equal(minutes(rule, [20 + 0.4 * minute for minute in range(60)]), " ".join(["-"] * 60))
    rule = made(when="change", by=5, within=600, hysteresis=2)
    values = [20] * 5 + [23, 25.1] + [25] * 12
    equal(minutes(rule, values).split().index("alert"), 6)
    equal(minutes(made(when="change", by=5, within=600), [20, 14.9]), "- alert")
    # What it remembers stays bounded.
    rule = made(when="change", by=5, within=86400)
    minutes(rule, [20 + minute % 3 for minute in range(3000)])
    equal(len(rule._pieces) <= 10, True, len(rule._pieces))


def test_a_value_that_does_not_change_is_stuck_and_one_that_moves_is_not():
    rule = made(when="stuck", lasts=300)
    equal(minutes(rule, (20, 20, 20, 20, 20, 20, 20, 20.1, 20.1)), "- - - - - alert - recovery -")
    rule = made(when="stuck", lasts=300, hysteresis=0.5)
    equal(minutes(rule, (20, 20.3, 19.8, 20, 20.5, 20, 20.6)), "- - - - - alert recovery")


def test_a_rule_waits_until_it_has_lasted():
    rule = made(when="open", lasts=180)
    equal(minutes(rule, (1, 1, 1, 0, 1, 1, GONE, 1, 1, 0)), "- - - - - - - alert - recovery")
    rule = made(when="above", limit=10, lasts=120, readings=2)
    events = [rule.feed(Reading(11, "°C", at * MINUTE)) for at in range(4)]
    equal([_kind(event) for event in events], ["-", "-", "alert", "-"])
    equal(events[2].since, 0)


def later(rule, minutes):
    return "".join([{None: "-", AGAIN: "a", THEN: "t"}[event and event.kind] for event in map(rule.later, minutes)])


def test_what_lasts_is_told_again_and_to_others_until_a_person_knows_or_it_ends():
    spec = {"when": "above", "limit": 10, "repeat": 0.05, "then": {"after": 5, "to": ["b@x"]}}
    rule = made(**spec)
    times = [minute * MINUTE for minute in range(1, 13)]
    equal(later(rule, times), "-" * 12)
    equal(_kind(rule.feed(Reading(11, "°C", 0))), ALERT)
    equal(later(rule, times), "--a-ta--a--a")
    rule = made(**spec)
    rule.feed(Reading(11, "°C", 0))
    rule.known = True
    equal(later(rule, times), "-" * 12)
    rule.feed(Reading(9, "°C", MINUTE))
    rule.feed(Reading(11, "°C", 2 * MINUTE))
    equal(later(rule, times[2:]), "--a-ta--a-")


def test_a_second_alert_within_the_window_is_counted():
    rule = made(when="above", limit=10)
    events = []
    for at, value in ((0, 11), (1, 9), (3, 11), (4, 9), (9, 11), (10, 9), (11, 11)):
        event = rule.feed(Reading(value, "°C", at * MINUTE))
        if event.kind == ALERT:
            events.append((event.times, event.span // MINUTE))
    equal(events, [(1, 0), (2, 3), (3, 9), (1, 0)])


def test_all_of_it_outlives_a_reset_and_what_is_damaged_counts_as_nothing():
    specs = (
        {"when": "above", "limit": 10, "repeat": 1, "then": {"after": 30, "to": ["b@x"]}, "lasts": 120},
        {"when": "outside", "low": 2, "high": 8, "hysteresis": 1},
        {"when": "change", "by": 5, "within": 600},
        {"when": "stuck", "lasts": 900},
        {"when": "gone", "readings": 3},
        {"when": "open", "lasts": 600},
    )
    values = [5, 5, 12, 12, 12, 12, GONE, 12, 1, 1, 9.5, 9, 9, 9, GONE, GONE, GONE, 9] + [9] * 70 + [5] * 40
    for spec in specs:
        straight, reset = made(**spec), made(**spec)
        for at, value in enumerate(values):
            kept = json.loads(json.dumps(reset.dump(lambda at: at // 1000)))
            reset = made(**spec)
            if kept:
                reset.load(kept, lambda unix: unix * 1000)
                equal(len(json.dumps(kept)) < 500, True, kept)
            reading = Reading(value, "°C", at * MINUTE)
            events = [rule.feed(reading) or rule.later(reading.at) for rule in (straight, reset)]
            equal(_kind(events[0]), _kind(events[1]), (spec, at))
    for spec in specs:
        for odd in (None, "x", [], {}, -1, 1e400, True, [[]], [["a", 1, 2]], [1, None]):
            rule = made(**spec)
            keys = ("active", "since", "peak", "row", "told", "stepped", "known", "first", "times", "own")
            rule.load(dict.fromkeys(keys, odd), lambda unix: unix * 1000)
            for at, value in enumerate((5, 20, GONE, 5)):
                rule.feed(Reading(value, "°C", at * MINUTE))
                rule.later(at * MINUTE)


def test_a_sensor_of_several_values_is_gone_if_one_of_them_is():
    rule = Rule("climate sensor", "gone")
    rule.of = "climate"
    values = [("climate.temperature", 20), ("climate.humidity", GONE), ("climates", GONE)]
    readings = [Reading(value, "", 0, "", of) for of, value in values]
    equal(rule.pick(readings).of, "climate.humidity")
    equal(rule.pick(readings[:1]).of, "climate.temperature")
    equal(rule.pick(readings[2:]), None)
    rule.of = "climate.humidity"
    equal(rule.pick(readings).of, "climate.humidity")
