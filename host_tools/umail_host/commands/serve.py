"""`umail serve`: a fake mail server on this machine, its dialogue shown as it happens."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from umail_host import pages, terminal
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.core import switches
from umail_host.fake_smtp.core.profiles import PROFILES, find
from umail_host.fake_smtp.faults import toxics
from umail_host.fake_smtp.faults.toxics import Proxy
from umail_host.fake_smtp.record import timeline as events
from umail_host.fake_smtp.record.show import Show
from umail_host.fake_smtp.server.tls import CERTIFICATES, Authority
from umail_host.options import ListenOn, ListenPort, NoOpen, WebPort

PASSWORD, TOKEN = "UMAIL_SERVE_PASSWORD", "UMAIL_SERVE_TOKEN"
_KEPT = 500  # sessions that are remembered, unless all are to be in a timeline; the Maildir keeps all mails


def _can_be_set(name: str, default: object) -> bool:
    """Tell whether a switch is one of words, and not an option of this command."""
    return name != "host" and not isinstance(default, dict)


Ca = Annotated[
    Path | None, typer.Option(help="Keep the root and its key here, for the next time too; made if missing.")
]
WebHost = Annotated[str, typer.Option(help="Address of the page; one that others reach needs its token.")]
WebDns = Annotated[
    list[str] | None,
    typer.Option(help="With --web: ask this server for SPF and DMARC: ADDRESS[#PORT], or system: as this computer."),
]

EXAMPLE = """Example: UMAIL_SERVE_PASSWORD=… umail serve --mailbox esp32@contoso.com --port 5870 --ca-out root.der

The password of the mailboxes comes from UMAIL_SERVE_PASSWORD, or is made up and shown once; an OAuth token from
UMAIL_SERVE_TOKEN. With --web a page shows it all: umail serve --web (token for other computers: UMAIL_WEB_TOKEN).

