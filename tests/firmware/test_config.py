"""Every mistake in the configuration is named, all at once, with how to fix it; defaults complete what is right."""

import json
import os

from alertnode import config
from check import equal, inside, scratch
from good_config import GOOD, OAUTH, REMOVE, SECOND, but, changed
from umail.net import truncated_json

# What is changed in GOOD, and what must stand in the one sentence.
MISTAKES = (
    ("board_name", REMOVE, '"board_name" is missing: give the name'),
    ("board_name", 3, '"board_name" is not a text in double quotes'),
    ("board_name", "", '"board_name" is empty'),
    ("wifi", REMOVE, '"wifi" is missing'),
    ("wifi", "lab", '"wifi" is neither a network in braces'),
    ("wifi", [], '"wifi" is neither a network in braces'),
    ("wifi", [{"ssid": "a"}, {"timeout": 3}], '"wifi[1].ssid" is missing: give the name'),
    ("wifi", [{"ssid": "a"}, {"ssid": "b", "password": "geheim"}], "store it as the secret wifi_password_2."),
    ("wifi", [{"ssid": "a"}, {"ssid": "n" * 33}], '"wifi[1].ssid" is longer than the 32 bytes'),
    ("wifi", [{"ssid": "a"}] * 10, '"wifi" is neither a network in braces { } nor a list of up to 9'),
    ("ethernet", {}, '"ethernet" and wifi do not go together'),
    ("network", {"address": "192.168.1.9"}, '"network.gateway" is missing, and network.address needs it'),
    ("wifi.ssid", REMOVE, '"wifi.ssid" is missing'),
    ("wifi.password", "x", "store it as the secret wifi_password"),
    ("mail", REMOVE, '"mail" is missing'),
    ("mail.route", "m365.submision", 'did you mean "m365.submission"?'),
    ("mail.route", 5, "m365.direct_send"),
    ("mail.to", REMOVE, '"mail.to" is missing'),
    ("mail.to", [], '"mail.to" is neither a text nor a list of texts'),
    ("mail.to", "ops", "not an address"),
    ("mail.username", REMOVE, "the route m365.submission needs it"),
    ("mail.username", "esp32", '"mail.username" is not an address: give the mailbox'),
    ("mail.to", "ops@contoso.com\r\nRCPT TO:<a@b>", '"mail.to" holds a line break'),
    ("mail.host", "https://smtp.example.org", '"mail.host" holds "/", which a name never has: give the server'),
    ("mail.trust", "certs/demo.der", '"mail.trust" is not the absolute path of a file on the board: give'),
    (
        "mail.security",
        "plain",
        '"mail.security" would let a login or certificate out without verified TLS: leave it out',
    ),
    ("mail.port", 99999, '"mail.port" is 99999, outside of 1 to 65535'),
    ("mail.port", "587", '"mail.port" is not a whole number without quotes'),
    ("mail.port", True, '"mail.port" is not a whole number'),
    ("mail.security", "ssl", "starttls, tls, opportunistic, plain"),
    ("mail.password", "geheim", "must not lie where anyone can read it"),
    ("mail.mail_token", "geheim", "store it as the secret mail_token"),
    ("mail.private_key", "/key.der", "only one is there"),
    ("mail.client_secret", "geheim", "store it as the secret oauth_secret"),
    ("mail.per_minute", -1, '"mail.per_minute" is -1, outside of 0 to 10000'),
    ("mail.per_day", 1.5, '"mail.per_day" is not a whole number'),
    ("mail.oauth", "client_credentials", '"mail.oauth" is not an object'),
    ("mail.oauth", but(OAUTH, {"flow": "refresh"}), "client_credentials, refresh_token"),
    ("mail.oauth", {"flow": "refresh_token", "tenant": "contoso.com"}, '"mail.oauth.client_id" is missing: give'),
    ("mail.oauth", but(OAUTH, {"tenant": "a/b"}), '"mail.oauth.tenant" holds a character that none has: give'),
    ("mail.oauth", but(OAUTH, {"port": 0}), '"mail.oauth.port" is 0, outside'),
    ("mail.oauth", but(OAUTH, {"client_secret": "geheim"}), "store it as the secret oauth_secret."),
    ("mail.oauth", but(OAUTH, {"refresh_token": "geheim"}), "store it as the secret refresh_token."),
    ("mail.fallback", "smtp", '"mail.fallback" is not an object'),
    ("mail.fallback", but(SECOND, {"route": "m365.hv"}), 'did you mean "m365.hve"?'),
    (
        "mail.fallback",
        but(SECOND, {"host": "smtp.example.org:587"}),
        '"mail.fallback.host" holds ":", which a name never has',
    ),
    ("mail.fallback", but(SECOND, {"to": "ops@contoso.com"}), 'unknown key "mail.fallback.to"'),
    ("mail.fallback", but(SECOND, {"password": "geheim"}), "store it as the secret mail_password_2."),
    ("mail.fallback", but(SECOND, {"oauth": OAUTH}), '"mail.fallback.oauth" gets a token for a login'),
    ("mail.fallback", {"route": "smtp", "sender": "a@x"}, '"mail.fallback.host" is missing, and the route smtp needs'),
    ("update", {}, '"update.url" is missing: give where'),
    ("update", {"url": "ftp://x"}, '"update.url" is not the address of a server: give where'),
    ("update", {"url": "https://x:99999/a"}, '"update.url" is not the address of a server'),
    ("update", {"url": "http:///a"}, '"update.url" is not the address of a server'),
    ("update", {"url": "http://x", "every": 0}, '"update.every" is 0, outside of 0.001 to 720'),
    ("expires", [], '"expires" is not an object'),
    ("expires", {"client secret": "2027-02-29"}, '"expires" has no date for "client secret": give names'),
    ("expires", {"client secret": "geheim"}, '"expires" has no date'),
    ("expires", {"client secret": 20270301}, '"expires" has no date'),
    ("sensor", REMOVE, '"sensor" is missing'),
    ("sensor", [], '"sensor" is not an object'),
    ("sensor.type", "ds18b2", 'did you mean "ds18b20"?'),
    ("sensor.type", REMOVE, '"sensor.type" is missing'),
    ("sensor.path", REMOVE, '"sensor.path" is missing'),
    ("sensor.sped", 3, 'did you mean "speed"?'),
    ("rules", REMOVE, '"rules" is missing'),
    ("rules", {}, '"rules" is not a list'),
    ("rules", [7], '"rules[0]" is not an object'),
    ("rules", [{"when": "above", "limit": 1}], '"rules[0].name" is missing'),
    ("rules", [{"name": "a", "when": "over", "limit": 1}], "above, below, change, closed, gone, open, outside, stuck"),
    ("rules", [{"name": "a", "when": "above"}], '"rules[0].limit" is missing'),
    ("rules", [{"name": "a", "when": "open"}], "only a contact"),
    ("rules", [{"name": "a", "when": "gone"}, {"name": "a", "when": "gone"}], '"rules[1].name" is "a" once more'),
    ("interval", "often", '"interval" is not a number'),
    ("interval", 0, '"interval" is 0, outside of 0.1 to 86400'),
    ("clock.zone", "Europe/Berlin", "time zone"),
    ("clock.ntp", 7, '"clock.ntp" is neither'),
    ("clock.ds3231", {"scl": 22}, '"clock.ds3231.sda" is missing'),
    ("battery", {"budget": 30}, "does not go with a trace"),
    ("heartbeat", "weekly", '"heartbeat.at" is not a time of the day'),
    ("watchdog", -1, '"watchdog" is -1'),
    ("watchdog", 0.5, '"watchdog" is 0.5, less than the 2'),
    ("wifi.ssid", "n" * 33, '"wifi.ssid" is longer than the 32 bytes'),
    ("intervall", 60, 'unknown key "intervall": did you mean "interval"?'),
    ("colour", "red", "remove it; the configuration knows battery, board_name, clock,"),
)


