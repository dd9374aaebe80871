"""The configuration of a board: read from JSON or TOML, checked by the firmware's own rules, typed for the host tools.

A configuration has two forms. ``config`` is what a person wrote, with the board's names for pins; ``file`` makes of it
what lies on a board. All else here is the checked form, with the firmware's defaults.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from umail_host import files, firmware_rules
from umail_host.configuration import checks, own_parts, resolved, wording
from umail_host.configuration.pins import KEYS as PIN_KEYS
from umail_host.device import fitting
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError

CONFIG = "/config.json"
DIRECT = ("m365.direct_send", "m365.relay")
_ETHERNET_PINS = ("mdc", "mdio", "reset", "power", "ref_clk", "sck", "mosi", "miso", "cs", "int")
_SECRET = re.compile(r"(^|_)(password|token|secret|psk)$")


@dataclass(frozen=True)
class Oauth:
    """How a board fetches its own tokens, as docs/firmware.md has it."""

    flow: str = "client_credentials"
    tenant: str = ""
    client_id: str = ""
    scope: str = ""
    host: str = ""
    port: int = 0


@dataclass(frozen=True)
class Route:
    """One way for mail, the section ``mail`` or ``mail.fallback``; keys as docs/firmware.md has them.

    Attributes:
        route: its kind, such as ``m365.submission``.
        suffix: of the names of its secrets, "" or "_2".
        sign_in: whether a person signs in for it, with a code.
        table: the checked section, as the firmware's own code takes it.
    """

    route: str
    username: str = ""
    sender: str = ""
    domain: str = ""
    host: str = ""
    trust: tuple[str, ...] = ()
    certificate: tuple[str, ...] = ()
    private_key: str = ""
    oauth: Oauth | None = None
    suffix: str = ""
    sign_in: bool = False
    table: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    @property
    def key(self) -> str:
        """Return its section, as a dotted key."""
        return "mail.fallback" if self.suffix else "mail"

    @property
    def direct(self) -> bool:
        """Tell whether mail goes to the domain's own mail host, without a login."""
        return self.route in DIRECT

    def secret(self, token: bool = False) -> str:
        """Return the name of the secret that its login needs; "" for none. ``token``: a ready one, not a password."""
        if not self.username or self.direct:
            return ""
        if self.oauth:
            return ("refresh_token" if self.oauth.flow == "refresh_token" else "oauth_secret") + self.suffix
        return ("mail_token" if token and not self.suffix else "mail_password") + self.suffix


@dataclass(frozen=True)
class Settings:
    """A checked configuration.

    Attributes:
        config: as it was written, without the dates of TOML.
        routes: the ways for mail, the second one last.
        recipients: of alerts.
        value: the configuration with its defaults, as the firmware has checked it.
        parts: sensors and actions of one's own, path on the board → source.
        expires: name of what ends, and when in Unix seconds.
        sensor: the section of the only sensor, if it is not one of several.
    """

    config: Mapping[str, Any]
    board_name: str
    routes: tuple[Route, ...]
    recipients: tuple[str, ...]
    expires: tuple[tuple[str, float], ...]
    sensor: Mapping[str, Any]
    value: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False, hash=False)

    @classmethod
    def of(
        cls,
        config: Any,
        sign_in: bool = False,
        fresh: bool = False,
        folder: Path | None = None,
        board: BoardSpec | None = None,
        known: Sequence[str] = (),
    ) -> Settings:
        """Check a configuration.

        Args:
            config: as written.
            fresh: it is to be brought to a board: look for what can't work there, too, and for parts of one's own in
                ``folder``, where it lies; ``board`` is the one it is for, if that is known.
            known: what is wrong with it already.
            sign_in: take mail.oauth.flow = "device_code", of which the board is told the flow that follows from it.

        Raises:
            UserError: the first sentence says so, one line for each problem follows.
        """
        try:
            secret: list[str] = []
            written = _plain(config, "", secret)
            if isinstance(written, dict):
                # An editor's; a board knows no such key.
                written.pop("$schema", None)
            parts: dict[str, bytes] = {}
            unknown: list[str] = []
            lacking: list[str] = []
            if fresh and isinstance(written, dict):
                parts, lacking = own_parts.take(written, folder)
                unknown = [*resolved.correct(written), *lacking]
            signed = list(_signed(written)) if sign_in else []
            # What JSON can't hold is not in a configuration either.
            value, problems = firmware_rules.module("config").check(json.loads(json.dumps(written, allow_nan=False)))
        except (TypeError, ValueError, RecursionError) as error:
            raise UserError(f"the configuration can't be written as JSON: {error}") from None
        if fresh and isinstance(written, dict):
            further = checks.sentences(written, value, board, problems)
            problems = [*unknown, *wording.reworded(written, _certain(problems, lacking)), *further]
        problems = [*secret, *known, *problems]
        if problems:
            raise UserError("fix the configuration:\n" + "\n".join(f"  - {problem}" for problem in problems))
        mail = value["mail"]
        routes = [_route(mail, "", signed)] + ([_route(mail["fallback"], "_2", signed)] if mail["fallback"] else [])
        expires = tuple((name, ends) for name, ends in value["expires"])
        sensor = value["sensor"] or {"type": ""}
        return cls(written, value["board_name"], tuple(routes), tuple(mail["to"]), expires, sensor, value, parts)

    @classmethod
    def parse(cls, octets: bytes) -> Settings:
        """Return the configuration that lies on a board as ``octets``.

        Raises:
            UserError: it is not JSON, or has problems.
        """
        try:
            return cls.of(json.loads(octets))
        except (ValueError, RecursionError) as error:
            raise UserError(f"the configuration is not JSON: {error}") from None

    @classmethod
    def read(cls, path: Path, fresh: bool = False, board: BoardSpec | None = None) -> Settings:
        """Return the configuration in a file: TOML if its name ends so, else JSON; ``fresh``, ``board`` as of ``of``.

        Raises:
            UserError: it can't be read, has problems, or has a ``[[board]]`` for each of several boards.
        """
        config = files.table(path, toml=path.suffix == ".toml")
        if not isinstance(config, dict):
            raise UserError(f"{path} must hold an object, {{…}}, with the keys of docs/firmware.md")
        if "board" in config:
            raise UserError(f"{path} is for umail provision, whose --save writes the configuration of one board of it")
        known = []
        if path.suffix == ".toml" and isinstance(rule := config.get("rules"), dict):
            known = ['"rules" is one section [rules]: write [[rules]], in double brackets, above each rule.']
            config["rules"] = [rule]
        return cls.of(config, fresh=fresh, folder=path.expanduser().parent, board=board, known=known)

    @property
    def sender(self) -> str:
        """Return the address that the board's mails come from."""
        return self.routes[0].sender or self.routes[0].username

    def secrets(self, token: bool = False) -> list[str]:
        """Return the names of the secrets that the board must be given; ``token`` as of ``Route.secret``."""
        logins = [route.secret(token) for route in self.routes if not route.sign_in]
        return [*self._network_secrets(), *filter(None, logins)]

    def _network_secrets(self) -> list[str]:
        if (self.config.get("modem") or {}).get("username"):
            return ["modem_password"]
        wifi = self.config.get("wifi", [])
        count = len(wifi) if isinstance(wifi, list) else 1
        return ["wifi_password", *(f"wifi_password_{number}" for number in range(2, count + 1))][:count]

    def with_host(self, route: Route, host: str) -> Settings:
        """Return the same with the mail host of one of ``routes`` set."""
        config = _plain(self.config, "", [])
        (config["mail"]["fallback"] if route.suffix else config["mail"])["host"] = host
        changed = replace(route, host=host, table={**route.table, "host": host})
        return replace(self, config=config, routes=tuple(changed if one is route else one for one in self.routes))

    def file(self, board: BoardSpec, release: tuple[int, ...] = ()) -> bytes:
        """Return what becomes /config.json on ``board``: its pins' names turned into numbers, its Ethernet filled in.

        Args:
            release: of its MicroPython, if that is known.

        Raises:
            UserError: the board, or that release, has no such way to the network; says why.
        """
        config = _with_pins(self.config, board.pins)
        if "ethernet" in config:
            config["ethernet"] = {**board.wired, **config["ethernet"]}
        fitting.check(config, board, release)
        return json.dumps(config, ensure_ascii=False, indent=1).encode()


