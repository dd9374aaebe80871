"""No key of the configuration takes a value that would only fail on the board."""

from alertnode import config
from check import equal, inside
from good_config import GOOD, OAUTH, REMOVE, but, changed

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
    "modem.apn": BLANK + ('a"b', "a b", "a;b", "é", "a\rb"),
    "modem.username": BLANK,
    "modem.auth": WORD,
    "modem.dial": BLANK + ("*99#;+CMGS", "ATD", "a"),
    "modem.uart": WHOLE + (0, 3),
    "modem.tx": PINS,
    "modem.rx": PINS,
    "modem.baud": WHOLE + (9599, 3000001),
    "modem.power": PINS,
    "modem.power_key": PINS,
    "modem.timeout": NUMBER + (9, 301),
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
    "update.at": TIMES[1:],
    "update.every": NUMBER + (0, 721),
    "watchdog": NUMBER + (-1, 1, 1.9),
    "log_size": WHOLE + (-1,),
    "debug": ("yes", 1, [], None),
}
ADC = {"sensor": {"type": "adc", "pin": 34}}
CONTACT = {"sensor": {"type": "contact", "pin": 4}}
BAND = {"name": "t", "when": "outside", "low": 2, "high": 8}
CHANGE = {"name": "t", "when": "change", "by": 5, "within": 60}
# What must be otherwise in GOOD for a key, or those that begin so.
NEEDED = {
    "update": {"update": {"url": "http://updates.example.org"}},
    "ethernet": {"wifi": REMOVE, "ethernet": {"phy_type": "LAN8720", "mdc": 23, "mdio": 18}},
    "modem": {"wifi": REMOVE, "modem": {"tx": 26, "rx": 27}},
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


def test_what_a_provider_settles_is_not_set_beside_a_modem():
    for key, value in (("address", "10.0.0.2"), ("country", "DE"), ("tx_power", 8)):
        network = {key: value, "gateway": "10.0.0.1"} if key == "address" else {key: value}
        problems = config.check(changed("network", network, needed("modem")))[1]
        inside('"network.%s" is not for a modem' % key, " ".join(problems))


def test_there_is_one_way_to_the_network():
    for ways, words in (
        ({"wifi": REMOVE}, '"wifi" is missing'),
        ({"modem": {"tx": 26, "rx": 27}}, '"modem" and wifi do not go together'),
        ({"wifi": REMOVE, "modem": {"tx": 26, "rx": 27}, "ethernet": {}}, '"modem" and ethernet do not go together'),
    ):
        value = GOOD
        for key in ways:
            value = changed(key, ways[key], value)
        inside(words, " ".join(config.check(value)[1]))


def test_one_network_and_a_list_of_them_are_the_same_to_the_firmware():
    equal(config.check(GOOD)[0]["wifi"], [{"ssid": "lab", "timeout": 20}])
    settings, problems = config.check(changed("wifi", [{"ssid": "lab"}, {"ssid": "cellar", "timeout": 5}]))
    equal((settings["wifi"][1], settings["ethernet"], problems), ({"ssid": "cellar", "timeout": 5}, (), []))
    settings, problems = config.check(needed("ethernet"))
    equal((settings["wifi"], settings["ethernet"]["mdc"], problems), ((), 23, []))


def test_every_key_has_its_wrong_values():
    from alertnode import config_help, config_help_parts

    rare = [key for key in config_help_parts.HINTS if key.split(".")[0] in ("mail", "ethernet", "modem")]
    hints = list(config_help._HINTS) + rare
    leaves = [key for key in hints if not [other for other in hints if other.startswith(key + ".")]]
    # A second route is checked as the first; its own keys are in the other table.
    equal(sorted(WRONG), sorted([key for key in leaves if key not in ("", "mail.fallback")]))
