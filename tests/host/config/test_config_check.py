"""`umail config check`: every mistake at once, with its key and remedy, before any board is touched."""

from __future__ import annotations

import copy
import datetime
import json
import subprocess
import sys
import zoneinfo
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import umail
from umail_host import firmware_rules, paths
from umail_host.configuration import pins, schema, zones
from umail_host.deploy import image, needed
from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.settings import Settings

SCHEMA = paths.firmware() / "config.schema.json"
GOOD: dict[str, Any] = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": {"route": "smtp", "host": "smtp.example.org", "username": "a@example.org", "to": ["ops@contoso.com"]},
    "sensors": {
        "freezer": {"type": "ds18b20", "pin": 4, "address": "28ff641f0016031c"},
        "fridge": {"type": "ds18b20", "pin": 4, "address": "28ff641f0016031d"},
        "air": {"type": "bme280", "scl": 22, "sda": 21},
        "loft": {"type": "bme280", "scl": 22, "sda": 21, "address": "0x77"},
        "oven": {"type": "max31865", "sck": 18, "mosi": 23, "miso": 19, "cs": 5},
        "kiln": {"type": "max31865", "sck": 18, "mosi": 23, "miso": 19, "cs": 17},
        "door": {"type": "contact", "pin": 13},
        "level": {"type": "adc", "pin": 34, "scale": 100, "offset": -50, "unit": "cm"},
    },
    "outputs": {"light": {"type": "led", "pin": 2}, "horn": {"type": "relay", "pin": 25, "undelivered": 10}},
    "rules": [
        {"name": "warm", "of": "freezer", "when": "above", "limit": -15},
        {"name": "open", "of": "door", "when": "open"},
    ],
    "clock": {"zone": "Europe/Berlin"},
}
METER = {"sensors__door": {"type": "pulse", "pin": 13}, "rules": GOOD["rules"][:1]}


def changed(**values: Any) -> dict[str, Any]:
    """GOOD with changes: sections__key__key=value; None takes a key away."""
    made = copy.deepcopy(GOOD)
    for path, value in values.items():
        *way, last = path.split("__")
        table = made
        for part in way:
            table = table[part]
        table[last] = value
    return made


def problems(config: Any, board: str = "ESP32_GENERIC") -> list[str]:
    """What is wrong with it, a line each."""
    try:
        Settings.of(config, fresh=True, board=boards.load(board))
    except UserError as error:
        return str(error).splitlines()[1:]
    return []


def test_a_configuration_with_eight_sensors_on_shared_buses_is_right() -> None:
    assert problems(GOOD) == []
    settings = Settings.of(GOOD, fresh=True)
    assert settings.config["clock"]["zone"] == "CET-1CEST,M3.5.0,M10.5.0/3"
    assert settings.value["sensors"]["loft"]["address"] == 0x77


@pytest.mark.parametrize(("written", "number"), [("GPIO13", 13), ("13", 13), ("gp13", 13), ("IO 13", 13)])
def test_a_pin_may_be_written_as_a_person_writes_it(written: str, number: int) -> None:
    settings = Settings.of(changed(sensors__door__pin=written), fresh=True)
    assert settings.value["sensors"]["door"]["pin"] == number