What --set takes, with what the profile generic has: """ + ", ".join(
    f"{name}={switches.written(value)}"
    for name, value in sorted(switches.defaults(PROFILES["generic"]).items())
    if _can_be_set(name, value)
)


def serve(
    profile: Annotated[str, typer.Option(help=f"How it behaves: {', '.join(PROFILES)}.")] = "m365-submission",
    host: ListenOn = "127.0.0.1",
    port: ListenPort = 0,
    mailbox: Annotated[list[str] | None, typer.Option(help="A user that may log in; may be repeated.")] = None,
    hostname: Annotated[list[str] | None, typer.Option(help="A further name for the certificate.")] = None,
    certificate: Annotated[str, typer.Option(help=f"Its kind: {', '.join(CERTIFICATES)}.")] = "good",
    tls_version: Annotated[str, typer.Option(help="Speak this version only: 1.0 to 1.3.")] = "",
    ca: Ca = None,
    ca_out: Annotated[Path | None, typer.Option(help="Write the root to trust here (.pem: PEM, else DER).")] = None,
    maildir: Annotated[Path | None, typer.Option(help="Keep mail in this Maildir.")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, as tarpit=5.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="NAME[=ARGUMENT][@OCCURRENCE][,…]; `umail faults`.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of all chance in the faults.")] = 0,
    toxic: Annotated[str, typer.Option(help="[up:|down:]NAME=NUMBER[,…]: a bad network; see `umail faults`.")] = "",
    web: Annotated[bool, typer.Option("--web", help="Show mails and dialogues in a browser.")] = False,
    web_host: WebHost = "127.0.0.1",
    web_port: WebPort = 0,
    no_open: NoOpen = False,
    dns: WebDns = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show the dialogue here.")] = False,
    timeline: Annotated[Path | None, typer.Option(help="Write the timeline here at the end (.json: JSON).")] = None,
) -> None:
    """Run a fake mail server until Ctrl-C, and show its dialogue."""
    console = Console(highlight=False, markup=False)
    ended, users = threading.Event(), _users(mailbox)
    show = Show(console, broken=ended.set)  # if nobody reads any more (`umail serve | head`), the server ends
    password, token = os.environ.get(PASSWORD) or secrets.token_urlsafe(12), os.environ.get(TOKEN)
    with _explained("can't serve"):
        up, down = toxics.parse(toxic)
        server = FakeServer(
            profile,
            host="127.0.0.1" if toxic else host,
            port=0 if toxic else port,
            mailboxes=dict.fromkeys(users, password),
            tokens=[token] if token else [],
            certificate=certificate,
            tls_version=tls_version,
            maildir=maildir,
            on_entry=None if quiet else show.entry,
            on_delivery=None if quiet else show.delivery,
            capture=False,
            keep=_KEPT if timeline is None else None,
            faults=",".join(fault or []),
            seed=seed,
            authority=_authority(ca, [*(hostname or []), *_addresses(host)], host),
            **_switches(profile, setting or []),
        )
    show.masker = server.masker
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    if timeline is not None:
        # Before anybody has worked for an hour on what it is to hold.
        _write(timeline, lambda path: b"")
    _write(ca_out, lambda path: server.ca_pem if path.suffix == ".pem" else server.ca_der)
    proxy = (lambda: Proxy(server.port, up, down, host=host, port=port, seed=seed)) if toxic else None
    page = pages.page(server, web_host, web_port, console, dns=dns) if web else contextlib.nullcontext()
    with page as served, _explained(f"can't listen on {host}:{port}"), _listening(server, proxy) as open_port:
        console.print(f"{profile} on {host}:{open_port}, certificate: {certificate}, {server.names}")
        console.print(_mailboxes(users, password, server.inbox.path, maildir is not None))
        if served is not None:
            pages.show(served, console, open_it=not no_open)
        _wait_for(ended)
    _write(timeline, lambda path: (events.as_json if path.suffix == ".json" else events.text)(server).encode())
    connections, mails = terminal.count(server.connections, "connection"), terminal.count(len(server.inbox), "mail")
    console.print(f"served {connections}, {mails}")


def _users(mailbox: list[str] | None) -> list[str]:
    users = mailbox or ["esp32@contoso.com"]
    for user in users:
        if not user or not user.isprintable():
            raise UserError(f"--mailbox {user!r}: give the name of a user, such as esp32@contoso.com")
    return users


def _mailboxes(users: list[str], password: str, path: Path, stays: bool) -> str:
    """Say who may log in, with which password if it was made up, and where mail is kept."""
    chosen = "" if os.environ.get(PASSWORD) else f"; password {password} (set {PASSWORD} to choose it)"
    kept = "" if stays else ", deleted at the end (--maildir keeps it)"
    return f"mailboxes {', '.join(users)}{chosen}\nmail in {path}{kept}; Ctrl-C ends"


@contextlib.contextmanager
def _listening(server: FakeServer, proxy: Callable[[], Proxy] | None) -> Iterator[int]:
    """Run the server, and before it the proxy if the network is to be bad; yield the port to connect to."""
    with server:
        if proxy is None:
            yield server.port
            return
        with proxy() as front:
            yield front.port


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what a user can fix into one sentence."""
    try:
        yield
    except OSError as error:
        if error.filename:
            raise UserError(f"{what}: {error.filename} can't be used ({error.strerror})") from None
        raise UserError(f"{what}: {error.strerror}; choose another, or --port 0", exit_code=4) from None
    except UnicodeError as error:
        # Of idna, about a name in the certificate.
        raise UserError(f"{what}: a --hostname or --host cannot be the name of a host: {error}") from None
    except (ValueError, KeyError) as error:
        raise UserError(f"{what}: {error}") from None


def _wait_for(ended: threading.Event) -> None:
    # A plain wait can't be interrupted on Windows; short ones can.
    while not ended.wait(0.2):
        pass


def _write(path: Path | None, content: Callable[[Path], bytes]) -> None:
    if path is None:
        return
    try:
        path.write_bytes(content(path))
    except OSError as error:
        raise UserError(f"can't write {path}: {error.strerror}") from None


def _addresses(host: str) -> list[str]:
    """Return this machine's address on the LAN, for the certificate, if boards are let in."""
    if host not in ("0.0.0.0", ""):
        return []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting UDP sends nothing: it only asks which address would be used (RFC 5737's test network).
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [probe.getsockname()[0]]


def _authority(kept: Path | None, names: list[str], host: str) -> Authority:
    """Return who issues the certificates: the root that is kept, or one that is made now, and kept if asked."""
    names = ["localhost", "127.0.0.1", *names, *([host] if host not in ("0.0.0.0", "") else [])]
    if kept is not None and kept.exists():
        try:
            return Authority(names, kept=kept.read_bytes())
        except ValueError:
            raise UserError(f"{kept} holds no root certificate with its key: name a file that does not exist") from None
    authority = Authority(names)
    if kept is not None:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(authority.root_with_key)
    return authority


def _switches(profile: str, words: list[str]) -> dict[str, Any]:
    known = switches.defaults(find(profile))
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"--set {word}: write it as NAME=VALUE, for example pipelining=no")
        name = name.replace("-", "_")
        if not _can_be_set(name, known.get(name)):
            raise UserError(f"--set {word}: {name} can't be set here; see umail serve --help")
        found[name] = switches.read(known.get(name), value)
    return found
