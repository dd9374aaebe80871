"""The questions of `umail provision`: one at a time, each answer checked by the firmware's own rules at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umail_host import certificates, files, firmware_rules
from umail_host.configuration import pins
from umail_host.device.boards import BoardSpec
from umail_host.provision import answers
from umail_host.provision.answers import CABLE, NO, OWN, SAME, UNKNOWN, Config, Problem

# Asks one question: text, default, what is wrong with an answer. Returns the answer.
Ask = Callable[[str, str, Problem], str]
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
    "dht11",
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
    "pulse",
    "battery",
)
# What the questions are about, and which of them belong to the sensors.
_ASKED = (
    "wifi",
    "ethernet",
    "modem",
    "mail",
    "sensor",
    "sensors",
    "rules",
    "outputs",
    "clock",
    "expires",
    "board_name",
)
_SENSING = ("sensor", "sensors", "rules", "outputs")
# The keys of the section mail that are about one route.
_ROUTE = (
    *("route", "username", "sender", "domain", "host", "port", "security", "trust", "ehlo"),
    *("certificate", "private_key", "oauth"),
)
_LIMITS = ("per_minute", "per_day")
_CLIENT_SECRET = "client secret"


def interview(
    ask: Ask, before: Config | None = None, board: BoardSpec | None = None, release: tuple[int, ...] = ()
) -> tuple[Config, Files]:
    """Return a configuration, and the files that go with it (absolute path on the board → bytes).

    Args:
        ask: asks one question.
        before: the configuration that the board has: its values are the defaults, and what is not asked for is kept.
        board: what it is for, if that is known: answers that it can't follow are refused.
        release: of its MicroPython.
    """
    before = before or {}
    config: Config = {key: value for key, value in before.items() if key not in _ASKED}
    more: Files = {}
    ends: dict[str, str] = {}
    usual = _was(before, "board_name", "freezer-1")
    config["board_name"] = ask("Name of the board, as mails call it", usual, answers.by("board_name"))
    config |= {"mail": {}} | _link(ask, before, board, release)
    config["mail"] = _mail(ask, _section(before, "mail"), more, ends, _dates(before))
    clock = _section(before, "clock")
    if _keeps(ask, before):
        config |= {key: before[key] for key in _SENSING if key in before}
    else:
        config |= _sensing(ask, before, config | {"clock": clock}, board)
    usual = _was(before, "clock.zone", "UTC0")
    zone = ask("Time zone, such as Europe/Berlin or CET-1CEST,M3.5.0,M10.5.0/3", usual, answers.zone)
    config["clock"] = clock | {"zone": zone}
    others = {
        name: date for name, date in _dates(before).items() if name not in (_CLIENT_SECRET, f"{_CLIENT_SECRET} 2")
    }
    if others or ends:
        config["expires"] = others | ends
    return config, more


def _link(ask: Ask, before: Config, board: BoardSpec | None, release: tuple[int, ...]) -> Config:
    """Return the section of the network; further networks and their settings stay as they are."""
    if modem := _section(before, "modem"):
        # How it is wired and dialled, nobody is asked: docs/modem.md has what to write.
        return {"modem": modem}
    there = before.get("wifi")
    first = there[0] if isinstance(there, list) and there else there
    wired = _section(before, "ethernet")
    usual = CABLE if "ethernet" in before else _was({"wifi": first}, "wifi.ssid")
    text = f"Wi-Fi network (2.4 GHz; {CABLE}: the board has a cable)"
    ssid = ask(text, usual, answers.network(board, release, wired))
    if ssid == CABLE:
        # How the cable's socket is wired, the board's description says.
        return {"ethernet": wired}
    return {"wifi": there if ssid == _was({"wifi": first}, "wifi.ssid") else {"ssid": ssid}}


def _mail(ask: Ask, was: Config, more: Files, ends: dict[str, str], dates: Config) -> Config:
    """Return the section of the mail; ``dates`` are those that the board knows."""
    second = _section(was, "fallback")
    route = _choose(ask, "How mail goes in", ROUTES, _was(was, "route"))
    mail = {key: value for key, value in was.items() if key not in (*_ROUTE, *_LIMITS, "fallback")}
    if route == was.get("route"):
        mail |= {key: was[key] for key in _LIMITS if key in was}
    mail |= _route(ask, route, _Known({key: was[key] for key in _ROUTE if key in was}, dates, ""), more, ends)
    recipients = ask("Alerts go to (several with commas)", _was(was, "to"), answers.by("mail.to", answers.split))
    mail["to"] = answers.split(recipients)
    ways = {"0": (NO, "there is none")} | ROUTES
    route = _choose(ask, "A second way, for when the first fails", ways, _was(second, "route"))
    if route != NO:
        mail["fallback"] = _route(ask, route, _Known(second, dates, "2"), more, ends)
    return mail


def _dates(before: Config) -> Config:
    """Return the dates that the board has, but for those that are over."""
    return {name: date for name, date in _section(before, "expires").items() if not answers.date(str(date))}


@dataclass(frozen=True)
class _Known:
    """What the board has for one route: its section and dates; ``suffix`` is "2" for the second one."""

    section: Config
    ends: Config
    suffix: str

    @property
    def secret(self) -> str:
        """Return what the date of its client secret is called."""
        return f"{_CLIENT_SECRET} {self.suffix}".strip()


def _keeps(ask: Ask, before: Config) -> bool:
    """Ask whether the board's sensors stay as they are."""
    several = before.get("sensors")
    there = [f"{name} ({one.get('type')})" for name, one in several.items()] if isinstance(several, dict) else []
    if isinstance(one := before.get("sensor"), dict):
        there = [str(one.get("type"))]
    if not there:
        return False
    return ask(f"Keep its sensors and rules: {', '.join(there)} (yes, no)", "yes", answers.one_of("yes", "no")) == "yes"