def test_a_right_configuration_has_no_problem_and_gets_its_defaults():
    settings, problems = config.check(GOOD)
    equal(problems, [])
    equal(settings["log_size"], 16384)
    equal(settings["mail"]["timeout"], 30)
    equal(settings["mail"]["trust"], ["/certs/demo.der"])
    equal(
        settings["sensor"], {"type": "trace", "path": "/trace.csv", "unit": "°C", "speed": 0, "step": 0, "column": ""}
    )
    equal(len(settings["rules"]), 1)
    least = {key: GOOD[key] for key in ("board_name", "wifi", "mail", "sensor", "rules")}
    settings, problems = config.check(least)
    equal(problems, [])
    equal((settings["interval"], settings["watchdog"], settings["clock"]["zone"]), (60, 120, "UTC0"))


def test_a_live_sensor_gets_a_rule_for_being_gone_unless_there_is_one():
    settings, _ = config.check(changed("sensor", {"type": "ds18b20", "pin": 4}))
    equal(settings["rules"][-1], {"name": "sensor", "when": "gone", "readings": 3})
    equal(settings["sensor"]["unit"], "°C")
    value = changed("sensor", {"type": "ds18b20", "pin": 4})
    value["rules"].append({"name": "probe", "when": "gone", "readings": 0})
    settings, problems = config.check(value)
    equal((len(settings["rules"]), problems), (2, []))


