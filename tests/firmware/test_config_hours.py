"""What goes at an hour in the configuration: a time alone or a section, the heartbeat as days alone, too."""

from alertnode import config
from check import equal, inside

GOOD = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": {"route": "m365.submission", "username": "esp32@contoso.com", "to": ["ops@contoso.com"]},
    "sensor": {"type": "ds18b20", "pin": 4},
    "rules": [{"name": "temperature", "when": "above", "limit": -15}],
}


def changed(key, value):
    made = dict(GOOD)
    made[key] = value
    return made


def checked(key, value):
    settings, problems = config.check(changed(key, value))
    equal(problems, [])
    return settings[key]


def test_a_time_alone_is_a_section_with_its_defaults():
    wanted = {"at": 420, "every": "day", "on": 0, "spread": 60}
    equal(checked("summary", "07:00"), wanted)
    equal(checked("summary", {"at": "07:00"}), wanted)
    weekly = {"at": "23:59", "every": "week", "on": "sunday", "spread": 0}
    equal(checked("summary", weekly), {"at": 1439, "every": "week", "on": 6, "spread": 0})
    equal(checked("heartbeat", {"at": "06:30", "days": 1}), {"days": 1, "at": 390, "spread": 60, "on": 0})
    equal(checked("heartbeat", "06:30"), {"days": 7, "at": 390, "spread": 60, "on": 0})


def test_the_heartbeat_may_be_days_alone_and_there_is_no_summary_by_default():
    settings = config.check(GOOD)[0]
    equal((settings["heartbeat"], settings["summary"]), (7, ()))
    equal(checked("heartbeat", 0), 0)


def test_what_is_neither_is_told_in_one_sentence():
    for key, values in (
        ("summary", (None, True, [1], 7, "7:00", "", {})),
        ("heartbeat", (None, True, [1], -1, 367, {})),
    ):
        for value in values:
            problems = config.check(changed(key, value))[1]
            equal(len(problems), 1, (key, value, problems))
            inside('"' + key, problems[0])
    problems = config.check(changed("summary", {"at": "07:00", "on": "monday"}))[1]
    inside('"summary.on" is a day of the week, without "every": "week"', problems[0])
