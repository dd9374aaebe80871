"""What boards are told before they go to their places: a file for many of them, their secrets, and what is done."""

from __future__ import annotations

import copy
import datetime
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from umail_host import __version__
from umail_host.deploy import image
from umail_host.device.board import Board
from umail_host.doctor.domain import Dns
from umail_host.errors import UserError

_MX = (".mail.protection.outlook.com", ".mx.microsoft")
_DIRECT = ("m365.direct_send", "m365.relay")
_OURS = ("board", "port", "id", "files")
# On the board: what it was provisioned with last, once its test alert had got through.
RECORD = "/provisioned"


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

    def find(self, identity: str) -> dict[str, Any] | None:
        """The entry with that id, None where there is none."""
        fitting = [board for board in self.boards if "id" in board and _plain(board["id"]) == _plain(identity)]
        return fitting[0] if fitting else None

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
        whole = _merge(copy.deepcopy(self._shared), board)
        found: dict[str, Any] = _plain_dates({key: value for key, value in whole.items() if key not in _OURS})
        return found

    def files(self, board: Mapping[str, Any]) -> dict[str, bytes]:
        """The further files of one of ``boards``: its table ``files``, path on the board = path beside the TOML file.

        Raises:
            UserError: one can't be read.
        """
        table = _merge(copy.deepcopy(self._shared), board).get("files", {})
        if not isinstance(table, dict) or not all(isinstance(name, str) for name in table.values()):
            raise UserError(f'{self.path}: write [files] with lines such as "/certs/leaf.der" = "leaf.der"')
        found = {}
        for target, name in table.items():
            try:
                found[target] = (self.path.parent / name).read_bytes()
            except OSError as error:
                raise UserError(f"{self.path}: the file {name} can't be read: {error.strerror}") from None
        return found

    def missing(self, seen: set[str]) -> list[str]:
        """Names of the boards whose id is not among those ``seen``."""
        known = {_plain(identity) for identity in seen}
        return [self.name(board) for board in self.boards if "id" in board and _plain(board["id"]) not in known]


def _merge(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(under.get(key), dict)
        under[key] = _merge(under[key], value) if both else value
    return under


def _plain_dates(value: Any) -> Any:
    """TOML has dates of its own; the configuration has them as text."""
    if isinstance(value, dict):
        return {key: _plain_dates(item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, datetime.date) else value


def _plain(identity: object) -> str:
    return str(identity).lower().replace(":", "").replace("-", "")


def sections(config: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The routes of a configuration, each with what stands behind the names of its secrets: "" or "_2"."""
    mail = config.get("mail")
    if not isinstance(mail, dict):
        return []
    fallback = mail.get("fallback")
    return [(mail, "")] + ([(fallback, "_2")] if fallback and isinstance(fallback, dict) else [])


def sign_ins(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The routes that a person must sign in for: name of the secret → section; the board is told the flow it knows."""
    found = {}
    for mail, suffix in sections(config):
        oauth = mail.get("oauth")
        if isinstance(oauth, dict) and oauth.get("flow") == "device_code":
            oauth["flow"] = "refresh_token"
            found["refresh_token" + suffix] = mail
    return found


def secrets_needed(config: Mapping[str, Any], token: bool) -> list[str]:
    """Names of the secrets that a board with this configuration must have; ``token``: one, instead of a password."""
    found = ["wifi_password"]
    for mail, suffix in sections(config):
        found += [name + suffix for name in _login(mail, token and not suffix)]
    return found


def _login(mail: Mapping[str, Any], token: bool) -> list[str]:
    if not mail.get("username") or mail.get("route") in _DIRECT:
        return []
    if oauth := mail.get("oauth"):
        return ["refresh_token" if oauth.get("flow") == "refresh_token" else "oauth_secret"]
    return ["mail_token" if token else "mail_password"]


def not_warned_of(config: Mapping[str, Any]) -> str:
    """A sentence where a client secret has no date in the configuration; else empty."""
    secret = any((mail.get("oauth") or {}).get("flow") == "client_credentials" for mail, _ in sections(config))
    if not secret or config.get("expires"):
        return ""
    return 'the board can\'t warn before the client secret ends: add expires = { "client secret" = "2027-03-01" }'


def digest(config: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    """What a board is provisioned with, but for its secrets, as one word."""
    made = hashlib.sha256(json.dumps([__version__, config], sort_keys=True, ensure_ascii=False).encode())
    for path in sorted(files):
        made.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
    return made.hexdigest()


def is_done(link: Board, wanted: str, secrets: Mapping[str, str], signed: Mapping[str, Any]) -> bool:
    """Whether a board was provisioned with just this, has that configuration still, and holds these secrets.

    Args:
        wanted: of ``digest``.
        secrets: name → value.
        signed: names of those that a sign-in brought: that they are there is enough, for nobody knows them here.
    """
    if not link.exists(RECORD) or not link.exists(image.CONFIG):
        return False
    # It may have been deployed with another configuration since.
    if link.get(RECORD).decode(errors="replace").split() != [wanted, link.hash(image.CONFIG)]:
        return False
    link.exec("from alertnode import secrets")
    return all(link.eval(f"secrets.get({name!r}) == {value!r}") for name, value in secrets.items()) and all(
        link.eval(f"secrets.get({name!r}) is not None") for name in signed
    )


def record(link: Board, done: str) -> None:
    """Note on a board what it was provisioned with: ``digest``, or "" where it is not known to work."""
    link.put(RECORD, f"{done} {link.hash(image.CONFIG)}\n".encode())


def pin_mx(config: dict[str, Any], resolver: Dns) -> list[str]:
    """Put the domain's mail host into the configuration, so that no DNS answer can lead the board elsewhere later.

    Returns:
        a sentence on each that was pinned.

    Raises:
        UserError: the domain has no mail host, it is not Microsoft's, or the DNS does not answer.
    """
    told = []
    for mail, suffix in sections(config):
        if mail.get("route") in _DIRECT and mail.get("domain") and not mail.get("host"):
            mail["host"] = _mx(str(mail["domain"]), resolver)
            key = "mail.fallback.host" if suffix else "mail.host"
            told.append(f"{key} is pinned to {mail['host']}, the MX of {mail['domain']}")
    return told


def _mx(domain: str, resolver: Dns) -> str:
    try:
        records = [text.split() for text in resolver.ask(domain, "MX")]
    except LookupError as error:
        raise UserError(f"the mail host of {domain} can't be looked up: {error}", 4) from None
    hosts = [name.rstrip(".").lower() for _, name in sorted(records, key=lambda record: int(record[0])) if name != "."]
    if not hosts:
        raise UserError(f"{domain} has no MX record: check mail.domain", 4)
    if not hosts[0].endswith(_MX):
        raise UserError(f"the MX of {domain} is {hosts[0]}, not Exchange Online: set mail.host yourself if it is right")
    return hosts[0]
