"""Every mistake in the configuration is named, all at once, with how to mend it; defaults complete what is right."""

import json
import os

from alertnode import config
from check import equal, inside, scratch
from umail.net import truncated_json


def but(table, more):
    """A copy of ``table`` with ``more`` (MicroPython has no {**…})."""
    copy = dict(table)
    copy.update(more)
    return copy


GOOD = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": {
        "route": "m365.submission",
        "username": "esp32@contoso.com",
        "to": ["ops@contoso.com"],
        "host": "localhost",
        "port": 5870,
        "trust": "/certs/demo.der",
    },
    "sensor": {"type": "trace", "path": "/trace.csv", "unit": "°C"},
    "rules": [{"name": "temperature", "when": "above", "limit": 37.2, "hysteresis": 0.2, "readings": 1}],
    "interval": 60,
    "clock": {"ntp": "pool.ntp.org", "zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
    "watchdog": 120,
}
OAUTH = {"flow": "client_credentials", "tenant": "contoso.com", "client_id": "1-2"}
SECOND = {"route": "smtp", "host": "smtp.example.org", "sender": "esp32@example.org"}
REMOVE = object()
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


def changed(key, value, good=GOOD):
    copy = json.loads(json.dumps(good))
    place = copy
    for part in key.split(".")[:-1]:
        place = place[part][0] if part == "rules" else place[part]
    last = key.split(".")[-1]
    if value is REMOVE:
        del place[last]
    else:
        place[last] = value
    return copy


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
            return json.loads(text + "}")

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