@pytest.mark.parametrize(
    ("changes", "board", "words"),
    [
        ({"sensors__door__pin": 99}, "ESP32_GENERIC", "has no such pin: give another, such as 13"),
        ({"sensors__door__pin": 24}, "ESP32_GENERIC", "has no such pin"),
        ({"sensors__door__pin": 7}, "ESP32_GENERIC", "the flash of ESP32_GENERIC is connected there"),
        ({"sensors__door__pin": 35}, "ESP32_GENERIC", 'no pull resistor there: give "pull": "none"'),
        ({"sensors__door__pin": 18}, "ESP32_GENERIC_C3", "the USB port of ESP32_GENERIC_C3 is connected there"),
        ({"sensors__door__pin": 20}, "ESP32_GENERIC_S3", "the USB port of ESP32_GENERIC_S3 is connected there"),
        ({"sensors__door__pin": 13}, "ESP32_GENERIC_C6", "the USB port of ESP32_GENERIC_C6 is connected there"),
        ({"outputs__horn__pin": 34}, "ESP32_GENERIC", "can only read that pin"),
        ({"sensors__freezer__pin": 36}, "ESP32_GENERIC", "can only read that pin"),
        ({"sensors__level__pin": 12}, "ESP32_GENERIC", "no voltage there while Wi-Fi is on"),
        ({"sensors__level__pin": 16}, "ESP32_GENERIC", "no voltage there: give another, such as 34"),
        ({"sensors__door__pin": 2}, "ESP32_GENERIC", '"outputs.light.pin" is GPIO2, and so is "sensors.door.pin"'),
        ({"sensors__air__sda": 4}, "ESP32_GENERIC", "is GPIO4, and so is"),
        ({"sensors__door__pin": "led"}, "ESP32_GENERIC", '"outputs.light.pin" is GPIO2, and so is'),
        ({"sensors__door__pin": "LED"}, "ESP32_GENERIC", "has no pin of that name: give a number, or one of led"),
        ({"sensors__door__pin": 25}, "RPI_PICO_W", "the Wi-Fi chip of RPI_PICO_W is connected there"),
        ({"sensors__door__pin": "LED"}, "RPI_PICO_W", "belongs to the Wi-Fi chip"),
        ({"sensors__fridge__address": "28FF641F0016031C"}, "ESP32_GENERIC", 'is the same chip as "sensors.freezer"'),
        ({"sensors__loft__address": "0x76", "sensors__air__address": 118}, "ESP32_GENERIC", "is the same chip as"),
        ({"sensors__loft__address": "0x78"}, "ESP32_GENERIC", "is 120, outside of 118 to 119"),
        ({"rules": []}, "ESP32_GENERIC", '"rules" is empty: nothing would ever alert'),
        ({"expires": {"client secret": "2025-02-01"}}, "ESP32_GENERIC", '"client secret" ended on 2025-02-01'),
        ({"clock__zone": "Europe/Berlim"}, "ESP32_GENERIC", "did you mean Europe/Berlin?"),
        ({"sensors__air__type": "bme28"}, "ESP32_GENERIC", 'did you mean "bme280"?'),
        (METER | {"battery": {}}, "ESP32_GENERIC", "counts pulses, which no chip does while it sleeps"),
        ({"summary": "07:00", "battery": {}, "interval": 30}, "ESP32_GENERIC", "1000 last through deep sleep: give a"),
        ({"summary": "7 Uhr"}, "ESP32_GENERIC", '"summary.at" is not a time of the day: give a time of the day with'),
        ({"outputs__horn__undelivered": -1}, "ESP32_GENERIC", "give after how many minutes"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key_and_remedy(changes: dict[str, Any], board: str, words: str) -> None:
    told = ""
    try:
        Settings.of(changed(**changes), fresh=True, board=boards.load(board))
    except UserError as error:
        told = str(error)
    assert words in told


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"of": "air.temperature", "when": "above", "limit": 90}, "measures 85 °C at most, the limit is 90"),
        ({"of": "air.temperature", "when": "below", "limit": -40}, "measures -40 °C at least"),
        ({"of": "air.humidity", "when": "outside", "low": 0, "high": 100}, "all of it within low and high"),
        ({"of": "freezer", "when": "change", "by": 500, "within": 60}, "measures -55 to 125 °C only"),
        ({"of": "door", "when": "above", "limit": 0.5}, "the sensor is a contact"),
        ({"of": "freezer", "when": "open"}, "only a contact can be"),
        ({"of": "freezer", "when": "above", "limit": 124}, ""),
        ({"of": "level", "when": "above", "limit": 1e6}, ""),
        ({"of": "air.humidity", "when": "above", "limit": 70}, ""),
    ],
)
def test_a_rule_that_can_never_alert_is_told(rule: dict[str, Any], words: str) -> None:
    told = problems(changed(rules=[{"name": "x", **rule}]))
    assert words in "\n".join(told)
    assert bool(told) == bool(words)