def _sensing(ask: Ask, before: Config, rest: Config, board: BoardSpec | None) -> Config:
    """Return the sensor and its first rule; ``rest`` is what else the configuration has so far."""
    rest = {key: rest[key] for key in ("ethernet", "modem", "clock") if key in rest}
    several = _section(before, "sensors")
    was = _section(before, "sensor") or next((one for one in several.values() if isinstance(one, dict)), {})
    usual = _was(was, "type")
    kind = ask(f"Sensor ({', '.join(SENSORS)})", usual if usual in SENSORS else "ds18b20", answers.one_of(*SENSORS))
    if kind != usual:
        was = {}
    sensor: Config = {"type": kind}
    driver = firmware_rules.module("sensors.find").module(kind)
    for key, own, common in _pins(driver.KEYS, kind, board):
        name = "Pin of the sensor" if key == "pin" else f"Its pin {key}"
        problem = answers.pin_of(key, sensor, was, rest, board)
        usual = next((one for one in (_was(was, key), own, common) if one and not problem(one)), "")
        sensor[key] = answers.pin(ask(f"{name}, by number or name", usual, problem))
    if "quantity" in driver.KEYS:
        words = driver.KEYS["quantity"][0]
        usual = _was(was, "quantity", words[0])
        sensor["quantity"] = ask(f"Which of its values ({', '.join(words)})", usual, answers.one_of(*words))
    if all(was.get(key) == value for key, value in sensor.items()):
        # The same one: its calibration stays.
        sensor = was
    first = next((one for one in before.get("rules") or () if was and not several and isinstance(one, dict)), {})
    values = firmware_rules.module("sensors.find").values(driver, {"shunt": 0.1, **sensor})
    return {"sensor": sensor, "rules": [_rule(ask, sensor, first, [value[0] for value in values])]}


def _pins(keys: Mapping[str, Any], kind: str, board: BoardSpec | None) -> Iterator[tuple[str, str, str]]:
    """Yield the pins that a sensor needs, and their usual numbers: the board's own ("": none), and an ESP32's."""
    for key, entry in keys.items():
        if entry[0] == "pin":
            usual = {"scl": "22", "sda": "21", "sck": "18", "mosi": "23", "miso": "19", "cs": "5"}.get(key, "4")
            own = board.pins.get(pins.usual_name(key, kind)) if board else None
            yield key, "" if own is None else str(own), usual


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
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(int(value) if value == int(value) else value)
    return value if isinstance(value, str) and value else usual


def _route(ask: Ask, route: str, known: _Known, more: Files, ends: dict[str, str]) -> Config:
    """Return the section of one route; keys that are not asked for stay as they are."""
    was = known.section if known.section.get("route") == route else {}
    mail: Config = {**was, "route": route}
    if route in ("m365.direct_send", "m365.relay"):
        usual = _was(was, "sender")
        mail["sender"] = ask("Mails come from, an address of your domain", usual, answers.by("mail.sender"))
        usual = _was(was, "domain", mail["sender"].rpartition("@")[2])
        mail["domain"] = ask("Domain of the tenant", usual, answers.by("mail.domain"))
        if mail["domain"] != was.get("domain"):
            mail.pop("host", None)
        if route == "m365.relay":
            mail |= _certificate(ask, was, more, known.suffix)
        return _there(mail)
    if route == "smtp":
        mail |= _server(ask, was, more, known.suffix)
    check = answers.by("mail.username", section={"route": "smtp"} if route in ("smtp", "azure") else answers.LOGIN)
    mail["username"] = ask("Mailbox that the board logs in as", _was(was, "username"), check)
    if mail["username"] != was.get("username"):
        mail.pop("sender", None)
    if "@" not in mail["username"]:
        usual = _was(was, "sender")
        mail["sender"] = ask("Mails come from, an address of that mailbox", usual, answers.by("mail.sender"))
    if route.startswith("m365."):
        mail.pop("oauth", None)
        usual = _was(was, "oauth.flow")
        flow = _choose(ask, "How it logs in", LOGINS, "device_code" if usual == "refresh_token" else usual)
        if flow:
            mail["oauth"] = _oauth(ask, flow, mail["username"], known, ends)
    return _there(mail)


def _there(mail: Config) -> Config:
    """Return a section without what was asked for and is not there any more."""
    return {key: value for key, value in mail.items() if value != ""}


