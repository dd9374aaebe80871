"""Sensors and actions of one's own: what they return becomes readings, and what they raise a missing one."""

import sys

from alertnode import config
from alertnode.outputs import find as outputs
from alertnode.outputs import own as own_outputs
from alertnode.sensors import find, own
from check import equal, inside

NAMES = {"values": [["temperature", "°C"], ["humidity", "%"]]}
ONE = {"values": [["", "°C"]]}


class Module:
    """What the user's file is once it is loaded."""

    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


def read(settings, **names):
    driver = own.Driver(Module(**names), settings, [value[0] for value in settings["values"]])
    equal(driver.start(), 0)
    return driver.read()


def fails(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)
    return ""


def test_a_function_gives_one_number_several_or_a_dict():
    equal(read(ONE, read=lambda: 21.5), (21.5,))
    equal(read(NAMES, read=lambda: (21.5, 40)), (21.5, 40))
    equal(read(NAMES, read=lambda: {"humidity": 40, "temperature": 21.5}), (21.5, 40))
    equal(read(NAMES, read=lambda: {"humidity": 40}), (None, 40))
    equal(read(ONE, read=lambda: None), (None,))


def test_a_class_gets_its_section_and_keeps_what_it_needs():
    class Sensor:
        def __init__(self, config):
            self.pin = config["pin"]

        def read(self):
            self.pin += 1
            return self.pin

    settings = {"values": [["", ""]], "pin": 4}
    driver = own.Driver(Module(Sensor=Sensor), settings, [""])
    equal((driver.read(), driver.read()), ((5,), (6,)))


def test_too_many_or_too_few_values_are_told():
    driver = own.Driver(Module(read=lambda: (1, 2, 3)), NAMES, ["temperature", "humidity"])
    equal(fails(driver.read), "OSError: read() gave 3 values, not 2")


def test_a_module_that_is_missing_or_fails_is_tried_again():
    part = find.module("my_missing")
    inside("no module named 'sensors", fails(part.Driver, ONE, None).lower())
    equal("sensors.my_missing" in sys.modules, False)
    sys.modules["sensors.my_there"] = Module(read=lambda: 3)  # type: ignore[assignment]
    sys.modules["sensors"] = sys.modules.get("sensors") or Module()  # type: ignore[assignment]
    equal(part.values(NAMES), [("temperature", "°C", None, None), ("humidity", "%", None, None)])


def test_an_action_gets_each_event():
    seen = []
    sys.modules["outputs"] = Module()  # type: ignore[assignment]
    sys.modules["outputs.my_act"] = Module(act=seen.append)  # type: ignore[assignment]
    driver = outputs.module("my_act").Driver({}, None)
    driver.act("alert")
    equal((seen, isinstance(driver, own_outputs.Driver)), (["alert"], True))
    del sys.modules["outputs.my_act"], sys.modules["outputs"]


def checked(sensor):
    value = {
        "board_name": "x",
        "wifi": {"ssid": "x"},
        "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": ["a@b.c"]},
        "sensors": {"air": sensor},
        "rules": [{"name": "warm", "of": "air.temperature", "when": "above", "limit": 30}],
    }
    return config.check(value)


def test_a_part_of_ones_own_has_any_keys_and_those_that_every_sensor_has_are_checked():
    settings, problems = checked(dict(NAMES, type="my_bme", sda=21, note="loft", interval=30))
    equal(problems, [])
    section = settings["sensors"]["air"]
    equal((section["note"], section["interval"], section["scale"]), ("loft", 30, 1))
    equal([rule["of"] for rule in settings["rules"]], ["air.temperature", "air"])
    _, problems = checked(dict(NAMES, type="my_bme", interval="often"))
    inside("sensors.air.interval", problems[0])
    _, problems = checked({"type": "my_bme", "values": [["temperature"]]})
    inside("list of names and units", problems[0])


def test_a_type_without_values_is_a_slip_of_the_pen():
    _, problems = checked({"type": "bme28", "scl": 22, "sda": 21})
    inside('did you mean "bme280"?', problems[0])
