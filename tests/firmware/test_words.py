"""Events in words: subject and text carry board, rule, value, unit, limit and the reading's own time."""

from alertnode import event_texts, gone_texts, texts
from alertnode.rule_kinds import Change, Outside, Stuck
from alertnode.rules import Event, Rule
from alertnode.sensors.group import Source
from alertnode.sensors.reading import Reading
from check import equal, inside


def when(at):
    return "12:%02d CET" % (at // 60000)


def mails(rule, *values):
    """(line, subject, text) of each event that the values make, a minute apart."""
    result = []
    for minute, value in enumerate(values):
        event = rule.feed(Reading(value, "°C", minute * 60000, "no answer" if value is None else ""))
        if event:
            result.append((event_texts.line(event),) + event_texts.mail(event, "freezer-3", when, "alertnode 1"))
    return result


def test_alert_and_recovery_say_all_that_a_person_needs():
    alert, recovery = mails(Rule("temperature", "above", 37.2, 0.2), 37, 37.5, 38, 36.9)
    equal(alert[0], "temperature 37.5 °C is above 37.2 °C")
    equal(alert[1], "Temperature 37.5 °C, limit 37.2 °C (freezer-3)")
    inside("On freezer-3, temperature 37.5 °C is above 37.2 °C.\n", alert[2])
    inside("Limit:     alert above 37.2 °C, normal at or below 37 °C\n", alert[2])
    inside("Measured:  12:01 CET\n", alert[2])
    equal(alert[2][-23:], "Board:     alertnode 1\n")
    equal(recovery[1], "Temperature 36.9 °C, back to normal (freezer-3)")
    inside("Began:     12:01 CET, 2 min before\n", recovery[2])
    inside("Highest:   38 °C\n", recovery[2])


def test_an_alert_that_took_several_readings_says_since_when():
    alert = mails(Rule("temperature", "below", 5, 0, 2), 6, 4, 3)[0]
    inside("Since:     12:01 CET\n", alert[2])
    equal(alert[0], "temperature 3 °C is below 5 °C")


def test_a_sensor_that_is_gone_and_comes_back():
    alert, recovery = mails(Rule("sensor", "gone"), 5, None, 6)
    equal(alert[0], "sensor is gone: no answer")
    equal(recovery[0], "sensor is back")
    equal((alert[1], recovery[1]), ("Sensor gone: no answer (freezer-3)", "Sensor back (freezer-3)"))
    inside("Value:     6 °C", recovery[2])


def test_a_sensor_that_never_answered_is_told_with_its_wires_and_one_that_is_lost_has_them_in_the_mail():
    for section, where in (
        ({"type": "ds18b20", "pin": 4, "address": ""}, "DS18B20 on GPIO4"),
        ({"type": "bme280", "scl": 22, "sda": 21, "address": 0x76}, "BME280 on GPIO21, GPIO22"),
        ({"type": "contact", "pin": "GPIO13"}, "contact on GPIO13"),
        ({"type": "my_bme2", "pin": None}, "my_bme2"),
        ({"type": "chip"}, "chip"),
    ):
        source = Source("freezer", None, [("freezer", "°C")], 60000)
        source.section = section
        rule = Rule("freezer sensor", "gone")
        (reading,) = source.readings(0)
        reading.why = "no answer"
        event = rule.feed(reading)
        equal(gone_texts.line(reading), "did not answer since start: freezer (%s): no answer" % where)
        equal(
            event_texts.line(event), "freezer sensor did not answer since start: freezer (%s): no answer" % where
        )  # fmt: skip
        equal(event_texts.head(event), "Freezer sensor did not answer since start: %s" % where)
        source._got = (5,)
        source.readings(0)
        equal(gone_texts.line(reading), "the sensor freezer is gone: no answer")
        equal(event_texts.head(event), "Freezer sensor gone: no answer")
        inside("Sensor:    %s\n" % where, event_texts.mail(event, "b", when, "alertnode 1")[1])


def test_a_door():
    alert, recovery = mails(Rule("door", "open"), 0, 1, 0)
    equal((alert[0], recovery[0]), ("door is open", "door is closed"))
    equal((alert[1], recovery[1]), ("Door open (freezer-3)", "Door closed (freezer-3)"))


def test_a_subject_begins_with_name_value_and_limit_whatever_the_rule():
    """A phone shows so much of it; the board's name, which it may cut off, comes last."""
    low, band, stuck, jump = (
        Rule("freezer", "below", -5),
        Outside("fridge", "outside"),
        Stuck("level", "stuck"),
        Change("oven", "change"),
    )
    band.set({"low": 2, "high": 8})
    jump.set({"by": 5, "within": 120})
    stuck.lasts = 60000
    for rule, values, alert, recovery in (
        (low, (0, -9.0, 0), "Freezer -9.0 °C, limit -5 °C (freezer-3)", "Freezer 0 °C, back to normal (freezer-3)"),
        (band, (5, 1.5, 5), "Fridge 1.5 °C, limit 2 °C (freezer-3)", "Fridge 5 °C, back to normal (freezer-3)"),
        (stuck, (5, 5, 6), "Level 5 °C, the same for 60 s (freezer-3)", "Level 6 °C, moves again (freezer-3)"),
        (
            jump,
            (5, 11, 11, 11, 11),
            "Oven 11 °C, changed by more than 5 °C (freezer-3)",
            "Oven 11 °C, steady again (freezer-3)",
        ),
    ):
        equal([subject for _, subject, _ in mails(rule, *values)], [alert, recovery])


def test_a_subject_says_that_it_is_not_the_first():
    rule = Rule("freezer", "above", -15)
    rule.repeat = 3600000
    rule.feed(Reading(-9.5, "°C", 0))
    subject = event_texts.mail(rule.later(3600000), "f", when, "")[0]
    equal(subject, "Freezer -9.5 °C, limit -15 °C, for 0 s now (f)")
    for times, said in ((2, "2nd"), (3, "3rd"), (4, "4th")):
        event = Event("alert", rule, Reading(-9.5, "°C", 0), 0, None)
        event.times, event.span = times, 300000
        equal(event_texts.head(event), "Freezer -9.5 °C, limit -15 °C, again, %s time in 5 min" % said)


def test_alerts_of_one_reading_share_a_subject():
    events = [Rule(name, "above", 5).feed(Reading(9, "°C", 0)) for name in ("a", "b")]
    equal(event_texts.mail(events[0], "f", when, "", events[1:])[0], "A 9 °C, limit 5 °C; B 9 °C, limit 5 °C (f)")


def test_numbers_and_durations_are_short():
    for value, text in ((37.5, "37.5"), (75, "75"), (-15, "-15"), (1013.254, "1013.25"), (0.0042, "0.0042"), (0, "0")):
        equal(texts.number(value), text)
    equal(texts.number(-0.00001), "0")
    for seconds, text in ((12, "12 s"), (2700, "45 min"), (12000, "3 h 20 min"), (190000, "2 days 4 h")):
        equal(texts.duration(seconds), text)