def _server(ask: Ask, was: Config, more: Files, suffix: str) -> Config:
    """Ask where a mail server is, and which root it has; "" is what it has none of."""
    server: Config = {"host": ask("Mail server", _was(was, "host"), answers.by("mail.host"))}
    server["port"] = int(ask("Its port", _was(was, "port", "587"), answers.by("mail.port", int)))
    if server["port"] != was.get("port", 587):
        server["security"] = "tls" if server["port"] == 465 else ""
    there = was.get("trust")
    words, usual = ([NO, SAME], SAME) if there else ([NO], NO)
    stays = f"; {SAME}: the one that the board has" if there else ""
    text = f"File of its root certificate ({NO}: a public authority signed it{stays})"
    root = ask(text, usual, answers.read_by(_chain, *words))
    if root == NO:
        server["trust"] = ""
    elif root not in words:
        server["trust"] = f"/certs/root{suffix}.der"
        more[server["trust"]] = _chain(root)[0]
    return server


def _oauth(ask: Ask, flow: str, username: str, known: _Known, ends: dict[str, str]) -> Config:
    was = _section(known.section, "oauth")
    oauth: Config = {**was, "flow": flow}
    usual = _was(was, "tenant", username.rpartition("@")[2])
    oauth["tenant"] = ask("Tenant: its id, or a domain of it", usual, answers.by("mail.oauth.tenant"))
    usual = _was(was, "client_id")
    oauth["client_id"] = ask("Application (client) id, as Entra shows it", usual, answers.client_id)
    oauth["scope"] = ask("Scope of the tokens", _was(was, "scope", OWN), answers.by("mail.oauth.scope"))
    if oauth["scope"] == OWN:
        del oauth["scope"]
    if flow == "client_credentials":
        usual = _was(known.ends, known.secret, UNKNOWN)
        date = ask(f"The client secret ends on (such as 2027-03-01; or {UNKNOWN})", usual, answers.date)
        if date != UNKNOWN:
            ends[known.secret] = date
    return oauth


def _certificate(ask: Ask, was: Config, more: Files, suffix: str) -> Config:
    """Ask for the certificate by which a connector knows the board; of that the firmware reads the end itself."""
    there = was.get("certificate")
    words, usual = ([NO, SAME], SAME) if there else ([NO], NO)
    stays = f"; {SAME}: the one that the board has" if there else ""
    text = f"File of the certificate that the connector knows ({NO}: it knows your address{stays})"
    chosen = ask(text, usual, answers.read_by(_chain, *words))
    if chosen == SAME and there:
        return {}
    if chosen == NO:
        return {"certificate": "", "private_key": ""}
    found = _chain(chosen)

    def private_key(path: str) -> bytes:
        return certificates.private_key(files.read(Path(path)), path, found[0])

    key = private_key(ask("File of its private key", "", answers.read_by(private_key)))
    folder = f"/certs/client{suffix}"
    paths = [f"{folder}-{number}.der" for number in range(1, len(found) + 1)]
    more |= dict(zip(paths, found, strict=True)) | {f"{folder}-key.der": key}
    return {"certificate": paths, "private_key": f"{folder}-key.der"}


def _chain(path: str) -> list[bytes]:
    return certificates.chain(files.read(Path(path)), path)


def _rule(ask: Ask, sensor: Config, was: Config, values: list[str]) -> Config:
    """Return a rule about one of the ``values`` of a sensor; of ``was`` stays what is not asked for."""
    if sensor["type"] == "contact":
        ways = ("open", "closed")
        what, own = "the contact is", {"name": "contact"}
    else:
        ways = ("above", "below")
        plain = "value" if sensor["type"] in ("adc", "battery") else "temperature"
        what, own = "the value is", {"name": sensor.get("quantity", plain)}
    if was.get("when") not in ways:
        was = {}
    rule: Config = own | was
    if len(values) > 1:
        usual = _was(was, "of", values[0])
        usual = usual if usual in values else values[0]
        rule["of"] = ask(f"Which of its values ({', '.join(values)})", usual, answers.one_of(*values))
        rule["name"] = was.get("name", rule["of"])
    rule["when"] = ask(f"Alert when {what} ({', '.join(ways)})", _was(was, "when", ways[0]), answers.one_of(*ways))
    if sensor["type"] == "contact":
        return rule
    rule["limit"] = float(ask("Which limit", _was(was, "limit"), answers.rule(sensor, rule, "limit")))
    text = "How far it must come back before all is well"
    rule["hysteresis"] = float(ask(text, _was(was, "hysteresis", "1"), answers.rule(sensor, rule, "hysteresis")))
    return rule


def _choose(ask: Ask, question: str, ways: dict[str, tuple[str, str]], was: str = "") -> str:
    """Return the name of the way that is chosen by its number; the default is what ``was``, else the first."""
    listed = "".join(f"\n  {number}  {text}" for number, (_, text) in ways.items())
    usual = next((number for number, (name, _) in ways.items() if name == was), next(iter(ways)))
    return ways[ask(f"{question}:{listed}\nNumber", usual, answers.one_of(*ways))][0]
