"""Finds out where on its way a mail stops: the same stages from this computer and from the board, with remedies."""

from __future__ import annotations

import datetime
import importlib
import json
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

import umail
from umail import advice
from umail import dns as umail_dns
from umail_host import image, node
from umail_host.board import Board, ExecError
from umail_host.errors import UserError
from umail_host.stage import FAILED, OK, SKIPPED, WARNING, Stage

Tell = Callable[[Stage], None]

_CONNECT = 10.0  # seconds for a connection to one address
_SILENCE = 150.0  # seconds in which a board must say something: a refusal of Exchange comes late, Wi-Fi too
_SOON = 14  # days before the end of a certificate from which it is told
_MARK = "\x1eumail-doctor "  # as doctor_board has it
_MODULES = {"umail_doctor": "doctor_device.py", "umail_doctor_board": "doctor_board.py"}
# Who signs the certificates of the servers that the routes know; another issuer there is a middleman.
_ISSUERS = ("digicert", "microsoft", "google", "globalsign", "let's encrypt", "isrg")

_FIREWALL = (
    "a firewall rewrites the mail dialogue, as Cisco's inspection of SMTP does: have that inspection switched off "
    "for this connection, since it removes TLS"
)
REMEDIES = {
    "firewall_banner": _FIREWALL,
    "firewall_starttls": _FIREWALL,
    "port_25": (
        "this network lets mail out elsewhere but not on port 25, which most providers and clouds block: send by "
        "m365.submission on port 587, or have port 25 to this host opened"
    ),
    "port_blocked": (
        "other mail servers can be reached from here: check mail.host and mail.port, or have the firewall let this "
        "host and port through"
    ),
    "offline": "no mail server can be reached from here: check the network's way out, and whether its firewall blocks",
    "mx_moved": "where Microsoft moved your domain, provision the board again, which pins the new host",
    "wifi": "check wifi.ssid, the secret wifi_password and the distance; an ESP32 knows 2.4 GHz only",
    "wifi_weak": "bring the board or the access point nearer, or give the board an external antenna",
    "ntp": "the network may block NTP (UDP port 123): set clock.ntp to a server that it lets through, often the router",
    "clock_apart": "either the time server or this computer is wrong: compare both with another clock",
    "interception": "a firewall or virus scanner opens TLS here: have it exempt this host from inspection",
    "certificate_soon": "the server's owner must renew it; nothing to do on the board",
}


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


def from_host(
    settings: dict[str, Any],
    files: Mapping[str, bytes],
    secrets: Mapping[str, str],
    options: Options,
    tell: Tell,
) -> None:
    """All stages from this computer.

    Args:
        settings: a checked configuration.
        files: what lies on the board and is needed here: roots and client certificate, by their path there.
        secrets: ``mail_password`` or ``mail_token``; without either no login is tried.
        tell: is given each stage as it ends.

    Raises:
        UserError: a root is missing here, or the configuration makes no route.
    """
    seconds = time.time()
    state = OK if time.gmtime(seconds).tm_year >= 2025 else FAILED
    remedy = "" if state == OK else "set this computer's clock"
    tell(Stage("clock", state, time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds)), remedy, "host"))
    route, secret = _route(settings, files, secrets, tell)
    message = umail.Message(
        sender(settings),
        list(settings["mail"]["to"]),
        f"{options.subject} ({settings['board_name']})",
        text="This mail was sent by umail doctor, to show that mail arrives.\n",
    )
    stages = importlib.import_module("umail_host.doctor_device")
    # The module of the driver has no stub for what is not public.
    wire = importlib.import_module("umail.blocking").Wire(_CONNECT)
    plain = options.plain(settings["mail"]["domain"], options.servers or umail_dns.servers())
    told = _Teller("host", tell, not settings["mail"]["trust"])
    try:
        wire.run(stages.examine(wire, route, told, plain, message, secret))
    finally:
        wire.close()


def _route(
    settings: dict[str, Any], files: Mapping[str, bytes], secrets: Mapping[str, str], tell: Tell
) -> tuple[umail.Route, str | None]:
    mail = dict(settings["mail"])
    # Tokens of the board's own are tried by the board.
    mail["oauth"] = ()
    for path in mail["trust"]:
        if path != "insecure" and path not in files:
            raise UserError(
                f"the root {path} lies on the board: give it here with --file HERE:{path}, or ask the board"
            )
    mail["trust"] = [files.get(path, path) for path in mail["trust"]]
    certificate = [*mail["certificate"], *([mail["private_key"]] if mail["private_key"] else [])]
    if any(path not in files for path in certificate):
        text = "not shown from here: only the board has it, so its stages count"
        tell(Stage("client certificate", SKIPPED, text, where="host"))
        mail["certificate"], mail["private_key"] = (), ""
    elif certificate:
        mail["certificate"] = [files[path] for path in mail["certificate"]]
        mail["private_key"] = files[mail["private_key"]]
    secret = secrets.get("mail_token") or secrets.get("mail_password")
    given = dict(secrets) if secret else {"mail_password": "not known"}
    try:
        route = node.module("routes").build(mail, given.get, umail)
    except (ValueError, OSError) as error:
        raise UserError(f"the configuration makes no route: {error}") from None
    return route, secret if route.username else None


def from_board(link: Board, options: Options, tell: Tell, bundled: bool = True) -> None:
    """All stages from a board that is held in its raw REPL, with its own configuration and secrets.

    Args:
        link: the board.
        options, tell: as of ``from_host``.
        bundled: the bundled roots are trusted, not one of the user's.

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
    lines = _Lines(_Teller("board", tell, bundled))
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
    """Makes a Stage of what the stages' code tells: remedies, and what a certificate says."""

    def __init__(self, where: str, tell: Tell, bundled: bool) -> None:
        self._where, self._tell, self._bundled = where, tell, bundled

    def __call__(
        self, stage: str, state: str, text: str, key: str = "", der: str = "", address: str = "", elsewhere: str = ""
    ) -> None:
        if der:
            state, text, key = _with_certificate(state, text, key, b64decode(der))
        if key == "interception" and not self._bundled:
            key = "cert_unknown_root"
        if elsewhere and key in ("port_25", "port_blocked"):
            text += f", and {elsewhere} is open"
        remedy = ""
        if state in (FAILED, WARNING) and key:
            remedy = REMEDIES.get(key) or advice.text(key)
        self._tell(Stage(stage, state, text, remedy, self._where, key, address))


def _with_certificate(state: str, text: str, key: str, der: bytes) -> tuple[str, str, str]:
    """The stage ``certificate`` with issuer and days left; a middleman's certificate is known by its issuer."""
    try:
        found = x509.load_der_x509_certificate(der)
    except ValueError:
        return state, text, key
    end = found.not_valid_after_utc
    days = (end - datetime.datetime.now(datetime.UTC)).days
    issuer = _issuer(found)
    text = f"{text}, issued by {issuer}, ends {end:%Y-%m-%d} ({days} days left)"
    if state == OK and days < _SOON:
        return WARNING, text, "certificate_soon"
    if key == "cert_unknown_root" and not any(name in issuer.lower() for name in _ISSUERS):
        return state, text, "interception"
    return state, text, key


def _issuer(found: x509.Certificate) -> str:
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if names := found.issuer.get_attributes_for_oid(kind):
            return str(names[0].value)
    return "an unnamed authority"
