"""What the board itself would take and what yet cannot work: addresses, networks, rules without an end, units, pins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from host.config.test_config_check import GOOD, changed, problems, run
from umail_host import files
from umail_host.configuration import checks
from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.settings import Settings

ONE: dict[str, Any] = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": GOOD["mail"],
    "sensor": {"type": "ds18b20", "pin": 4},
    "rules": [{"name": "warm", "when": "above", "limit": -15}],
}


def told(config: Any) -> str:
    return "\n".join(problems(config))


def notes(config: Any) -> list[str]:
    board = boards.load("ESP32_GENERIC")
    found = checks.notes(Settings.of(config, fresh=True, board=board).config, board)
    # (That it takes much memory has a test of its own.)
    return [note for note in found if "may run out of memory" not in note]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ops@contoso.com\u00a0", "with an invisible character, U+00A0: delete it"),
        ("ops@contoso.com\u200b", "with an invisible character, U+200B: delete it"),
        ("ops@contoso..com", "is not a domain"),
        ("ops@contoso.com.", "is not a domain"),
        ("ops@-x.com", "is not a domain"),
        ("ops@contoso_com", "is not a domain"),
        (".ops@contoso.com", "no dot at an end"),
        ("ops.@contoso.com", "no dot at an end"),
        ("o..ps@contoso.com", "no dot at an end"),
        ("ops@@contoso.com", "is not an address: it has one @"),
        ("Ops Team <ops@contoso.com>", "write ops@contoso.com alone"),
        ("mailto:ops@contoso.com", "is a link: write ops@contoso.com"),
        ("a@b.com, c@d.com", "which are several: give a list"),
        ("ops @contoso.com", "with a blank: an address has none"),
    ],
)
def test_an_address_that_cannot_work_is_told_wherever_it_stands(address: str, words: str) -> None:
    rule = GOOD["rules"][0] | {"to": address, "then": {"after": 5, "to": [address]}}
    config = changed(mail__to=["good@contoso.com", address], mail__sender=address, rules=[rule])
    lines = problems(config)
    assert [line.split('"')[1] for line in lines] == ["mail.to", "mail.sender", "rules[0].to", "rules[0].then.to"]
    assert all(words in line for line in lines)


def test_each_wrong_address_is_told_by_itself() -> None:
    lines = problems(changed(mail__to=["x", "a b@c.de", "ops@contoso.com", "y@z..de"]))
    assert [line.split('"')[3] for line in lines] == ["x", "a b@c.de", "y@z..de"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ops+x@contoso.com", ""),
        ("o'ps_1@sub.contoso.co.uk", ""),
        ("boss@contoso", "its domain has no dot"),
        ("müller@contoso.com", "SMTPUTF8"),
        ("ops@münchen.de", "ops@xn--mnchen-3ya.de"),
    ],
)
def test_an_address_that_works_at_times_is_right_with_a_note(address: str, words: str) -> None:
    config = changed(mail__to=[address])
    assert problems(config) == []
    assert words in "".join(notes(config))
    assert bool(words) == bool(notes(config))


def test_a_password_in_the_file_keeps_nothing_else_from_being_told() -> None:
    mail = GOOD["mail"] | {"password": "hunter2geheim", "to": "nix"}
    wifi = [{"ssid": "a"}, {"ssid": "b", "password": "hunter2geheim"}]
    lines = told(changed(wifi=wifi, mail=mail, interval="5min", clock={"zone": "MEZ"}))
    assert (
        "wifi[1].password must not lie in the configuration: leave it out and give --secret wifi_password_2." in lines
    )
    assert "mail.password must not lie in the configuration: leave it out and give --secret mail_password." in lines
    assert lines.count("\n") == 4, lines
    assert '"interval"' in lines
    assert '"mail.to" holds "nix"' in lines
    assert '"clock.zone" is "MEZ", which is not a time zone: give one such as Europe/Berlin' in lines
    assert "hunter2" not in lines


def test_what_an_editor_needs_stays_off_the_board() -> None:
    settings = Settings.of({"$schema": "./alertnode.schema.json", **GOOD}, fresh=True)
    assert b"$schema" not in settings.file(boards.load("ESP32_GENERIC"))
    assert problems({"$schema": "./alertnode.schema.json", **GOOD}) == []
    # (Elsewhere it is a mistake like any other.)
    assert 'unknown key "mail.$schema"' in told(changed(mail={"$schema": "x", **GOOD["mail"]}))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"when": "outside", "low": 2, "high": 8, "hysteresis": 10}, "from 2 and 8 the value must come back by 10"),
        ({"when": "outside", "low": 2, "high": 8, "hysteresis": 3}, ""),
        ({"when": "above", "limit": -15, "hysteresis": 50}, "that takes -65 °C, the sensor measures -55 °C at least"),
        ({"when": "below", "limit": 100, "hysteresis": 30}, "that takes 130 °C, the sensor measures 125 °C at most"),
        ({"when": "change", "by": 2, "within": 60, "hysteresis": 3}, "the change is 2, and must come back by 3"),
        ({"when": "above", "limit": -15, "hysteresis": 40}, ""),
    ],
)
def test_a_rule_that_can_never_be_well_again_is_told(rule: dict[str, Any], words: str) -> None:
    lines = problems(ONE | {"rules": [{"name": "x", **rule}]})
    assert words in "".join(lines)
    assert len(lines) == bool(words)
    assert all("can never be well again" in line for line in lines)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"address": "192.168.1.7", "gateway": "192.168.1.1"}, ""),
        ({"address": "192.168.1.7", "gateway": "192.168.2.1", "mask": "255.255.0.0"}, ""),
        ({"address": "192.168.1.7", "gateway": "192.168.2.1"}, "not in the network 192.168.1.0/24"),
        ({"address": "192.168.1.7", "gateway": "192.168.1.7"}, "give the board an address of its own"),
        ({"address": "192.168.1.255", "gateway": "192.168.1.1"}, "stands for all of 192.168.1.0/24"),
        ({"address": "192.168.1.7", "gateway": "192.168.1.1", "mask": "255.0.255.0"}, "which is not a mask"),
    ],
)
def test_fixed_addresses_that_do_not_go_together_are_told(network: dict[str, str], words: str) -> None:
    lines = problems(ONE | {"network": network})
    assert words in "".join(lines)
    assert len(lines) == bool(words)


def test_a_unit_is_no_conversion() -> None:
    sensor = ONE["sensor"] | {"unit": "°F"}
    assert 'give "scale": 1.8, "offset": 32 with it, and the limits in °F' in told(ONE | {"sensor": sensor})
    assert problems(ONE | {"sensor": sensor | {"scale": 1.8, "offset": 32}}) == []


def test_pins_of_the_console_are_refused_and_those_of_the_start_told() -> None:
    assert "the console of ESP32_GENERIC is connected there" in told(ONE | {"sensor": {"type": "ds18b20", "pin": 1}})
    (note,) = notes(ONE | {"sensor": {"type": "ds18b20", "pin": 12}})
    assert '"sensor.pin" is GPIO12: if it is high while the board starts' in note
    (note,) = notes(ONE | {"interval": 0.1})
    assert '"interval" is 0.1: a reading of "sensor" takes 0.75 s' in note
    assert notes(ONE) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sensor": {"type": "dht22", "pin": 4}, "rules": [{"name": "x", "of": "temperature", "when": "above",
          "limit": 5}]}, '"rules[0].of" is "temperature": leave it out, as the only sensor has one value.'),
        ({"heartbeat": "7d"}, '"heartbeat" is a text, but not a time of the day: give the days without quotes'),
        ({"clock": {"zone": "W. Europe Standard Time"}}, "which is not a time zone: give one such as Europe/Berlin"),
        ({"clock": {"zone": "America/New York"}}, "did you mean America/New_York?"),
        ({"clock": {"zone": "+01:00"}}, "which is not a time zone: give one such as Europe/Berlin"),
        ({"clock": {"zone": ""}}, '"clock.zone" is empty: give it by its place, such as Europe/Berlin.'),
        ({"texts": {"subject": "a\nb"}}, '"texts.subject" holds a line break or another control character: write it'),
    ],
)  # fmt: skip
def test_a_remedy_says_what_to_write(changes: dict[str, Any], words: str) -> None:
    assert words in told(ONE | changes)


def test_a_name_of_a_sensor_has_its_own_remedy() -> None:
    config = {key: ONE[key] for key in ONE if key != "sensor"}
    lines = problems(config | {"sensors": {"Truhe Küche": ONE["sensor"], "a.b": ONE["sensor"] | {"pin": 5}}})
    assert len([line for line in lines if "letters, digits, - and _, such as" in line]) == 2, lines


def test_a_type_written_as_on_the_chip_is_known(tmp_path: Path) -> None:
    for kind in ("DS18B20", "DHT-22"):
        with pytest.raises(UserError) as caught:
            Settings.of(ONE | {"sensor": {"type": kind, "pin": 4}}, fresh=True, folder=tmp_path)
        (line,) = str(caught.value).splitlines()[1:]
        assert f'did you mean "{kind.lower().replace("-", "")}"?' in line


def test_utc_is_a_zone() -> None:
    assert Settings.of(ONE | {"clock": {"zone": "UTC"}}, fresh=True).config["clock"]["zone"] == "UTC0"


TOML = 'board_name = "a"\n[mail]\nto = "b@c.de"\n'


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", TOML, "is not JSON: it is TOML: give it a name that ends in .toml"),
        ("a.json", "# mine\n[wifi]\nssid = 5\n", "it is TOML"),
        ("a.json", "board_name: a\nwifi:\n  ssid: lab\n", "it is YAML, which umail does not read"),
        ("a.json", " \n", "a.json is empty: docs/firmware.md has a whole configuration"),
        ("a.toml", '{"board_name": "a"}', "is not TOML: it is JSON: give it a name that ends in .json"),
        ("a.toml", TOML + "[mail]\n", "the section [mail] appears twice: join the two (line 4)"),
        ("a.toml", "x = -15,5\n", "numbers have a point, not a comma, such as -15.5 (line 1)"),
        ("a.toml", "x = 5min\n", "write the number alone, without a unit (line 1)"),
        ("a.toml", "x = hunter2geheim\n", "text goes in double quotes"),
        ("a.toml", 'x = "hunter2geheim\ny = 1\n', "a double quote is missing at the end of a text (line 1)"),
        ("a.toml", 'x = "a" "hunter2geheim"\n', "something follows the value"),
        ("a.toml", "x: 5\n", "write = instead of : between a key and its value (line 1)"),
        ("a.toml", "x = True\n", "write true instead of True (line 1)"),
        ("a.toml", "x =\n", "a value is missing behind the = (line 1)"),
        ("a.toml", "x = [1,\n", "a ] is missing at the end of a list (line 1)"),
        ("a.toml", "x = 1\nx = 2\n", "a key appears twice: remove one"),
        ("a.toml", 'x = "C:\\dir"\n', "a backslash in a text is written twice"),
    ],
)
def test_another_format_and_mistakes_in_toml_are_told_with_what_to_do(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        files.table(file, toml=name.endswith("toml"))
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_rules_as_one_section_of_toml_get_the_advice_of_toml(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    rule = 'name = "warm"\nwhen = "above"\nlimit = "x"\n'
    file.write_text(
        'board_name = "a"\n[wifi]\nssid = "b"\n[mail]\nroute = "gmail"\nusername = "a@b.de"\nto = "a@b.de"\n'
        f'[sensor]\ntype = "ds18b20"\npin = 4\n[rules]\n{rule}'
    )
    with pytest.raises(UserError) as caught:
        Settings.read(file, fresh=True)
    first, second = str(caught.value).splitlines()[1:]
    assert first == '  - "rules" is one section [rules]: write [[rules]], in double brackets, above each rule.'
    assert '"rules[0].limit" is not a number' in second


def test_the_command_shows_notes(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(ONE | {"mail": ONE["mail"] | {"to": "boss@contoso"}}), encoding="utf-8")
    done = run("check", str(file))
    assert done.stdout.startswith('"mail.to" holds boss@contoso: its domain has no dot')
    assert done.returncode == 0
