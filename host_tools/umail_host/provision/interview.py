"""The questions of `umail provision`: one at a time, each answer checked by the firmware's own rules at once."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from umail_host import certificates, files, firmware_rules
from umail_host.configuration import zones
from umail_host.errors import UserError

# What is wrong with an answer; "" when it is right.
Problem = Callable[[str], str]
# Asks one question: text, default, what is wrong with an answer. Returns the answer.
Ask = Callable[[str, str, Problem], str]
Config = dict[str, Any]
Files = dict[str, bytes]

ROUTES = {
    "1": ("m365.submission", "a mailbox of Microsoft 365, with a login (port 587): any recipient"),
    "2": ("m365.direct_send", "Direct Send, without a login (port 25): recipients inside the tenant only"),
    "3": ("m365.relay", "a connector of Microsoft 365 that knows your address (port 25): any recipient"),
    "4": ("m365.hve", "High Volume Email of Microsoft 365, with a login: recipients inside the tenant only"),
    "5": ("smtp", "another mail server, with a login"),
    "6": ("gmail", "Gmail or Google Workspace, by an app password"),
    "7": ("azure", "Azure Communication Services, by the SMTP user name of the resource"),
}
LOGINS = {
    "1": ("", "a password (Microsoft switches them off by default at the end of December 2026)"),
    "2": ("client_credentials", "OAuth as the application: tenant, client id and client secret"),
    "3": ("device_code", "OAuth as the mailbox: you sign in once, in a browser, with a code shown here"),
}
SENSORS = (
    "ds18b20",
    "dht22",
    "adc",
    "contact",
    "bme280",
    "bmp280",
    "sht3x",
    "sht4x",
    "aht20",
    "scd4x",
    "ina219",
    "mcp9808",
    "max31865",
    "max6675",
)
# What the questions are about, and what of it belongs to the sensors.
_ASKED = ("wifi", "ethernet", "mail", "sensor", "sensors", "rules", "outputs", "clock", "expires", "board_name")
_SENSING = ("sensor", "sensors", "rules", "outputs")
# What an answer says if there is nothing to say.
NO, UNKNOWN, CABLE = "no", "unknown", "ethernet"
_OWN = "the route's own"
# What a configuration is right with, so that one value in it can be judged.
_LOGIN = {"route": "m365.submission", "username": "a@b.c"}
_OAUTH = {"flow": "refresh_token", "tenant": "x", "client_id": "x"}


def interview(ask: Ask, before: Config | None = None) -> tuple[Config, Files]:
    """Return a configuration, and the files that go with it (absolute path on the board → bytes).

    Args:
        ask: asks one question.
        before: the configuration that the board has: its values are the defaults, and what is not asked for is kept.
    """
    before = before or {}
    config: Config = {key: value for key, value in before.items() if key not in _ASKED}
    more: Files = {}
    ends: dict[str, str] = {}
    usual = _was(before, "board_name", "freezer-1")
    config["board_name"] = ask("Name of the board, as mails call it", usual, _by("board_name"))
    config |= {"mail": {}} | _link(ask, before)
    config["mail"] = _route(ask, _choose(ask, "How mail goes in", ROUTES), more, ends, "")
    config["mail"]["to"] = _split(
        ask("Alerts go to (several with commas)", _was(before, "mail.to"), _by("mail.to", _split))
    )
    second = {"0": (NO, "there is none")} | ROUTES
    route = _choose(ask, "A second way, for when the first fails", second)
    if route != NO:
        config["mail"]["fallback"] = _route(ask, route, more, ends, "2")
    if _keeps(ask, before):
        config |= {key: before[key] for key in _SENSING if key in before}
    else:
        config |= _sensing(ask)
    zone = ask(
        "Time zone, such as Europe/Berlin or CET-1CEST,M3.5.0,M10.5.0/3", _was(before, "clock.zone", "UTC0"), _zone
    )
    config["clock"] = _section(before, "clock") | {"zone": zone}
    if ends:
        config["expires"] = _section(before, "expires") | ends
    return config, more


def _link(ask: Ask, before: Config) -> Config:
    """Return the section of the network; further networks and their settings stay as they are."""
    there = before.get("wifi")
    first = there[0] if isinstance(there, list) and there else there
    usual = CABLE if "ethernet" in before else _was({"wifi": first}, "wifi.ssid")
    ssid = ask(f"Wi-Fi network (2.4 GHz; {CABLE}: the board has a cable)", usual, _network)
    if ssid == CABLE:
        # How the cable's socket is wired, the board's description says.
        return {"ethernet": _section(before, "ethernet")}
    return {"wifi": there if ssid == _was({"wifi": first}, "wifi.ssid") else {"ssid": ssid}}


def _keeps(ask: Ask, before: Config) -> bool:
    """Ask whether the board's sensors stay as they are."""
    several = before.get("sensors")
    there = [f"{name} ({one.get('type')})" for name, one in several.items()] if isinstance(several, dict) else []
    if isinstance(one := before.get("sensor"), dict):
        there = [str(one.get("type"))]
    if not there:
        return False
    return ask(f"Keep its sensors and rules: {', '.join(there)} (yes, no)", "yes", _one_of("yes", "no")) == "yes"


