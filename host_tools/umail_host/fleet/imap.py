"""Reads new mails' headers over IMAP: the mailbox is opened read-only, no flag changes, only what is new is fetched.

By IMAPClient, which gives each command its own call (EXAMINE, FETCH of two header fields, XOAUTH2, IDLE); imap-tools
fetches whole headers only. Both are maintained.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from umail_host.errors import UserError
from umail_host.fleet.mail_files import Batch, Known
from umail_host.fleet.status import HEADER

_NETWORK = 4  # exit status
# Seconds to connect, and for each answer.
_CONNECT, _ANSWER = 20, 60
# So many UIDs are asked for at once: a command of at most 6 kB, of the 8 that RFC 2683, 3.2.1.5 lets a server stop at.
_WINDOW = 500
# If there are fewer mails than UIDs by this factor, which ones there are is asked first.
_SPARSE = 50
_FIELDS = f"BODY.PEEK[HEADER.FIELDS (MESSAGE-ID {HEADER.upper()})]"
_ANSWERED = re.compile(rb"BODY\[HEADER\.FIELDS ", re.IGNORECASE)


@dataclass(frozen=True)
class Account:
    """A mailbox on a server.

    Attributes:
        tls: from the first byte (``imaps``), else by STARTTLS, which is required.
        root: PEM file of the authority to trust; None: the system's.
        secret: returns the password, or None.
        token: returns an access token, for XOAUTH2, if there is no password; None: no such login.
    """

    host: str
    port: int
    user: str
    folder: str
    tls: bool = True
    root: Path | None = None
    secret: Callable[[], str | None] = field(default=lambda: None, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str, **more: Any) -> Account:
        """Return the account that ``imaps://user@host:port/folder`` names; ``imap://`` is with STARTTLS.

        Raises:
            UserError: it is not of that form.
        """
        example = "imaps://alerts%40example.org@imap.example.org/INBOX"
        try:
            parts = urlsplit(url)
            port = parts.port or (993 if parts.scheme == "imaps" else 143)
        except ValueError:
            raise UserError(f"{url} is not a mailbox: write it as {example}") from None
        if parts.password is not None:
            raise UserError("leave the password out of the mailbox's address: give UMAIL_SECRET_IMAP_PASSWORD")
        # The user may be an address as it is: the last @ is before the host.
        if not parts.hostname or not parts.username or parts.query or parts.fragment:
            raise UserError(f"{url} is not a mailbox: write it as {example}")
        user, folder = unquote(parts.username), unquote(parts.path.lstrip("/")) or "INBOX"
        return cls(parts.hostname, port, user, folder, parts.scheme == "imaps", **more)


def reader(account: Account) -> Callable[[dict[str, Any], Known], Iterator[Batch]]:
    """Return what reads the new mails of a mailbox; UserError if it can't be reached or read."""

    def read(mark: dict[str, Any], known: Known) -> Iterator[Batch]:
        with _failures(account), Connection(account) as connection:
            yield from connection.new(mark)

    return read


@contextlib.contextmanager
def _failures(account: Account) -> Iterator[None]:
    errors = importlib.import_module("imapclient.exceptions")
    where = f"the mailbox {account.user} on {account.host}"
    try:
        yield
    except errors.LoginError:
        raise UserError(
            f"{where} refuses the login: give its password or token again (docs/fleet-status.md#imap)", _NETWORK
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise UserError(f"{where} has a certificate that does not hold: {error.verify_message}", _NETWORK) from None
    except (errors.IMAPClientError, OSError, EOFError) as error:
        # A server's words may be of any kind and length.
        raise UserError(f"{where} can't be read: {' '.join(str(error).split())[:200]}", _NETWORK) from None


class Connection:
    """One session, logged in, with its folder open for reading only; for a ``with``."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __enter__(self) -> Connection:
        package = load()
        context = ssl.create_default_context(cafile=str(self._account.root) if self._account.root else None)
        patience = package.SocketTimeout(connect=_CONNECT, read=_ANSWER)
        account = self._account
        self.client = package.IMAPClient(
            account.host, account.port, ssl=account.tls, ssl_context=context if account.tls else None, timeout=patience
        )
        try:
            if not account.tls:
                self.client.starttls(context)
            password = account.secret()
            if password:
                self.client.login(account.user, password)
            elif account.token is not None:
                self.client.oauth2_login(account.user, account.token())
            else:
                raise UserError(
                    f"the secret imap_password of {account.user} is not known: set UMAIL_SECRET_IMAP_PASSWORD, or "
                    "UMAIL_SECRET_IMAP_TOKEN for an access token"
                )
            # EXAMINE: nothing that follows can change the mailbox.
            self._opened = self.client.select_folder(account.folder, readonly=True)
        except BaseException:
            self._hang_up()
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            with contextlib.suppress(Exception):
                self.client.logout()
                return
        self._hang_up()

    def _hang_up(self) -> None:
        with contextlib.suppress(Exception):
            self.client.shutdown()

    def new(self, mark: dict[str, Any]) -> Iterator[Batch]:
        """Yield the mails from the ``mark`` on: a UID is valid for as long as UIDVALIDITY is the same (RFC 3501)."""
        validity, end = int(self._opened[b"UIDVALIDITY"]), int(self._opened.get(b"UIDNEXT", 0))
        last = int(mark.get("last", 0)) if mark.get("validity") == validity else 0
        if not end:
            # A server need not tell.
            end = max(self.client.search(["UID", f"{last + 1}:*"]), default=0) + 1
        for uids in self._windows(last + 1, end, int(self._opened.get(b"EXISTS", 0))):
            found = self.client.fetch(uids, [_FIELDS])
            heads = [_octets(answer) for _, answer in sorted(found.items())]
            yield Batch(heads, [], {"validity": validity, "last": uids[-1]})
        if mark.get("validity") != validity and end <= last + 1:
            yield Batch(mark={"validity": validity, "last": end - 1})

    def _windows(self, first: int, end: int, exists: int) -> Iterator[Sequence[int]]:
        """Yield the UIDs from ``first`` up to before ``end``, whether or not there are mails of all of them.

        IMAPClient 4 takes no range (findings/imapclient-fetch-takes-no-range.sh).
        """
        uids: Sequence[int] = range(first, end)
        if len(uids) > _SPARSE * max(exists, _WINDOW):
            uids = sorted(self.client.search(["UID", f"{first}:{end - 1}"]))
        for at in range(0, len(uids), _WINDOW):
            yield list(uids[at : at + _WINDOW])

    def wait(self, seconds: float) -> bool:
        """Wait for a new mail by IDLE for so long at most; return True if the server told of something.

        It is no more than a hint: a connection may be dead without a word, so that the caller looks anyway.
        """
        if b"IDLE" not in self.client.capabilities():
            time.sleep(seconds)
            return False
        self.client.idle()
        told = self.client.idle_check(timeout=seconds)
        # (DONE has the deadline of every answer.)
        self.client.idle_done()
        return any(len(line) > 1 and line[1] in (b"EXISTS", b"RECENT") for line in told)


def load() -> Any:
    """Return the module imapclient.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module("imapclient")
    except ImportError:
        raise UserError("IMAP needs imapclient: pip install 'micropython-umail[fleet]'") from None


def _octets(answer: dict[bytes, Any]) -> bytes:
    return next((value for name, value in answer.items() if _ANSWERED.match(name) and isinstance(value, bytes)), b"")
