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
from umail_host import firmware_rules, secret_source, terminal
from umail_host.deploy import changes, image
from umail_host.device.board import Board, ExecError
from umail_host.doctor import findings, powershell
from umail_host.doctor.check import FAILED, OK, SKIPPED, WARNING, Check
from umail_host.errors import UserError
from umail_host.sensing import look
from umail_host.settings import CONFIG, Oauth, Route, Settings

Tell = Callable[[Check], None]

_MOST = 1_000_000  # bytes of a board's report: many times the longest
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
        """Return it as the checks' code takes it."""
        return {
            "domain": domain,
            "servers": self.servers if servers is None else servers,
            "ports": self.ports,
            "reference": self.reference,
            "timeout": self.timeout,
            "send": self.send,
            "subject": self.subject,
        }


def settings_of(link: Board | None) -> Settings:
    """Return the configuration on a board.

    Raises:
        UserError: it has none, or it needs to be fixed.
    """
    if link is None or not link.exists(CONFIG):
        raise UserError("the board has no configuration: run umail provision, or umail deploy with --config")
    return Settings.parse(link.get(CONFIG))


def secrets_here(settings: Settings) -> dict[str, str]:
    """Return those that this computer knows by itself; nothing is asked for, and the board's own stay there."""
    names = [
        name + route.suffix for route in settings.routes for name in ("mail_token", "mail_password", "oauth_secret")
    ]
    return {name: value for name in names if (value := secret_source.find(name, settings.board_name))}


def roots_on(link: Board, settings: Settings, known: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the roots that the board has and that are not ``known`` here; never its private key."""
    wanted = {path for route in settings.routes for path in route.trust} - known.keys() - {"insecure"}
    return {path: link.get(path) for path in sorted(wanted) if link.exists(path)}


def from_host(
    settings: Settings,
    files: Mapping[str, bytes],
    secrets: Mapping[str, str],
    options: Options,
    tell: Tell,
) -> None:
    """Make all checks from this computer, for each route.

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
    tell(Check("clock", state, time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds)), remedy, "host"))
    for name, ends in settings.expires:
        tell(findings.expiry(name, ends, seconds))
    for route in settings.routes:
        _by_route(settings, route, files, secrets, options, tell)


def _by_route(
    settings: Settings,
    mail: Route,
    files: Mapping[str, bytes],
    secrets: Mapping[str, str],
    options: Options,
    tell: Tell,
) -> None:
    told = _Teller("host", tell, settings)
    by = functools.partial(told, **({"route": "fallback"} if mail.suffix else {}))
    route, known = _route(mail, files, secrets, by)
    message = umail.Message(
        settings.sender,
        list(settings.recipients),
        f"{options.subject} ({settings.board_name})" + (", by the second route" if mail.suffix else ""),
        text="This mail was sent by umail doctor, to show that mail arrives.\n",
    )
    stages = importlib.import_module("umail_host.doctor.examine")
    # The module of the driver has no stub for what is not public.
    wire = importlib.import_module("umail.blocking").Wire(_CONNECT)
    plain = options.plain(mail.domain, options.servers or umail_dns.servers()) | {
        "token": (mail.oauth.host or _ENTRA, mail.oauth.port or 443) if mail.oauth else None
    }
    try:
        wire.run(stages.examine(wire, route, by, plain, message, known))
    finally:
        wire.close()


def _route(
    mail: Route, files: Mapping[str, bytes], secrets: Mapping[str, str], by: Callable[..., None]
) -> tuple[umail.Route, bool]:
    """Return the route, and whether its login is known here."""
    for path in mail.trust:
        if path != "insecure" and path not in files:
            raise UserError(
                f"the root {path} lies on the board: give it here with --file HERE:{path}, or ask the board"
            )
    table = {**mail.table, "trust": [files.get(path, path) for path in mail.trust]}
    certificate = [*mail.certificate, *([mail.private_key] if mail.private_key else [])]
    if any(path not in files for path in certificate):
        by("client certificate", SKIPPED, "not shown from here: only the board has it, so its stages count")
        table |= {"certificate": (), "private_key": ""}
    elif certificate:
        table |= {"certificate": [files[path] for path in mail.certificate], "private_key": files[mail.private_key]}
    given = dict(secrets)
    names: tuple[str, ...] = ("mail_token", "mail_password")
    if mail.oauth:
        names = _tokens(mail, mail.oauth, secrets, by)
        if names != ("oauth_secret",):
            table["oauth"] = ()
    known = any(secrets.get(name + mail.suffix) for name in names)
    if not known:
        given["mail_password" + mail.suffix] = "not known"
    try:
        return firmware_rules.module("routes").build(table, given.get, umail, mail.suffix), known
    except (ValueError, OSError) as error:
        raise UserError(f"the section [mail] of the configuration is not usable: {error}") from None


def _tokens(mail: Route, oauth: Oauth, secrets: Mapping[str, str], by: Callable[..., None]) -> tuple[str, ...]:
    """Return the names of the secrets by which this computer may log in if the board fetches its own tokens."""
    if secrets.get("mail_token" + mail.suffix):
        return ("mail_token",)
    if oauth.flow == "client_credentials" and secrets.get("oauth_secret" + mail.suffix):
        return ("oauth_secret",)
    if oauth.flow == "refresh_token":
        by("token", SKIPPED, "only the board uses its refresh token, which changes with each use; so its stages count")
    else:
        name = "oauth_secret" + mail.suffix
        by("token", SKIPPED, f"the client secret is not known here ({name}); the board's stages count")
    return ()


def from_board(
    link: Board,
    settings: Settings,
    options: Options,
    tell: Tell,
    seen: Sequence[Check] = (),
    sensors: bool = True,
) -> None:
    """Make all checks from a board that is held in its raw REPL, with its own configuration and secrets.

    Args:
        link: the board.
        settings: its checked configuration.
        options, tell: as of ``from_host``.
        seen: what was found from this computer, which can see whose certificate it is if a board can't.
        sensors: read its sensors, too.

    Raises:
        UserError: umail is not on it, or it went away.
    """
    if left := changes.leftovers(link):
        several = len(left) > 1
        text = f"{terminal.count(len(left), 'module')} of an older umail {'lie' if several else 'lies'} on the board"
        text += f"{', such as' if several else ':'} {left[0]}; unused, but they take room"
        remedy = "umail deploy removes them; without it: mpremote rm -r :/lib/umail, then mip install once more"
        tell(Check("modules", WARNING, text, remedy, "board"))
    if sensors:
        for check in look.checks(look.sensors(link)):
            tell(check)
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
        self._left = _MOST

    def feed(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise UserError(f"the board has sent {_MOST} bytes and goes on: reset it, and run umail deploy", 3)
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").strip("\r\n")
            if text.startswith(_MARK):
                self._told(**json.loads(text[len(_MARK) :]))


class _Teller:
    """Makes a Check of what the stages' code tells: remedies, and what a certificate or an address says."""

    def __init__(self, where: str, tell: Tell, settings: Settings, seen: Sequence[Check] = ()) -> None:
        self._where, self._tell, self._routes, self._seen = where, tell, settings.routes, seen

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
        mail: str = "",
    ) -> None:
        by = self._routes[-1 if route else 0]
        trusted = bool(by.trust)
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
        if key == "wifi":
            text, remedy = findings.wifi(text)
        if stage == "login" and state == FAILED:
            remedy += findings.new_secret(key, by.secret())
        if mail and by.route.startswith("m365."):
            remedy = f"if it does not arrive: {powershell.trace(mail)}"
        self._tell(Check(stage, state, text, remedy, self._where, key, address, route))