def test_a_calibration_moves_what_a_sensor_can_measure() -> None:
    rule = {"name": "x", "of": "air.temperature", "when": "above", "limit": 90}
    assert problems(changed(rules=[rule], sensors__air__offset=10)) == []
    assert problems(changed(rules=[rule], sensors__air__scale={"humidity": 2})) != []


def test_every_mistake_is_told_at_once() -> None:
    config = changed(sensors__door__pin=7, outputs__horn__pin=34, interval="often", mail__to=[])
    told = problems(config)
    assert [key for key in ("door.pin", "horn.pin", "interval", "mail.to") if not any(key in one for one in told)] == []


def test_what_the_firmware_finds_keeps_nothing_that_the_host_finds_from_being_told() -> None:
    rules = [
        {"name": "hot", "of": "freezer", "when": "above", "limit": 500},
        {"name": "lost", "of": "cellar", "when": "above", "limit": 5},
        {"name": "ajar", "of": "door", "when": "above", "limit": 5},
    ]
    found = "\n".join(problems(changed(rules=rules, expires={"client secret": "2025-02-01"}, language="xx")))
    for words in ('"rules[0]" ("hot") can never', '"rules[1].of" is "cellar"', '"rules[2]" ("ajar") can never',
                  "ended on 2025-02-01", '"language" is "xx"'):  # fmt: skip
        assert found.count(words) == 1
    # A sensor that is wrong says nothing of its own rules, and keeps no other from being judged.
    found = "\n".join(problems(changed(rules=rules, sensors__freezer={"type": "ds18b20"}, interval="a", battery=5)))
    assert '"hot"' not in found
    for words in ('"sensors.freezer.pin" is missing', '"rules[1].of" is "cellar"', '"rules[2]" ("ajar") can never',
                  '"battery" is not', '"interval" is not'):  # fmt: skip
        assert found.count(words) == 1


@pytest.mark.parametrize("rules", [[5, {"name": "ajar", "of": "door", "when": "above", "limit": 5}], 5, {}, None])
def test_rules_that_are_not_a_list_of_rules_keep_nothing_else_from_being_told(rules: Any) -> None:
    over = {"client secret": "2025-02-01"}
    found = problems(changed(rules=rules, sensors__freezer=5, network=5, summary={"at": 9}, sensor=5, expires=over))
    for words in ('"rules', '"network" is not', "ended on 2025-02-01"):
        assert words in "\n".join(found)


def test_465_without_security_is_tls_from_the_first_byte() -> None:
    for given, meant in (
        ({"port": 465}, "tls"),
        ({"port": 465, "security": "starttls"}, "starttls"),
        ({"port": 587}, ""),
    ):
        settings = Settings.of(changed(mail=GOOD["mail"] | given), fresh=True)
        assert settings.value["mail"]["security"] == meant


def test_gmail_and_azure_are_routes_as_the_library_has_them() -> None:
    gmail = {"route": "gmail", "username": "me@gmail.com", "to": ["ops@contoso.com"]}
    azure = {"route": "azure", "username": "resource.app", "sender": "a@b.azurecomm.net", "to": ["ops@contoso.com"]}
    build = firmware_rules.module("routes").build
    hosts = (gmail, "smtp.gmail.com", "gts_root_r1"), (azure, "smtp.azurecomm.net", "digicert_global_root_g2")
    for mail, host, root in hosts:
        settings = Settings.of(changed(mail=mail), fresh=True)
        route = build(settings.value["mail"], {"mail_password": "x"}.get, umail)
        assert (route.host, root in route.roots, settings.secrets()[1]) == (host, True, "mail_password")
    told = problems(changed(mail={key: azure[key] for key in azure if key != "sender"}))
    assert "mail.username is not an address" in told[0]
    oauth = {"flow": "client_credentials", "tenant": "contoso.com", "client_id": "x"}
    assert "logs in by a password" in problems(changed(mail=gmail | {"oauth": oauth}))[0]


