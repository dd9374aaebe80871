"""What a board is told before it goes to its place: asked question by question, or read from a file for many boards."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from umail_host import node
from umail_host.domain import Dns
from umail_host.errors import UserError

# Asks one question: text, default, and what is wrong with an answer ("" when it is right). Returns the answer.
Ask = Callable[[str, str, Callable[[str], str]], str]

ROUTES = {
    "1": ("m365.submission", "a mailbox of Microsoft 365, with a login (port 587): any recipient"),
    "2": ("m365.direct_send", "Direct Send, without a login (port 25): recipients inside the tenant only"),
    "3": ("m365.relay", "a connector of Microsoft 365 that knows your address (port 25): any recipient"),
    "4": ("smtp", "another mail server, with a login"),
}
SENSORS = ("ds18b20", "dht22", "adc", "contact")
_MX = (".mail.protection.outlook.com", ".mx.microsoft")
_OURS = ("board", "port", "id")


def interview(ask: Ask) -> dict[str, Any]:
    """A configuration, by questions; each answer is checked with the firmware's own rules before the next is asked."""
    config: dict[str, Any] = {"wifi": {}, "mail": {}, "sensor": {}, "rules": []}
    config["board_name"] = ask("Name of the board, as mails call it", "freezer-1", _by("board_name"))
    config["wifi"]["ssid"] = ask("Wi-Fi network (2.4 GHz)", "", _by("wifi.ssid"))
    config["mail"] = _mail(ask)
    config["mail"]["to"] = _split(ask("Alerts go to (several with commas)", "", _by("mail.to", _split)))
    sensor = ask(
        f"Sensor ({', '.join(SENSORS)})", "ds18b20", lambda text: "" if text in SENSORS else "write one of them"
    )
    config["sensor"] = {
        "type": sensor,
        "pin": _pin(ask("Pin of the sensor, by number or name", "4", _by("sensor.pin", _pin))),
    }
    config["rules"] = [_rule(ask, sensor)]
    zone = ask("Time zone, as a rule such as CET-1CEST,M3.5.0,M10.5.0/3", "UTC0", _by("clock.zone"))
    config["clock"] = {"zone": zone}
    return config


def _mail(ask: Ask) -> dict[str, Any]:
    ways = "".join(f"\n  {number}  {text}" for number, (_, text) in ROUTES.items())
    choice = ask(
        f"How mail goes in:{ways}\nNumber",
        "1",
        lambda text: "" if text in ROUTES else f"write one of {', '.join(ROUTES)}",
    )
    route = ROUTES[choice][0]
    mail: dict[str, Any] = {"route": route}
    if route in ("m365.direct_send", "m365.relay"):
        mail["sender"] = ask("Mails come from, an address of your domain", "", _address)
        domain = mail["sender"].rpartition("@")[2]
        mail["domain"] = ask("Domain of the tenant", domain, _by("mail.domain"))
    else:
        if route == "smtp":
            mail["host"] = ask("Mail server", "", _by("mail.host"))
            mail["port"] = int(ask("Its port", "587", _by("mail.port", _whole)))
        mail["username"] = ask("Mailbox that the board logs in as", "", _address)
    return mail


def _rule(ask: Ask, sensor: str) -> dict[str, Any]:
    if sensor == "contact":
        when = ask("Alert when the contact is (open, closed)", "open", _one_of("open", "closed"))
        return {"name": "contact", "when": when}
    when = ask("Alert when the value is (above, below)", "above", _one_of("above", "below"))
    limit = float(ask("Which limit", "", _number))
    back = float(ask("How far it must come back before all is well", "1", _number))
    return {"name": "temperature" if sensor != "adc" else "value", "when": when, "limit": limit, "hysteresis": back}


def _by(key: str, parse: Callable[[str], Any] = str) -> Callable[[str], str]:
    """Checks an answer as the value of ``key`` by the firmware's rules, in a configuration that is right otherwise."""

    def problem(text: str) -> str:
        try:
            value = parse(text)
        except ValueError:
            return "write a number"
        config: dict[str, Any] = {
            "board_name": "x",
            "wifi": {"ssid": "x"},
            "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": ["a@b.c"]},
            "sensor": {"type": "adc", "pin": 4},
            "rules": [],
            "clock": {},
        }
        *path, last = key.split(".")
        table = config
        for part in path:
            table = table[part]
        table[last] = value
        problems: list[str] = node.module("config").check(config)[1]
        return problems[0] if problems else ""

    return problem


def _address(text: str) -> str:
    return "" if text.count("@") == 1 and all(text.split("@")) and " " not in text else "write an address, name@domain"