def test_a_configuration_that_is_cut_off_is_refused_even_if_the_parser_takes_it():
    whole = json.dumps(but(GOOD, {"board_name": 'a "quoted\\" {name'})).encode()
    equal(truncated_json.closed(whole + b"\n"), True)
    for cut in range(1, len(whole)):
        equal(truncated_json.closed(whole[:cut]), False, whole[:cut])

    class Lenient:
        """The parser of MicroPython up to 1.25, which ends a value where the text ends."""

        @staticmethod
        def loads(text):
            return json.loads(text + ("]" if text == "[" else "}"))

    path = scratch("config.json")
    strict, config.json = config.json, Lenient
    try:
        with open(path, "wb") as file:
            file.write(b'{"interval": 30')
        inside("is not JSON: it breaks off in line 1", config.load(path)[1][0])
    finally:
        config.json = strict
        os.remove(path)


def test_each_mistake_gives_one_sentence_that_names_the_key_and_mends_it():
    for key, value, wanted in MISTAKES:
        problems = config.check(changed(key, value))[1]
        equal(len(problems), 1, (key, problems))
        inside(wanted, problems[0])
        equal(problems[0][-1] in ".?", True, problems[0])
        equal("geheim" in problems[0], False)


def test_a_tenants_host_is_a_name_and_its_domain_one_with_a_dot():
    good = {"route": "m365.relay", "domain": "contoso.com", "sender": "a@contoso.com", "to": "b@contoso.com"}
    for key, value, wanted in (
        ("host", "40.92.0.1", '"mail.host" is an IP address'),
        ("host", "2a01:111::1", '"mail.host" is an IP address'),
        ("domain", "contoso", '"mail.domain" is not a domain'),
    ):
        problems = config.check(changed("mail", but(good, {key: value})))[1]
        equal(len(problems), 1, problems)
        inside(wanted, problems[0])
    server = {"route": "smtp", "host": "192.168.1.25", "sender": "a@b.c", "to": "b@b.c", "security": "plain"}
    equal(config.check(changed("mail", server))[1], [])


def test_limits_are_those_of_the_route_unless_they_are_given():
    equal([config.check(GOOD)[0]["mail"][key] for key in ("per_minute", "per_day")], [30, 10000])
    settings, problems = config.check(changed("mail.route", "m365.hve"))
    equal((problems, settings["mail"]["per_minute"], settings["mail"]["per_day"]), ([], 0, 0))
    settings, problems = config.check(changed("mail", but(SECOND, {"to": "ops@contoso.com", "per_day": 0})))
    equal((problems, settings["mail"]["per_minute"], settings["mail"]["per_day"]), ([], 10, 0))


def test_tokens_a_second_route_and_dates_can_be_right():
    value = changed("mail.oauth", OAUTH)
    delegated = but(OAUTH, {"flow": "refresh_token"})
    value["mail"]["fallback"] = but(SECOND, {"username": "a@example.org", "oauth": delegated})
    value["expires"] = {"client secret": "2027-03-01"}
    settings, problems = config.check(value)
    equal((problems, settings["expires"]), ([], [("client secret", 1803859200)]))
    equal(settings["mail"]["oauth"]["port"], 0)
    equal(settings["mail"]["fallback"]["trust"], ())
    equal(config.check(GOOD)[0]["mail"]["fallback"], ())


def test_each_route_and_sensor_can_be_right():
    for mail in (
        {"route": "m365.direct_send", "domain": "contoso.com", "sender": "a@contoso.com", "to": "b@contoso.com"},
        {"route": "m365.relay", "domain": "contoso.com", "sender": "a@contoso.com", "to": "b@contoso.com"},
        {"route": "smtp", "host": "mail.example.org", "sender": "a@example.org", "to": "b@example.org"},
    ):
        equal(config.check(changed("mail", mail))[1], [])
    for sensor in (
        {"type": "adc", "pin": 34, "scale": 100, "offset": -50, "unit": "°C"},
        {"type": "dht22", "pin": "dht", "quantity": "humidity"},
        {"type": "contact", "pin": 13, "closed": 1, "pull": "none", "debounce": 0.1},
    ):
        equal(config.check(changed("sensor", sensor))[1], [])


def test_all_problems_are_told_at_once():
    value = changed("interval", "often")
    value["wfi"] = value.pop("wifi")
    value["mail"]["to"] = []
    value["rules"][0]["limit"] = None
    equal(len(config.check(value)[1]), 5)


def test_no_secret_of_the_configuration_is_ever_repeated():
    for key in ("wifi.password", "mail.password", "mail.token", "secret"):
        for sentence in config.check(changed(key, "geheim-123"))[1]:
            equal("geheim" in sentence, False, sentence)


def test_a_file_that_is_missing_or_no_json_is_one_sentence():
    path = "umail-test-config.json"
    inside("is missing", config.load(path)[1][0])
    for content, wanted in (
        (b'{\n "board_name": "x",\n "wifi": {]\n', "line 3"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[]", "not an object"),
        (b"", "line 1"),
    ):
        with open(path, "wb") as file:
            file.write(content)
        try:
            problems = config.load(path)[1]
        finally:
            os.remove(path)
        equal(len(problems), 1, problems)
        inside(wanted, problems[0])