def _certain(problems: list[str], lacking: Sequence[str]) -> list[str]:
    """Return ``problems`` but those that may only follow from the parts of one's own that are ``lacking``."""
    if not lacking:
        return problems
    # What a rule may name is not known.
    told = ('"rules[', *(sentence.partition(" ")[0] for sentence in lacking))
    return [problem for problem in problems if not problem.startswith(told)]


def _route(section: Mapping[str, Any], suffix: str, signed: list[str]) -> Route:
    plain = {one.name: section[one.name] for one in fields(Route) if isinstance(section.get(one.name), str)}
    return Route(
        **plain,
        trust=tuple(section["trust"]),
        certificate=tuple(section["certificate"]),
        oauth=Oauth(**section["oauth"]) if section["oauth"] else None,
        suffix=suffix,
        sign_in=suffix in signed,
        table=section,
    )


def _signed(config: Any) -> Iterator[str]:
    """Yield the suffixes of the routes that a person signs in for; ``config`` gets the flow that the firmware knows."""
    mail = config.get("mail") if isinstance(config, dict) else None
    for section, suffix in ((mail, ""), (mail.get("fallback") if isinstance(mail, dict) else None, "_2")):
        oauth = section.get("oauth") if isinstance(section, dict) else None
        if isinstance(oauth, dict) and oauth.get("flow") == "device_code":
            oauth["flow"] = "refresh_token"
            yield suffix


def _plain(value: Any, path: str, secret: list[str]) -> Any:
    """Return a copy of ``value`` in which the dates of TOML are text; what is a secret is left out, and told."""
    if isinstance(value, Mapping):
        # What stands under "expires" are dates, each by the name of what ends.
        hidden = [key for key in value if _SECRET.search(key) and path != "expires."]
        for key in hidden:
            name = firmware_rules.module("config_help").kept_as(path.rstrip("."), key)
            secret.append(f"{path}{key} must not lie in the configuration: leave it out and give --secret {name}.")
        return {key: _plain(item, f"{path}{key}.", secret) for key, item in value.items() if key not in hidden}
    if isinstance(value, list):
        many, section = len(value) > 1, path.rstrip(".")
        return [_plain(item, f"{section}[{i}]." if many else path, secret) for i, item in enumerate(value)]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value


def _with_pins(value: Any, pins: Mapping[str, int | str]) -> Any:
    if isinstance(value, Mapping):
        made = {key: _with_pins(item, pins) for key, item in value.items()}
        for key in (*PIN_KEYS, *_ETHERNET_PINS):
            if isinstance(name := made.get(key), str) and name in pins:
                made[key] = pins[name]
        return made
    return [_with_pins(item, pins) for item in value] if isinstance(value, list) else value