def test_a_zone_by_name_has_the_offsets_that_the_system_knows() -> None:
    rule = firmware_rules.module("zone").Zone
    # Morocco's summer time follows the moon: no rule can say it.
    names = sorted(zoneinfo.available_timezones() - {"Africa/Casablanca", "Africa/El_Aaiun"})
    wrong = []
    for name in [name for name in names if "/" in name]:
        zone, known = rule(zones.rule(name)), zoneinfo.ZoneInfo(name)
        for unix in range(1_798_761_600, 1_798_761_600 + 366 * 86400, 11 * 86400 + 3600):
            offset = datetime.datetime.fromtimestamp(unix, known).utcoffset()
            if offset is None or offset.total_seconds() != zone.offset(unix)[1]:
                wrong.append((name, unix))
    assert wrong == []
    assert len(names) > 400


def test_every_shipped_board_has_the_pins_that_it_names() -> None:
    for board in boards.load_all():
        for name, pin in board.pins.items():
            kind = {"adc": "adc", "contact": "contact", "led": "led", "one_wire": "ds18b20", "dht": "dht22"}.get(
                name, "x"
            )
            section = {"type": kind, "pin": pin, "pull": "none"}
            assert pins.sentences({"sensor": section}, board) == [], (board.name, name)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "umail_host.cli", "config", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_says_that_a_file_is_right_or_all_that_is_not(tmp_path: Path) -> None:
    file = tmp_path / "freezer.json"
    much = changed(update={"url": "http://192.0.2.1"}, debug=True)
    file.write_text(json.dumps(much), encoding="utf-8")
    done = run("check", str(file), "--board", "ESP32_GENERIC")
    # Eight sensors, outputs, updates and debugging are much for a board without PSRAM, and yet right.
    note, right, end = done.stdout.split("\n")
    assert note.startswith("ESP32_GENERIC may run out of memory while it mails: this takes about 1")
    assert (right, end) == (f"{file} is right for ESP32_GENERIC. Its secrets: wifi_password, mail_password", "")
    assert done.returncode == 0
    file.write_text(json.dumps(GOOD), encoding="utf-8")
    assert run("check", str(file), "--board", "ESP32_GENERIC").stdout == f"{right}\n"
    file.write_text(json.dumps(changed(mail__trust="/certs/own.der")), encoding="utf-8")
    assert "mail.trust names /certs/own.der: if it is not on the board yet" in run("check", str(file)).stdout
    file.write_text(json.dumps(changed(sensors__door__pin=7, interval=0)), encoding="utf-8")
    done = run("check", str(file), "--board", "ESP32_GENERIC")
    assert done.returncode == 2
    assert done.stderr.count("\n  - ") == 2
    assert "Traceback" not in done.stderr


def test_the_schema_is_that_of_the_rules_and_judges_as_they_do() -> None:
    made = schema.schema()
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == made, (
        "run: umail config schema > firmware/config.schema.json"
    )
    Draft202012Validator.check_schema(made)
    judge = Draft202012Validator(made)
    assert [error.message for error in judge.iter_errors(GOOD)] == []
    for wrong in (
        changed(interval="often"),
        changed(sensors__air__scl="", sensors__air__extra=1),
        changed(rules=[{"name": "x", "of": "air.humidity", "when": "above"}]),
        changed(outputs__horn__undelivered=-1),
        changed(mail__route="carrier pigeon"),
    ):
        assert list(judge.iter_errors(wrong)) != []


def test_a_language_is_one_of_those_that_there_are() -> None:
    assert problems(changed(language="de")) == []
    (told,) = problems(changed(language="xx"))
    assert told == '  - "language" is "xx": give one of en, de, or leave it out.'
    assert schema.schema()["properties"]["language"]["enum"] == ["en", "de"]