def _sensing(ask: Ask) -> Config:
    """Return the sensor and its first rule."""
    kind = ask(f"Sensor ({', '.join(SENSORS)})", "ds18b20", _one_of(*SENSORS))
    sensor: Config = {"type": kind}
    driver = firmware_rules.module("sensors.find").module(kind)
    for key, usual in _pins(driver.KEYS):
        name = "Pin of the sensor" if key == "pin" else f"Its pin {key}"
        sensor[key] = _pin(ask(f"{name}, by number or name", usual, _by("sensor.pin", _pin)))
    rule = _rule(ask, kind)
    values = firmware_rules.module("sensors.find").values(driver, {"shunt": 0.1, "quantity": "", **sensor})
    names = [value[0] for value in values]
    if len(names) > 1:
        rule["of"] = ask(f"Which of its values ({', '.join(names)})", names[0], _one_of(*names))
    return {"sensor": sensor, "rules": [rule]}


def _pins(keys: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the pins that a sensor needs, and their usual numbers on an ESP32."""
    for key, entry in keys.items():
        if entry[0] == "pin":
            yield key, {"scl": "22", "sda": "21", "sck": "18", "mosi": "23", "miso": "19", "cs": "5"}.get(key, "4")


def _section(before: Config, key: str) -> Config:
    found = before.get(key)
    return dict(found) if isinstance(found, dict) else {}


def _was(before: Config, key: str, usual: str = "") -> str:
    """Return what the board has there, as an answer."""
    value: Any = before
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return value if isinstance(value, str) and value else usual


def _zone(text: str) -> str:
    try:
        return _by("clock.zone")(zones.rule(text))
    except UserError as error:
        return str(error)


def _route(ask: Ask, route: str, more: Files, ends: dict[str, str], suffix: str) -> Config:
    """Return the section of one route; ``suffix`` is "2" for the second."""
    mail: Config = {"route": route}
    if route in ("m365.direct_send", "m365.relay"):
        mail["sender"] = ask("Mails come from, an address of your domain", "", _by("mail.sender"))
        domain = mail["sender"].rpartition("@")[2]
        mail["domain"] = ask("Domain of the tenant", domain, _by("mail.domain"))
        if route == "m365.relay":
            mail |= _certificate(ask, more, suffix)
        return mail
    if route == "smtp":
        mail["host"] = ask("Mail server", "", _by("mail.host"))
        mail["port"] = int(ask("Its port", "587", _by("mail.port", int)))
        if mail["port"] == 465:
            mail["security"] = "tls"
        text = f"File of its root certificate ({NO}: a public authority signed it)"
        root = ask(text, NO, lambda answer: "" if answer == NO else _problem(_chain, answer))
        if root != NO:
            mail["trust"] = f"/certs/root{suffix}.der"
            more[mail["trust"]] = _chain(root)[0]
    check = _by("mail.username", section={"route": "smtp"} if route in ("smtp", "azure") else _LOGIN)
    mail["username"] = ask("Mailbox that the board logs in as", "", check)
    if "@" not in mail["username"]:
        mail["sender"] = ask("Mails come from, an address of that mailbox", "", _by("mail.sender"))
    if route.startswith("m365.") and (flow := _choose(ask, "How it logs in", LOGINS)):
        mail["oauth"] = _oauth(ask, flow, mail["username"], ends, suffix)
    return mail


def _oauth(ask: Ask, flow: str, username: str, ends: dict[str, str], suffix: str) -> Config:
    domain = username.rpartition("@")[2]
    oauth: Config = {"flow": flow}
    oauth["tenant"] = ask("Tenant: its id, or a domain of it", domain, _by("mail.oauth.tenant"))
    oauth["client_id"] = ask("Application (client) id, as Entra shows it", "", _client_id)
    scope = ask("Scope of the tokens", _OWN, _by("mail.oauth.scope"))
    if scope != _OWN:
        oauth["scope"] = scope
    if flow == "client_credentials":
        date = ask(f"The client secret ends on (such as 2027-03-01; or {UNKNOWN})", UNKNOWN, _date)
        if date != UNKNOWN:
            ends[f"client secret {suffix}".strip()] = date
    return oauth


def _certificate(ask: Ask, more: Files, suffix: str) -> Config:
    """Ask for the certificate by which a connector knows the board; of that the firmware reads the end itself."""
    text = f"File of the certificate that the connector knows ({NO}: it knows your address)"
    chosen = ask(text, NO, lambda answer: "" if answer == NO else _problem(_chain, answer))
    if chosen == NO:
        return {}
    found = _chain(chosen)

    def private_key(path: str) -> bytes:
        return certificates.private_key(files.read(Path(path)), path, found[0])

    key = private_key(ask("File of its private key", "", lambda answer: _problem(private_key, answer)))
    folder = f"/certs/client{suffix}"
    paths = [f"{folder}-{number}.der" for number in range(1, len(found) + 1)]
    more |= dict(zip(paths, found, strict=True)) | {f"{folder}-key.der": key}
    return {"certificate": paths, "private_key": f"{folder}-key.der"}


def _chain(path: str) -> list[bytes]:
    return certificates.chain(files.read(Path(path)), path)


def _problem(read: Callable[[str], object], answer: str) -> str:
    try:
        read(answer)
    except UserError as error:
        return str(error)
    return ""


def _rule(ask: Ask, sensor: str) -> Config:
    if sensor == "contact":
        when = ask("Alert when the contact is (open, closed)", "open", _one_of("open", "closed"))
        return {"name": "contact", "when": when}
    when = ask("Alert when the value is (above, below)", "above", _one_of("above", "below"))
    limit = float(ask("Which limit", "", _number))
    back = float(ask("How far it must come back before all is well", "1", _number))
    return {"name": "temperature" if sensor != "adc" else "value", "when": when, "limit": limit, "hysteresis": back}


def _choose(ask: Ask, question: str, ways: dict[str, tuple[str, str]]) -> str:
    """Return the name of the way that is chosen by its number; the first is the default."""
    listed = "".join(f"\n  {number}  {text}" for number, (_, text) in ways.items())
    return ways[ask(f"{question}:{listed}\nNumber", next(iter(ways)), _one_of(*ways))][0]


def _by(key: str, parse: Callable[[str], Any] = str, section: Config | None = None) -> Problem:
    """Check an answer as the value of ``key`` by the firmware's rules, in a configuration that is right otherwise.

    Args:
        key: dotted.
        parse: makes the value of the answer.
        section: keys of ``mail`` with which the value is judged.
    """

    def problem(text: str) -> str:
        try:
            value = parse(text)
        except ValueError:
            return "write a number"
        config: Config = {
            "board_name": "x",
            "wifi": {"ssid": "x"},
            "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": ["a@b.c"]} | (section or {}),
            "sensor": {"type": "adc", "pin": 4},
            "rules": [],
            "clock": {},
        }
        if key.startswith("mail.oauth."):
            config["mail"] |= _LOGIN | {"oauth": dict(_OAUTH)}
        *path, last = key.split(".")
        table = config
        for part in path:
            table = table[part]
        table[last] = value
        problems: list[str] = firmware_rules.module("config").check(config)[1]
        return problems[0] if problems else ""

    return problem


def _network(text: str) -> str:
    return "" if text == CABLE else _by("wifi.ssid")(text)


def _client_id(text: str) -> str:
    hexadecimal = "-".join(f"[0-9a-fA-F]{{{length}}}" for length in (8, 4, 4, 4, 12))
    return "" if re.fullmatch(hexadecimal, text) else "write its 36 characters, five groups with dashes between them"


def _date(text: str) -> str:
    if text == UNKNOWN:
        return ""
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError:
        return f"write a date as 2027-03-01, or {UNKNOWN}"
    return "" if date > datetime.date.today() else "that is over: make a new client secret, and give its date"


def _number(text: str) -> str:
    try:
        float(text)
    except ValueError:
        return "write a number, such as -15 or 37.2"
    return ""


def _one_of(*words: str) -> Problem:
    *most, last = words
    return lambda text: "" if text in words else f"write {', '.join(most)} or {last}"


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pin(text: str) -> int | str:
    return int(text) if text.isdigit() else text
