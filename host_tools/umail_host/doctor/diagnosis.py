"""Finds out where on its way a mail stops: the same stages from this computer and from the board, with remedies."""

from __future__ import annotations

import functools
import importlib
import json
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import umail
from umail import advice
from umail import dns as umail_dns
from umail_host import firmware_rules
from umail_host.deploy import image
from umail_host.device.board import Board, ExecError
from umail_host.doctor import findings
from umail_host.doctor.check import FAILED, OK, SKIPPED, WARNING, Stage
from umail_host.errors import UserError

Tell = Callable[[Stage], None]

_CONNECT = 10.0  # seconds for a connection to one address
_SILENCE = 150.0  # seconds in which a board must say something: a refusal of Exchange comes late, Wi-Fi too
_MARK = "\x1eumail-doctor "  # as on_board.py has it
_MODULES = {"umail_doctor": "examine.py", "umail_doctor_board": "on_board.py"}
_ENTRA = "login.microsoftonline.com"


@dataclass(frozen=True)
class Options:
    """How to look.

    Attributes:
        servers: DNS servers, ``address`` or ``address#port``; none: those of whoever asks.
        ports: TCP ports to try at the mail server.
        reference: host and port of a mail server elsewhere, by which a blocked port is recognised.
        timeout: seconds for each reply.
        send: send a mail at the end.
        subject: of that mail.
    """

    servers: list[str] = field(default_factory=list)
    ports: tuple[int, ...] = (25, 587, 465)
    reference: tuple[str, int] = ("smtp.office365.com", 587)
    timeout: float = 30
    send: bool = False
    subject: str = "umail doctor: a test"

    def plain(self, domain: str = "", servers: list[str] | None = None) -> dict[str, Any]:
        """As the stages' code takes it."""
        return {
            "domain": domain,
            "servers": self.servers if servers is None else servers,
            "ports": self.ports,
            "reference": self.reference,
            "timeout": self.timeout,
            "send": self.send,
            "subject": self.subject,
        }


def sender(settings: Mapping[str, Any]) -> str:
    """Address that the board's mails come from."""
    found: str = settings["mail"]["sender"] or settings["mail"]["username"]
    return found