BLANK = ("", "  ", "a\nb", 4, None, True, {}, [])
TEXT = BLANK + (["a"],)
PATH = TEXT + ("root.der", "/certs/")
NAME = TEXT + ("a b", "a/b", "https://a.b", "a.b:25", "@a.b", "a@b.c", "a.b.", ".a.b", "<a.b>")
ADDRESS = TEXT + ("a", "@b.c", "a@", "a@b@c", "a b@c.d", "<a@b.c>", "a@b,c@d", "a@b.c;")
NUMBER = ("", "1", None, True, [1], {}, -1e12, 1e12, float("inf"), float("nan"))
WHOLE = NUMBER + (1.5,)
TIMES = TEXT + ("7:00", "24:00", "07:60", "0700", "07:00:00")
TABLE = ("", "x", 1, True, None, [], [1])
IPV4 = TEXT + ("192.168.1", "192.168.1.256", "1.2.3.4.5", "a.b.c.d", "::1", "1.2.3.+4")
PINS = ("", " ", "a b", "a\nb", -1, 1.5, None, True, [], {})
WORD = ("", "other", 1, None, True, [], {})
# For each key, what it may not be.
WRONG = {
    "board_name": TEXT,
    "language": ("", 5, "de DE"),
    "texts.subject": TEXT + ("{foo}", "{", "{name", "{name.x}", "{}", "a\nBcc: x@y"),
    "texts.text": (5, {}, [], "{0}", ["{name}", "{nme}"], ["a\nb"]),
    "texts.own": (5, "", "My", "a/b", "a b"),
    "wifi.ssid": TEXT + ("ü" * 17,),
    "wifi.timeout": NUMBER + (1, 61),
    "ethernet.phy_type": WORD + ("ENC28J60",),
    "ethernet.phy_addr": WHOLE + (-1, 32),
    "ethernet.ref_clk_mode": WORD,
    "ethernet.mdc": PINS,
    "ethernet.mdio": PINS,
    "ethernet.reset": PINS,
    "ethernet.power": PINS,
    "ethernet.ref_clk": PINS,
    "ethernet.sck": PINS,
    "ethernet.mosi": PINS,
    "ethernet.miso": PINS,
    "ethernet.cs": PINS,
    "ethernet.int": PINS,
    "ethernet.spi": WHOLE + (-1, 3),
    "ethernet.timeout": NUMBER + (1, 61),
    "network.hostname": TEXT + ("a b", "a_b", "a" * 33, "a.b"),
    "network.address": IPV4,
    "network.mask": IPV4,
    "network.gateway": IPV4,
    "network.dns": IPV4,
    "network.country": TEXT + ("D", "DEU", "de", "D1"),
    "network.tx_power": WHOLE + (0, 1, 22),
    "mail.route": WORD,
    "mail.to": BLANK + ADDRESS[len(TEXT) :] + ([""], ["a@b.c", "a"], [7]),
    "mail.username": TEXT + ("a", "a@", "a@b@c"),
    "mail.sender": ADDRESS,
    "mail.domain": NAME,
    "mail.host": NAME,
    "mail.port": WHOLE + (0, 65536),
    "mail.security": WORD + ("plain", "opportunistic"),
    "mail.trust": BLANK + ("root.der", "/certs/", "Insecure", ["/a.der", ""], ["/a.der", "b.der"]),
    "mail.certificate": BLANK + ("c.der", "/certs/", [""], "/certs/leaf.der"),
    "mail.private_key": PATH + ("/certs/key.der",),
    "mail.ehlo": TEXT + ("a b", "freezer-3"),
    "mail.oauth.flow": WORD + ("device_code",),
    "mail.oauth.tenant": TEXT + ("a/b", "a b", "a?b"),
    "mail.oauth.client_id": TEXT + ("a/b", "a b"),
    "mail.oauth.scope": TEXT,
    "mail.oauth.host": NAME,
    "mail.oauth.port": WHOLE + (0,),
    "mail.per_minute": WHOLE + (-1, 10001),
    "mail.per_day": WHOLE + (-1,),
    "mail.timeout": NUMBER + (4, 301),
    "mail.deadline": NUMBER + (9, 601),
    "sensor.type": WORD,
    "sensor.unit": TEXT,
    "sensor.path": PATH,
    "sensor.speed": NUMBER,
    "sensor.column": TEXT,
    "sensor.step": NUMBER,
    "sensor.pin": PINS,
    "sensor.scale": NUMBER,
    "sensor.offset": NUMBER,
    "sensor.samples": WHOLE + (0, 1001),
    "sensor.address": TEXT + ("28ff", "28ff64d1841604g3", "28ff64d18416043c00"),
    "sensor.quantity": WORD,
    "sensor.closed": WHOLE + (2, -1),
    "sensor.pull": WORD,
    "sensor.debounce": NUMBER + (-1, 1.1),
    "sensor.interval": NUMBER + (0, 86401),
    "sensor.readings": WHOLE + (0, 101),
    "sensors": ([], [1], "a", 7, True),
    "outputs": ([], [1], "a", 7, True, {"a": 1}),
    "rules.name": TEXT,
    "rules.of": TEXT + ("freezer",),
    "rules.low": NUMBER + (9,),
    "rules.high": NUMBER + (1,),
    "rules.by": NUMBER + (-1,),
    "rules.within": NUMBER + (0,),
    "rules.for": NUMBER + (-1,),
    "rules.repeat": NUMBER + (-1,),
    "rules.urgent": ("", "true", 1, 0, None, [], {}),
    "rules.to": BLANK + ADDRESS[len(TEXT) :] + ([""], ["a@b.c", "a"], [7]),
    "rules.then.after": NUMBER + (0,),
    "rules.then.to": BLANK + ADDRESS[len(TEXT) :] + ([""], ["a@b.c", "a"], [7]),
    "rules.when": WORD,
    "rules.limit": NUMBER,
    "rules.hysteresis": NUMBER + (-1,),
    "rules.readings": WHOLE + (0, 101),
    "ping": TEXT + ("http://a.example/b", "a.example/b", "https://", "https://a b/", "https://a/#b", "https://u@a/"),
    "ping_trust": BLANK + ("root.der", "/certs/", "insecure", ["/a.der", ""], ["/a.der", "b.der"]),
    "quiet": TEXT + ("22:00", "22-6", "24:00-06:00", "22:60-06:00", "22:00-22:00", "2:00-6:00", "22:00–06:00"),
    "storm.window": WHOLE + (-1,),
    "storm.widest": WHOLE + (-1,),
    "storm.per_hour": WHOLE + (-1,),
    "interval": NUMBER + (0, 86401),
    "clock.ntp": BLANK + NAME[len(TEXT) :] + ([""], [7]),
    "clock.zone": TEXT + ("CET", "Europe/Berlin"),
    "clock.ds3231.scl": PINS,
    "clock.ds3231.sda": PINS,
    "battery.budget": NUMBER + (9, 601),
    "heartbeat.days": WHOLE + (0, 367),
    "heartbeat.at": TIMES,
    "heartbeat.spread": WHOLE + (-1, 1440),
    "summary.at": TIMES,
    "summary.every": WORD,
    "summary.on": WORD + (0, "Monday"),
    "summary.spread": WHOLE + (-1, 1440),
    "expires": TABLE + ({"": "2027-03-01"}, {"a": "2027-3"}, {"a": "2027-02-30"}, {"a": "2027-03-01-01"}, {"a": None}),
    "update.url": BLANK + ("x", "ftp://x", "http://", "https://a b/"),
    "update.trust": BLANK + ("root.der", "/certs/"),
    "update.every": NUMBER + (0, 721),
    "watchdog": NUMBER + (-1, 1, 1.9),
    "log_size": WHOLE + (-1,),
}
ADC = {"sensor": {"type": "adc", "pin": 34}}
CONTACT = {"sensor": {"type": "contact", "pin": 4}}
BAND = {"name": "t", "when": "outside", "low": 2, "high": 8}
CHANGE = {"name": "t", "when": "change", "by": 5, "within": 60}
# What must be otherwise in GOOD for a key, or those that begin so.
NEEDED = {
    "update": {"update": {"url": "http://updates.example.org"}},
    "ethernet": {"wifi": REMOVE, "ethernet": {"phy_type": "LAN8720", "mdc": 23, "mdio": 18}},
    "heartbeat.": {"heartbeat": {"at": "06:30"}},
    "summary.": {"summary": {"at": "07:00", "every": "week", "on": "monday"}},
    "network": {"network": {"address": "192.168.1.9", "gateway": "192.168.1.1"}},
    "mail.oauth": {"mail.oauth": OAUTH},
    "sensor.pin": ADC,
    "sensor.scale": ADC,
    "sensor.offset": ADC,
    "sensor.samples": ADC,
    "sensor.address": {"sensor": {"type": "ds18b20", "pin": 4}},
    "sensor.quantity": {"sensor": {"type": "dht22", "pin": 4}},
    "sensor.closed": CONTACT,
    "sensor.pull": CONTACT,
    "sensor.debounce": CONTACT,
    "sensor.interval": ADC,
    "sensor.readings": ADC,
    "storm": {"storm": {}},
    "texts": {"texts": {}},
    "rules.low": {"rules": [BAND]},
    "rules.high": {"rules": [BAND]},
    "rules.by": {"rules": [CHANGE]},
    "rules.within": {"rules": [CHANGE]},
    "rules.then": {"rules": [but(BAND, {"then": {"after": 30, "to": ["a@b.c"]}})]},
    "clock.ds3231": {"clock": {"ds3231": {"scl": 22, "sda": 21}}},
    "battery": {"battery": {"budget": 60}, "sensor": {"type": "ds18b20", "pin": 4}},
}


