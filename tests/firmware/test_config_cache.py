"""What a board on battery keeps of its checked configuration, for its wakes, makes what the configuration makes."""

import json
from binascii import crc32

from alertnode import config, config_cache, rulebook
from alertnode.write_config_cache import _WAKE, NOTHING, RULE, SENSOR, given
from check import equal
from good_config import changed

RULES = [
    {"name": "plain", "when": "above", "limit": 30},
    {"name": "nothing", "when": "below", "limit": 0, "hysteresis": 0},
    {"name": "never", "when": "gone", "readings": 0},
    {"name": "once", "when": "above", "limit": 1, "readings": 1, "for": 0, "repeat": 0, "urgent": False},
    {"name": "all", "when": "above", "limit": 0.5, "hysteresis": 2, "readings": 3, "for": 60, "repeat": 1.5},
    {"name": "people", "when": "above", "limit": 5, "to": ["a@b.example"], "then": {"after": 5, "to": ["c@b.example"]}},
    {"name": "band", "when": "outside", "low": 0, "high": 1},
    {"name": "rise", "when": "change", "by": 2, "within": 600},
]
# If these change, so must the number in config_cache.py.
KEPT = "board_name", "interval", "watchdog", "log_size", "battery"
LEFT_OUT = (
    {"hysteresis": (0,), "readings": (1,), "for": (0,), "repeat": (0,)},
    ("", (), []),
    {"scale": (1,), "offset": (0,), "interval": (0,), "readings": (0,)},
)
PARTS = "name when limit hysteresis readings of lasts repeat then urgent to window low high by within".split()


def made(rules):
    return [[getattr(rule, part, None) for part in PARTS] for rule in rulebook.make(rules, 900000)]


def test_what_is_left_out_changes_no_rule():
    settings, problems = config.check(changed("rules", RULES))
    equal(problems, [])
    kept = json.loads(json.dumps([given(rule, RULE, NOTHING) for rule in settings["rules"]]))
    equal(made(kept), made(settings["rules"]))
    equal(sorted(kept[0]), ["limit", "name", "when"])


def test_a_sensor_keeps_what_is_not_as_usual_and_one_of_ones_own_keeps_all():
    section = {"type": "adc", "pin": 4, "samples": 0, "scale": 1, "offset": 0.5, "interval": 0, "readings": 0}
    equal(given(section, SENSOR), {"type": "adc", "pin": 4, "samples": 0, "offset": 0.5})
    own = {"type": "mine", "values": [["", "V"]], "scale": 1, "interval": 0}
    equal(given(own, SENSOR), own)


def test_what_a_firmware_of_another_format_kept_of_the_same_configuration_is_not_read():
    files = {"/config.json": b"{}"}

    class Platform:
        @staticmethod
        def fetch(path, longest):
            return files.get(path)

        read = fetch

    usual = config_cache.platform
    config_cache.platform = Platform
    try:
        files["/config.ready"] = config_cache.mark() + b'{"interval": 300}\n{"mail": {}}'
        equal(config_cache.whole(config_cache.load()), {"interval": 300, "mail": {}})
        # So it was marked before the format had a number.
        files["/config.ready"] = b"%08x" % crc32(files["/config.json"]) + b'{"interval": 300}\n{"mail": {}}'
        equal(config_cache.load(), None)
    finally:
        config_cache.platform = usual


def test_the_format_has_its_number_for_what_is_kept():
    equal((config_cache._FORMAT, _WAKE, (RULE, NOTHING, SENSOR)), (1, KEPT, LEFT_OUT))