def sections(settings: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The routes of a checked configuration, each with the suffix of its secrets."""
    mail = settings["mail"]
    return [(mail, "")] + ([(mail["fallback"], "_2")] if mail["fallback"] else [])


def from_host(
    settings: dict[str, Any],
    files: Mapping[str, bytes],
    secrets: Mapping[str, str],
    options: Options,
    tell: Tell,
) -> None:
    """All stages from this computer, for each route.

    Args:
        settings: a checked configuration.
        files: what lies on the board and is needed here: roots and client certificate, by their path there.
        secrets: ``mail_password``, ``mail_token``, ``oauth_secret``, or with ``_2`` those of the second route; without
            one no login is tried.
        tell: is given each stage as it ends.

    Raises:
        UserError: a root is missing here, or the configuration makes no route.
    """
    seconds = time.time()
    state = OK if time.gmtime(seconds).tm_year >= 2025 else FAILED
    remedy = "" if state == OK else "set this computer's clock"
    tell(Stage("clock", state, time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds)), remedy, "host"))
    for name, ends in settings["expires"]:
        tell(findings.expiry(name, ends, seconds))
    for section, suffix in sections(settings):
        _by_route(settings, section, suffix, files, secrets, options, tell)


def _by_route(
    settings: dict[str, Any],
    section: dict[str, Any],
    suffix: str,
    files: Mapping[str, bytes],
    secrets: Mapping[str, str],
    options: Options,
    tell: Tell,
) -> None:
    told = _Teller("host", tell, settings)
    more = {"route": "fallback"} if suffix else {}
    by = functools.partial(told, **more)
    route, known = _route(section, suffix, files, secrets, by)
    message = umail.Message(
        sender(settings),
        list(settings["mail"]["to"]),
        f"{options.subject} ({settings['board_name']})" + (", by the second route" if suffix else ""),
        text="This mail was sent by umail doctor, to show that mail arrives.\n",
    )
    stages = importlib.import_module("umail_host.doctor.examine")
    # The module of the driver has no stub for what is not public.
    wire = importlib.import_module("umail.blocking").Wire(_CONNECT)
    oauth = section["oauth"] or {}
    plain = options.plain(section["domain"], options.servers or umail_dns.servers()) | {
        "token": (oauth.get("host") or _ENTRA, oauth.get("port") or 443) if oauth else None
    }
    try:
        wire.run(stages.examine(wire, route, by, plain, message, known))
    finally:
        wire.close()


def _route(
    section: dict[str, Any],
    suffix: str,
    files: Mapping[str, bytes],
    secrets: Mapping[str, str],
    by: Callable[..., None],
) -> tuple[umail.Route, bool]:
    """The route, and whether its login is known here."""
    mail = dict(section)
    for path in mail["trust"]:
        if path != "insecure" and path not in files:
            raise UserError(
                f"the root {path} lies on the board: give it here with --file HERE:{path}, or ask the board"
            )
    mail["trust"] = [files.get(path, path) for path in mail["trust"]]
    certificate = [*mail["certificate"], *([mail["private_key"]] if mail["private_key"] else [])]
    if any(path not in files for path in certificate):
        by("client certificate", SKIPPED, "not shown from here: only the board has it, so its stages count")
        mail["certificate"], mail["private_key"] = (), ""
    elif certificate:
        mail["certificate"] = [files[path] for path in mail["certificate"]]
        mail["private_key"] = files[mail["private_key"]]
    given = dict(secrets)
    names: tuple[str, ...] = ("mail_token", "mail_password")
    if mail["oauth"]:
        names = _tokens(mail, suffix, secrets, by)
    known = any(secrets.get(name + suffix) for name in names)
    if not known:
        given["mail_password" + suffix] = "not known"
    try:
        return firmware_rules.module("routes").build(mail, given.get, umail, suffix), known
    except (ValueError, OSError) as error:
        raise UserError(f"the configuration makes no route: {error}") from None


def _tokens(mail: dict[str, Any], suffix: str, secrets: Mapping[str, str], by: Callable[..., None]) -> tuple[str, ...]:
    """The names of the secrets by which this computer may log in where the board fetches its own tokens."""
    if secrets.get("mail_token" + suffix):
        mail["oauth"] = ()
        return ("mail_token",)
    if mail["oauth"]["flow"] == "client_credentials" and secrets.get("oauth_secret" + suffix):
        return ("oauth_secret",)
    if mail["oauth"]["flow"] == "refresh_token":
        by("token", SKIPPED, "only the board uses its refresh token, which changes with each use; so its stages count")
    else:
        by("token", SKIPPED, f"the client secret is not known here (oauth_secret{suffix}); the board's stages count")
    mail["oauth"] = ()
    return ()


def from_board(
    link: Board, settings: Mapping[str, Any], options: Options, tell: Tell, seen: Sequence[Stage] = ()
) -> None:
    """All stages from a board that is held in its raw REPL, with its own configuration and secrets.

    Args:
        link: the board.
        settings: its checked configuration.
        options, tell: as of ``from_host``.
        seen: what was found from this computer, which can see whose certificate it is where a board can't.

    Raises:
        UserError: umail is not on it, or it went away.
    """
    folder = Path(__file__).parent
    try:
        for name, source in _MODULES.items():
            link.put(f"/{name}.mpy", image.compile_module((folder / source).read_bytes(), source))
        link.exec("import umail_doctor, umail_doctor_board", timeout=30)
    except ExecError as error:
        if "ImportError" in error.traceback:
            raise UserError("umail is not on this board: run umail deploy first", 3) from None
        raise
    finally:
        for name in _MODULES:
            link.remove(f"/{name}.mpy")
    plain = {**options.plain(), "now": int(time.time())}
    lines = _Lines(_Teller("board", tell, settings, list(seen)))
    link.exec(f"umail_doctor_board.on_board({plain!r})", timeout=_SILENCE, on_output=lines.feed)


class _Lines:
    """Picks the report's lines out of what a board prints."""

    def __init__(self, told: _Teller) -> None:
        self._told = told
        self._line = b""

    def feed(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").strip("\r\n")
            if text.startswith(_MARK):
                self._told(**json.loads(text[len(_MARK) :]))


class _Teller:
    """Makes a Stage of what the stages' code tells: remedies, and what a certificate or an address says."""

    def __init__(self, where: str, tell: Tell, settings: Mapping[str, Any], seen: Sequence[Stage] = ()) -> None:
        self._where, self._tell, self._mail, self._seen = where, tell, settings["mail"], seen

    def __call__(
        self,
        stage: str,
        state: str,
        text: str,
        key: str = "",
        der: str = "",
        host: str = "",
        address: str = "",
        elsewhere: str = "",
        route: str = "",
    ) -> None:
        trusted = bool((self._mail["fallback"] if route else self._mail)["trust"])
        if key == "cert_unknown_root" and not der:
            same = [one for one in self._seen if (one.name, one.route) == (stage, route)]
            text, key = findings.seen_elsewhere(text, key, same[0] if same else None, trusted)
        elif der:
            state, text, key = findings.certificate(state, text, key, b64decode(der), host, trusted)
        if stage == "name" and state == OK:
            state, text, key = findings.address(text)
        if elsewhere and key in ("port_25", "port_blocked"):
            text += f", and {elsewhere} is open"
        remedy = ""
        if state in (FAILED, WARNING) and key:
            remedy = findings.REMEDIES.get(key) or advice.text(key)
        self._tell(Stage(stage, state, text, remedy, self._where, key, address, route))