def needed(key):
    value = GOOD
    for start in NEEDED:
        if key.startswith(start):
            for section in NEEDED[start]:
                value = changed(section, NEEDED[start][section], value)
    return value


def test_no_key_takes_a_value_that_would_only_fail_on_the_board():
    for key in WRONG:
        for value in WRONG[key]:
            problems = config.check(changed(key, value, needed(key)))[1]
            named = [sentence for sentence in problems if key.split(".")[-1] in sentence]
            equal(len(named) > 0, True, (key, value, problems))
            equal(len(problems), 1, (key, value, problems))
        equal(config.check(needed(key))[1], [], key)


def test_a_radio_is_not_set_up_on_a_board_with_a_cable():
    for key, value in (("country", "DE"), ("tx_power", 8)):
        problems = config.check(changed("network", {key: value}, needed("ethernet")))[1]
        equal(len(problems), 1, problems)
        inside('"network.%s" is of the Wi-Fi, and this board has ethernet' % key, problems[0])


def test_one_network_and_a_list_of_them_are_the_same_to_the_firmware():
    equal(config.check(GOOD)[0]["wifi"], [{"ssid": "lab", "timeout": 20}])
    settings, problems = config.check(changed("wifi", [{"ssid": "lab"}, {"ssid": "cellar", "timeout": 5}]))
    equal((settings["wifi"][1], settings["ethernet"], problems), ({"ssid": "cellar", "timeout": 5}, (), []))
    settings, problems = config.check(needed("ethernet"))
    equal((settings["wifi"], settings["ethernet"]["mdc"], problems), ((), 23, []))


def test_every_key_has_its_wrong_values():
    from alertnode import config_help

    leaves = [
        key for key in config_help._HINTS if not [other for other in config_help._HINTS if other.startswith(key + ".")]
    ]
    # A second route is checked as the first; its own keys are in the other table.
    equal(sorted(WRONG), sorted([key for key in leaves if key not in ("", "mail.fallback")]))


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
