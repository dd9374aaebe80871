"""Reads from the boards' file what a watch is to do: its section [watch], and the routes by which it mails."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import umail
from umail_host import firmware_rules, secret_source
from umail_host.errors import UserError
from umail_host.fleet import health, scan
from umail_host.fleet.watch import Plan
from umail_host.provision.fleet import Fleet
from umail_host.settings import Route, Settings

_KEYS = {"from", "to", "grace", "empty", "every", "morning", "mail", "root", "oauth", "store"}
# Keys of a route that name files.
_FILES = {"trust", "certificate", "private_key"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Below, a server would be asked all the time; beyond, systemd's watchdog would bite.
_SOONEST, _LATEST = 30, 3600


@dataclass(frozen=True)
class Watching:
    """A plan, the mailboxes, the routes by which news goes in their order, and where the store is (None: as usual)."""

    plan: Plan
    boxes: list[scan.Mailbox]
    routes: list[Any]
    store: Path | None


def read(fleet: Fleet) -> Watching:
    """Return what the section [watch] of the boards' file asks for.

    Raises:
        UserError: it must be fixed, or a secret is missing.
    """
    section = fleet.watch
    if unknown := sorted(section.keys() - _KEYS):
        raise UserError(f"{fleet.path}: [watch] has no key {unknown[0]}: known are {', '.join(sorted(_KEYS))}")
    where = _texts(fleet, section, "from")
    to = _texts(fleet, section, "to")
    if not where or not to:
        raise UserError(
            f'{fleet.path}: [watch] needs from = ["imaps://user%40example.org@imap.example.org/INBOX"] and '
            'to = ["you@example.org"]'
        )
    mail = _mail(fleet, section)
    settings = _checked(mail, to)
    root = fleet.path.parent / section["root"] if "root" in section else None
    every = duration(str(section.get("every", "5m")))
    if not _SOONEST <= every <= _LATEST:
        raise UserError(f"{fleet.path}: every in [watch] is from 30s to 60m")
    plan = Plan(
        to,
        settings.sender,
        duration(str(section.get("grace", "6h"))),
        round(float(section.get("empty", health.EMPTY_MV / 1000)) * 1000),
        every,
        _morning(fleet, section.get("morning", "07:00")),
    )
    token = _token(section)
    routes = [_route(fleet, mail, route) for route in settings.routes]
    boxes = [scan.mailbox(one if "://" in one else str(fleet.path.parent / one), root, token) for one in where]
    store = Path(section["store"]).expanduser() if "store" in section else None
    return Watching(plan, boxes, routes, store)


def duration(text: str) -> int:
    """Return the seconds in ``90m``, ``6h`` or ``2d``.

    Raises:
        UserError: it is not of that form.
    """
    found = re.fullmatch(r"(\d{1,6})\s*([smhd])", text.strip())
    if not found:
        raise UserError(f"{text} is not a time: write it as 90m, 6h or 2d")
    return int(found[1]) * _UNITS[found[2]]


def _texts(fleet: Fleet, section: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = section.get(key, ())
    value = [value] if isinstance(value, str) else value
    if not all(isinstance(one, str) for one in value):
        raise UserError(f'{fleet.path}: {key} in [watch] is a text or a list of texts: {key} = ["…"]')
    return tuple(value)


def _morning(fleet: Fleet, text: object) -> datetime.time | None:
    if text == "":
        return None
    try:
        return text if isinstance(text, datetime.time) else datetime.time.fromisoformat(str(text))
    except ValueError:
        raise UserError(f'{fleet.path}: morning in [watch] is a time of the day, "07:00", or "" for none') from None


def _mail(fleet: Fleet, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section ``mail`` by which the watch mails: that of [watch], else the boards' own."""
    mail = section.get("mail") or fleet.config({}).get("mail")
    if not isinstance(mail, dict):
        raise UserError(f"{fleet.path}: [watch.mail] says by which route the watch mails, as [mail] does for a board")
    return mail


def _checked(mail: Mapping[str, Any], to: tuple[str, ...]) -> Settings:
    """Return that section checked as a board's, but for the files that it names, which are on this computer."""

    def bare(section: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in section.items() if key not in _FILES}

    table = {**bare(mail), "to": list(to)}
    if isinstance(fallback := mail.get("fallback"), Mapping):
        table["fallback"] = bare(fallback)
    shell = {"board_name": "watch", "wifi": {"ssid": "-"}, "sensor": {"type": "contact", "pin": 0}, "rules": []}
    return Settings.of({**shell, "mail": table})


def _route(fleet: Fleet, mail: Mapping[str, Any], route: Route) -> Any:
    """Return a route of the library for this computer; files that it names lie beside the boards' file."""
    if route.oauth is not None and route.oauth.flow != "client_credentials":
        raise UserError(
            f"{fleet.path}: a watch logs in by a password or by client_credentials: give it a route in [watch.mail]"
        )
    section = mail["fallback"] if route.suffix else mail
    board = fleet.files({})

    def here(path: object) -> Any:
        return path if path == "insecure" else board.get(str(path), str(fleet.path.parent / str(path)))

    table = dict(route.table)
    for key in _FILES & section.keys():
        value = section[key]
        table[key] = [here(one) for one in value] if isinstance(value, list) else here(value)
        if key != "private_key" and not isinstance(table[key], list):
            table[key] = [table[key]]
    try:
        return firmware_rules.module("routes").build(table, secret_source.find, umail, route.suffix)
    except (ValueError, OSError) as error:
        why = re.sub(r": umail deploy.*", "", str(error))
        raise UserError(
            f"{fleet.path}: the watch can't mail by {route.key}: {why}; secrets come from UMAIL_SECRET_…, a systemd "
            "credential or the keyring"
        ) from None


def _token(section: Mapping[str, Any]) -> Callable[[], str] | None:
    """Return what fetches access tokens for IMAP, if [watch.oauth] has an application that may read the mailbox."""
    oauth = section.get("oauth")
    if not oauth:
        return None
    secret = secret_source.find("imap_oauth_secret") or secret_source.find("oauth_secret")
    if not isinstance(oauth, dict) or not {"tenant", "client_id"} <= oauth.keys() or not secret:
        raise UserError(
            "[watch.oauth] needs tenant and client_id, and the secret imap_oauth_secret from "
            "UMAIL_SECRET_IMAP_OAUTH_SECRET, a systemd credential or the keyring"
        )
    from umail.oauth import ClientCredentials

    try:
        made = ClientCredentials(str(oauth["tenant"]), str(oauth["client_id"]), secret)
    except ValueError as error:
        raise UserError(f"[watch.oauth]: {error}") from None

    def token() -> str:
        try:
            return str(made())
        except umail.MailError as error:
            raise UserError(f"no access token for the mailbox: {error}. {error.advice}", 4) from None

    return token