def test_a_template_names_only_what_there_is() -> None:
    assert problems(changed(texts={"subject": "{name} {value}", "text": ["{what}.", "", "{text}"]})) == []
    assert problems(changed(texts={"text": "{what}"})) == []
    (told,) = problems(changed(texts={"subject": "{nam}"}))
    assert told.startswith(
        '  - "texts.subject" has "nam" in braces: did you mean "name"? Else what may stand in braces: about, '
    )
    (told,) = problems(changed(texts={"text": ["{name.__class__}"]}))
    assert told.endswith(": about, board, event, limit, name, since, text, time, value, what.")
    (told,) = problems(changed(texts={"subject": "{name}\r\nBcc: x@example.org"}))
    assert told.startswith('  - "texts.subject" holds a line break or another control character: ')


def test_a_module_of_texts_lies_beside_the_configuration(tmp_path: Path) -> None:
    config = changed(texts={"own": "mine"})
    file = tmp_path / "texts" / "mine.py"
    file.parent.mkdir()

    def told() -> str:
        with pytest.raises(UserError) as caught:
            Settings.of(config, fresh=True, folder=tmp_path)
        return str(caught.value)

    assert '"texts.own" is "mine": put a file texts/mine.py beside the configuration' in told()
    file.write_text("def other(event): return 5\n")
    assert "mine.py has neither def subject(event) nor def text(event)" in told()
    file.write_text("def text(event) return 5\n")
    assert "mine.py, line 1, is not Python" in told()
    file.write_text('def text(event): return "Call Anna."\n')
    settings = Settings.of(config, fresh=True, folder=tmp_path)
    assert settings.parts == {"/lib/texts/mine.py": file.read_bytes()}
    assert "sensors/own" not in needed.left_out(paths.firmware() / "alertnode", settings.value)
    image_of_it = image.build(boards.load("ESP32_GENERIC"), config=settings)
    assert {"/lib/texts/mine.mpy", "/lib/alertnode/own_texts.mpy", "/lib/alertnode/sensors/own.mpy"} <= set(image_of_it)


def test_an_english_board_has_nothing_of_languages_and_texts() -> None:
    plain = changed(clock={})
    english = image.build(boards.load("ESP32_GENERIC"), config=Settings.of(plain))
    german = image.build(boards.load("ESP32_GENERIC"), config=Settings.of({**plain, "language": "de"}))
    assert not {"/lib/alertnode/own_texts.mpy", "/lib/umail/tables/advice_de.mpy"} & (set(english) | set(german))
    assert set(english) == set(german)
    assert not [path for path, octets in english.items() if b"Grenze" in octets or b"Kennwort" in octets]
    assert b"Grenze" in german["/lib/alertnode/event_texts.mpy"]
    assert b"Kennwort" in german["/lib/umail/tables/advice_en.mpy"]
    with pytest.raises(UserError, match="give one of en, de"):
        image.build(boards.load("ESP32_GENERIC"), config=Settings.of({**plain, "language": "xx"}))


def test_a_zone_that_does_not_exist_keeps_no_other_mistake_from_being_told() -> None:
    found = problems(changed(clock__zone="Europe/Berlim", sensors__door__pin=7, sensors__air__address="0x79"))
    assert len(found) == 3, found
    assert "did you mean Europe/Berlin?" in found[0]


def test_a_part_of_ones_own_that_is_missing_keeps_no_other_mistake_from_being_told(tmp_path: Path) -> None:
    config = changed(outputs__fan={"type": "my_fan"}, sensors__door__pin=7, texts={"subject": "{nme}"})
    with pytest.raises(UserError) as told:
        Settings.of(config, fresh=True, folder=tmp_path, board=boards.load("ESP32_GENERIC"))
    found = str(told.value).splitlines()[1:]
    assert len(found) == 3, found
    assert "put a file outputs/my_fan.py beside the configuration" in found[0]
