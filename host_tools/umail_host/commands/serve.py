"""`umail serve`: a fake mail server on this machine, its dialogue shown as it happens."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import ssl
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.profiles import PROFILES
from umail_host.fake_smtp.show import Show
from umail_host.fake_smtp.tls import CERTIFICATES

PASSWORD, TOKEN = "UMAIL_SERVE_PASSWORD", "UMAIL_SERVE_TOKEN"
EXAMPLE = """Example: UMAIL_SERVE_PASSWORD=… umail serve --mailbox esp32@contoso.com --port 5870 --ca-out root.der

The password of the mailboxes comes from UMAIL_SERVE_PASSWORD, or is made up and shown once; an OAuth token from
UMAIL_SERVE_TOKEN."""


def serve(
    profile: Annotated[str, typer.Option(help=f"How it behaves: {', '.join(PROFILES)}.")] = "m365-submission",
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets boards in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
    mailbox: Annotated[list[str] | None, typer.Option(help="A user that may log in; may be repeated.")] = None,
    hostname: Annotated[list[str] | None, typer.Option(help="A further name for the certificate.")] = None,
    certificate: Annotated[str, typer.Option(help=f"Its kind: {', '.join(CERTIFICATES)}.")] = "good",
    tls_version: Annotated[str, typer.Option(help="Speak this version only: 1.0 to 1.3.")] = "",
    ca_out: Annotated[Path | None, typer.Option(help="Write the root to trust here (.pem: PEM, else DER).")] = None,
    maildir: Annotated[Path | None, typer.Option(help="Keep mail in this Maildir.")] = None,
    switch: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE: a switch, as pipelining=no or tarpit=5.")
    ] = None,
) -> None:
    """Run a fake mail server until Ctrl-C, and show its dialogue."""
    console = Console()
    show = Show(console)
    users = mailbox or ["esp32@contoso.com"]
    password = os.environ.get(PASSWORD) or secrets.token_urlsafe(12)
    token = os.environ.get(TOKEN)
    try:
        server = FakeServer(
            profile,
            host=host,
            port=port,
            mailboxes=dict.fromkeys(users, password),
            tokens=[token] if token else [],
            hostnames=[*(hostname or []), *_addresses(host)],
            certificate=certificate,
            tls_version=tls_version,
            maildir=maildir,
            on_entry=show.entry,
            on_delivery=show.delivery,
            capture=False,
            **_switches(switch or []),
        )
    except (ValueError, KeyError, ssl.SSLError) as error:
        raise UserError(f"can't serve: {error}") from None
    show.masker = server.masker
    _write_root(server, ca_out)
    try:
        server.start()
    except OSError as error:
        raise UserError(f"can't listen on {host}:{port}: {error.strerror}; try --port 0", exit_code=4) from None
    names = ", ".join(server.authority.names)
    console.print(f"{profile} on {host}:{server.port}, certificate ({certificate}) for {names}", highlight=False)
    console.print(f"mailboxes: {', '.join(users)}", highlight=False)
    if PASSWORD not in os.environ:
        console.print(f"password: {password}   (set {PASSWORD} to choose it)", highlight=False, markup=False)
    console.print(f"mail: {server.inbox.path}   Ctrl-C ends", highlight=False)
    try:
        _wait_for_the_end()
    finally:
        server.stop()
    console.print(f"served {len(server.sessions)} connections, {len(server.inbox)} messages", highlight=False)


def _wait_for_the_end() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    # A plain wait can't be interrupted on Windows; short ones can.
    while not ended.wait(0.2):
        pass


def _write_root(server: FakeServer, path: Path | None) -> None:
    if path is None:
        return
    try:
        path.write_bytes(server.ca_pem if path.suffix == ".pem" else server.ca_der)
    except OSError as error:
        raise UserError(f"can't write the root certificate to {path}: {error.strerror}") from None


def _addresses(host: str) -> list[str]:
    """This machine's address on the LAN, for the certificate, where boards are let in."""
    if host not in ("0.0.0.0", ""):
        return []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting UDP sends nothing: it only asks which address would be used (RFC 5737's test network).
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [probe.getsockname()[0]]


def _switches(words: list[str]) -> dict[str, Any]:
    switches: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"--set {word}: write it as NAME=VALUE, for example pipelining=no")
        name = name.replace("-", "_")
        default = getattr(PROFILES["generic"], name, None)
        switches[name] = tuple(filter(None, value.split(","))) if isinstance(default, tuple) else _value(value)
    return switches


def _value(text: str) -> bool | int | float | str:
    if text.lower() in ("yes", "true", "on", "no", "false", "off"):
        return text.lower() in ("yes", "true", "on")
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
