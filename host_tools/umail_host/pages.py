"""Opens the page of `umail serve --web`, `umail demo --web` or `umail fleet status --web`, and says where it is."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import sqlite3
import sys
import time
import webbrowser
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer

if TYPE_CHECKING:
    from umail_host.doctor.domain import Dns
    from umail_host.web.boards import Boards
    from umail_host.web.served import Served
    from umail_host.web.server import WebServer

TOKEN, SYSTEM = "UMAIL_WEB_TOKEN", "system"
HOW_TO_GET = "make install EXTRAS=web, in a copy of umail's repository"
_NEEDED = ("starlette", "uvicorn", "nh3")


def missing() -> list[str]:
    """Return which packages of the extra ``web`` are not here."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


@contextlib.contextmanager
def page(
    server: FakeServer,
    host: str,
    port: int,
    console: Console,
    boards: Boards | None = None,
    dns: list[str] | None = None,
) -> Iterator[WebServer]:
    """Serve the page of a fake server; enter it before the server. ``dns``: servers to ask for SPF and DMARC.

    Raises:
        UserError: the extra ``web`` is missing, or the address is not available.
    """
    token = token_for(host)
    from umail_host.web.server import WebServer

    resolver = _resolver(dns) if dns else None
    begun = time.monotonic()

    def progress(done: int, of: int) -> None:
        if time.monotonic() - begun > 2:
            console.print(f"reading the Maildir: {done} of {of} mails", end="\r")

    try:
        served = WebServer(server, host=host, port=port, token=token, boards=boards, dns=resolver, progress=progress)
    except (OSError, sqlite3.Error) as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
            raise UserError(f"another umail serves {server.inbox.path}: end it, or choose another --maildir") from None
        why = getattr(error, "strerror", None) or error
        raise UserError(
            f"can't make the index {server.inbox.path}.index ({why}): make room, or choose another --maildir"
        ) from None
    with started(served):
        yield served


def _resolver(servers: list[str]) -> Dns:
    from umail_host.doctor.domain import Dns  # only who is asked needs to be loaded

    try:
        return Dns([one for one in servers if one != SYSTEM])
    except ValueError as error:
        raise UserError(f"can't ask that DNS server: {error}; write --dns 192.0.2.53, or --dns system") from None


def token_for(host: str) -> str:
    """Return what a client must show at that address: nothing on this machine alone.

    Raises:
        UserError: the extra ``web`` is missing.
    """
    if missing():
        raise UserError(f"--web needs more packages: {HOW_TO_GET}")
    from umail_host.web.guard import is_loopback

    return "" if is_loopback(host) else os.environ.get(TOKEN) or secrets.token_urlsafe(24)


@contextlib.contextmanager
def started(served: Served) -> Iterator[None]:
    """Serve a page.

    Raises:
        UserError: the address is not available.
    """
    try:
        served.start()
    except OSError as error:
        raise UserError(
            f"can't serve the page on {served.host}:{served.port}: {error.strerror}; choose another --web-port", 4
        ) from None
    try:
        yield
    finally:
        served.stop()


def show(served: Served, console: Console, open_it: bool = True) -> None:
    """Say where the page is, and open it if there is a screen; a URL with a token would stand in the process list."""
    console.print(Text(f"page: {served.url}", style="bold"), soft_wrap=True)
    screen = sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if open_it and screen and not served.token:
        webbrowser.open(served.url)
