"""Several sensors in one configuration: what is right, and every mistake with how to fix it."""

import json

from alertnode import config
from check import equal, inside
from good_config import GOOD, but

BAND = {"name": "t", "when": "outside", "low": 2, "high": 8}
SEVERAL = {
    "freezer": {"type": "ds18b20", "pin": 4, "offset": -0.5, "readings": 3},
    "climate": {"type": "dht22", "pin": 5, "interval": 300, "offset": {"humidity": -3}},
    "door": {"type": "contact", "pin": 6},
}
WATCHED = (
    {"name": "warm", "of": "freezer", "when": "above", "limit": -15},
    {"name": "damp", "of": "climate.humidity", "when": "above", "limit": 70, "readings": 2},
    {"name": "door", "of": "door", "when": "open", "for": 600},
)


def several(sensors=SEVERAL, rules=WATCHED):
    value = but(GOOD, {"sensors": sensors, "rules": list(rules)})
    del value["sensor"]
    return json.loads(json.dumps(value))


def test_several_sensors_can_be_right_and_rules_get_the_readings_of_theirs():
    settings, problems = config.check(several())
    equal(problems, [])
    equal(sorted(settings["sensors"]), ["climate", "door", "freezer"])
    equal([rule["readings"] for rule in settings["rules"][:3]], [3, 2, 1])
    # Each has one for being gone.
    found = [(rule["name"], rule["of"]) for rule in settings["rules"][3:]]
    equal(sorted(found), [(name + " sensor", name) for name in ("climate", "door", "freezer")])
    gone = {"name": "x", "of": "climate.humidity", "when": "gone"}
    settings, problems = config.check(
        several(rules=WATCHED + (gone, {"name": "door sensor", "when": "gone", "of": "freezer"}))
    )
    equal((problems, [rule["name"] for rule in settings["rules"][5:]]), ([], ["door sensor*"]))
    # One sensor with one value needs no "of".
    one = several({"freezer": {"type": "ds18b20", "pin": 4}}, [{"name": "a", "when": "below", "limit": -30}])
    settings, problems = config.check(one)
    equal((problems, settings["rules"][0]["of"]), ([], "freezer"))


def test_each_mistake_with_several_sensors_is_one_sentence():
    for change, wanted in (
        ({"sensor": {"type": "ds18b20", "pin": 4}}, '"sensor" and "sensors" are both there'),
        ({"sensors": but(SEVERAL, {"a b": {"type": "ds18b20", "pin": 4}})}, "other characters than letters"),
        ({"sensors": but(SEVERAL, {"": {"type": "ds18b20", "pin": 4}})}, "has no name"),
        ({"sensors": but(SEVERAL, {"n" * 17: {"type": "ds18b20", "pin": 4}})}, "more than 16 characters"),
        ({"sensors": but(SEVERAL, {"x": 7})}, '"sensors.x" is not an object'),
        ({"sensors": but(SEVERAL, {"x": {"type": "trace", "path": "/t.csv"}})}, "stands alone"),
        ({"sensors": but(SEVERAL, {"door": {"type": "contakt", "pin": 6}})}, 'did you mean "contact"?'),
        ({"sensors": but(SEVERAL, {"door": {"type": "../app", "pin": 6}})}, '"sensors.door.type" is "../app"'),
        ({"sensors": but(SEVERAL, {"door": {"type": "reading", "pin": 6}})}, '"sensors.door.type" is "reading"'),
        ({"sensors": but(SEVERAL, {"door": {"type": "contact"}})}, '"sensors.door.pin" is missing: give the number of'),
        (
            {"sensors": but(SEVERAL, {"door": {"type": "contact", "pin": 6, "scale": {"x": 1}}})},
            '"sensors.door.scale" is "x"',
        ),
        ({"sensors": {str(i): {"type": "adc", "pin": i} for i in range(13)}, "rules": []}, "more than 12"),
        (
            {"rules": [{"name": "a", "when": "above", "limit": 1}]},
            '"rules[0].of" is missing, and there are several values',
        ),
        ({"rules": [{"name": "a", "when": "gone"}]}, '"rules[0].of" is missing'),
        ({"rules": [{"name": "a", "of": "frezer", "when": "gone"}]}, 'did you mean "freezer"?'),
        ({"rules": [{"name": "a", "of": "climate", "when": "above", "limit": 1}]}, '"rules[0].of" is "climate"'),
        ({"rules": [{"name": "a", "of": "freezer", "when": "open"}]}, "only a contact"),
        ({"rules": [but(BAND, {"of": "freezer", "low": 9})]}, '"rules[0].low" is not less than high'),
        ({"rules": [{"name": "a", "of": "freezer", "when": "stuck"}]}, '"rules[0].for" is missing'),
        ({"outputs": {"led": {"type": "lamp"}}}, '"outputs.led.type" is "lamp"'),
    ):
        problems = config.check(but(several(), change))[1]
        equal(len(problems), 1, (change, problems))
        inside(wanted, problems[0])
