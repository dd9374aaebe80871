"""Every key of a driver or an output refuses what it is not, and says what to write instead."""

from alertnode import config, config_help, config_help_parts
from alertnode.outputs import find as outputs
from alertnode.sensors import find as sensors
from check import equal, inside

BASE = {
    "board_name": "x",
    "wifi": {"ssid": "x"},
    "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": ["a@b.c"]},
    "rules": [],
}
# What each kind needs is a pin, or a number.
PINS = {"threshold": 400, "scl": 22, "sda": 21, "sck": 18, "mosi": 23, "miso": 19, "cs": 5, "pin": 4}


def needed(module, kind):
    section = {key: PINS[key] for key in module.KEYS if module.KEYS[key][1] is None and key in PINS}
    section["type"] = kind
    return section


def problems(name, section):
    value = dict(BASE)
    value["sensors"] = {"a": {"type": "chip"}}
    value[name] = {"a": section}
    return config.check(value)[1]


def test_every_key_of_a_driver_has_its_remedy_and_refuses_what_it_is_not():
    for name, find in (("sensors", sensors), ("outputs", outputs)):
        for kind in find.TYPES.split(",")[1:-1]:
            if kind == "trace":
                continue
            module = find.module(kind)
            section = needed(module, kind)
            equal((kind, problems(name, section)), (kind, []))
            for key in module.KEYS:
                hint = "%s.%s" % (name[:-1], key)
                equal((kind, key, hint in config_help._HINTS or hint in config_help_parts.HINTS), (kind, key, True))
                for wrong in ([], {}, "", "\x01"):
                    told = problems(name, dict(section, **{key: wrong}))
                    equal((kind, key, wrong, len(told)), (kind, key, wrong, 1))
                    inside('"%s.a.%s"' % (name, key), told[0])
                    equal("see docs" in told[0], False)


def test_a_number_beyond_its_ends_is_told_with_them():
    for key, wrong in (("address", "0x75"), ("address", 120), ("address", "118")):
        section = {"type": "bme280", "scl": 22, "sda": 21, key: wrong}
        inside("sensors.a.address", problems("sensors", section)[0])
    equal(problems("sensors", {"type": "bme280", "scl": 22, "sda": 21, "address": "0x77"}), [])
