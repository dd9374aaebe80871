"""Events in words: subject and text carry board, rule, value, unit, limit and the reading's own time."""

from alertnode import texts
from alertnode.rules import Rule
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
            result.append((texts.line(event),) + texts.mail(event, "freezer-3", when, "alertnode 1", ("more",)))
    return result


def test_alert_and_recovery_say_all_that_a_person_needs():
    alert, recovery = mails(Rule("temperature", "above", 37.2, 0.2), 37, 37.5, 38, 36.9)
    equal(alert[0], "temperature 37.5 °C is above 37.2 °C")
    equal(alert[1], "freezer-3: temperature 37.5 °C is above 37.2 °C at 12:01 CET")
    inside("On freezer-3, temperature 37.5 °C is above 37.2 °C.\n", alert[2])
    inside("Limit:     alert above 37.2 °C, normal at or below 37 °C\n", alert[2])
    inside("Measured:  12:01 CET\n", alert[2])
    inside("Board:     alertnode 1\n\nmore\n", alert[2])
    equal(recovery[1], "freezer-3: temperature 36.9 °C is back to normal (limit 37.2 °C) at 12:03 CET")
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
    inside("Value:     6 °C", recovery[2])


def test_a_door():
    alert, recovery = mails(Rule("door", "open"), 0, 1, 0)
    equal((alert[0], recovery[0]), ("door is open", "door is closed"))


def test_numbers_and_durations_are_short():
    for value, text in ((37.5, "37.5"), (75, "75"), (-15, "-15"), (1013.254, "1013.25"), (0.0042, "0.0042"), (0, "0")):
        equal(texts.number(value), text)
    equal(texts.number(-0.00001), "0")
    for seconds, text in ((12, "12 s"), (2700, "45 min"), (12000, "3 h 20 min"), (190000, "2 days 4 h")):
        equal(texts.duration(seconds), text)