def _number(text: str) -> str:
    try:
        float(text)
    except ValueError:
        return "write a number, such as -15 or 37.2"
    return ""


def _one_of(*words: str) -> Callable[[str], str]:
    return lambda text: "" if text in words else f"write {' or '.join(words)}"


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pin(text: str) -> int | str:
    if not text:
        raise ValueError
    return int(text) if text.isdigit() else text


def _whole(text: str) -> int:
    return int(text)


class Fleet:
    """A TOML file: what all boards share, and a table ``[[board]]`` for each, whose keys go before the shared ones.

    Args:
        path: of the file.

    Raises:
        UserError: it can't be read, or two boards have the same name.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._shared = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(f"{path} can't be read: {error.strerror}") from None
        except ValueError as error:
            raise UserError(f"{path} is not TOML: {error}") from None
        found = self._shared.pop("board", [])
        if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
            raise UserError(f"{path}: write [[board]] with two brackets before each board's keys")
        self.path = path
        self.boards: list[dict[str, Any]] = found or [{}]
        names = [self.name(board) for board in self.boards]
        if twice := {name for name in names if names.count(name) > 1}:
            raise UserError(f"{path}: {', '.join(sorted(twice))} is there more than once: give each its board_name")

    def name(self, board: Mapping[str, Any]) -> str:
        """The name of one of ``boards``."""
        return str(board.get("board_name") or self._shared.get("board_name") or "")

    def choose(self, name: str, identity: str) -> dict[str, Any]:
        """The entry for a board.

        Args:
            name: as the user gave it; empty: found by the identity.
            identity: the board's unique id in hexadecimal.

        Raises:
            UserError: none fits, or it is not clear which.
        """
        fitting = [board for board in self.boards if name and self.name(board) == name]
        if not name:
            fitting = [board for board in self.boards if _plain(board.get("id", "")) == _plain(identity)]
            if not fitting and len(self.boards) == 1 and "id" not in self.boards[0]:
                fitting = self.boards
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(filter(None, map(self.name, self.boards))) or "none"
        what = f"no board {name}" if name else f'no [[board]] with id = "{identity}"'
        raise UserError(f"{self.path} has {what}: say which with --name; it has {names}")

    def config(self, board: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration of one of ``boards``."""
        own = {key: value for key, value in board.items() if key not in _OURS}
        return _merge(copy.deepcopy(self._shared), own)


def _merge(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(under.get(key), dict)
        under[key] = _merge(under[key], value) if both else value
    return under


def _plain(identity: object) -> str:
    return str(identity).lower().replace(":", "").replace("-", "")


def secrets_needed(config: Mapping[str, Any], token: bool) -> list[str]:
    """Names of the secrets that a board with this configuration must have."""
    mail = config["mail"]
    fallback = [name + "_2" for name in _login(mail.get("fallback") or {}, False)]
    return ["wifi_password", *_login(mail, token), *fallback]


def _login(mail: Mapping[str, Any], token: bool) -> list[str]:
    if not mail.get("username") or mail.get("route") in ("m365.direct_send", "m365.relay"):
        return []
    if oauth := mail.get("oauth"):
        return ["refresh_token" if oauth.get("flow") == "refresh_token" else "oauth_secret"]
    return ["mail_token" if token else "mail_password"]


def pin_mx(config: dict[str, Any], resolver: Dns) -> str:
    """Put the domain's mail host into the configuration, so that no DNS answer can lead the board elsewhere later.

    Returns:
        a sentence on what was pinned; empty where there is nothing to do.

    Raises:
        UserError: the domain has no mail host, it is not Microsoft's, or the DNS does not answer.
    """
    mail = config.get("mail", {})
    if mail.get("route") not in ("m365.direct_send", "m365.relay") or mail.get("host") or not mail.get("domain"):
        return ""
    domain = mail["domain"]
    try:
        records = [text.split() for text in resolver.ask(domain, "MX")]
    except LookupError as error:
        raise UserError(f"the mail host of {domain} can't be looked up: {error}", 4) from None
    hosts = [name.rstrip(".").lower() for _, name in sorted(records, key=lambda record: int(record[0])) if name != "."]
    if not hosts:
        raise UserError(f"{domain} has no MX record: check mail.domain", 4)
    if not hosts[0].endswith(_MX):
        raise UserError(f"the MX of {domain} is {hosts[0]}, not Exchange Online: set mail.host yourself if it is right")
    mail["host"] = hosts[0]
    return f"mail.host is pinned to {hosts[0]}, the MX of {domain}"
