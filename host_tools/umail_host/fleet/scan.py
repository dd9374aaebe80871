"""Reads mailboxes, wherever they are, into the store: each new mail's status header, judged."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umail_host import secret_source
from umail_host.errors import UserError
from umail_host.fleet import imap, keys, mail_files, status
from umail_host.fleet.mail_files import Batch, Known
from umail_host.fleet.store import Store

_HEADER = re.compile(rb"^x-umail-status:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S{1,998})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Mailbox:
    """Where mails arrive: its name in the store, what reads it, and the account if it is one on a server."""

    name: str
    read: Callable[[dict[str, Any], Known], Iterator[Batch]]
    account: imap.Account | None = None


def mailbox(where: str, root: Path | None = None, token: Callable[[], str] | None = None) -> Mailbox:
    """Return the mailbox that a person named: an IMAP address, a Maildir, an mbox, a folder of .eml, a fake server.

    Args:
        root: the authority that IMAP trusts; None: the system's.
        token: returns an access token for IMAP.

    Raises:
        UserError: there is no such thing.
    """
    scheme = where.partition("://")[0].lower() if "://" in where else ""
    if scheme in ("imap", "imaps"):
        imap.load()
        ready = (lambda: secret_source.find("imap_token") or "") if secret_source.find("imap_token") else None
        account = imap.Account.of(
            where, root=root, secret=lambda: secret_source.find("imap_password"), token=token or ready
        )
        return Mailbox(where, imap.reader(account), account)
    if scheme in ("http", "https"):
        return Mailbox(where, mail_files.page(where))
    path = Path(where).expanduser()
    if (path / "cur").is_dir() or (path / "new").is_dir():
        return Mailbox(str(path.resolve()), mail_files.maildir(path))
    if path.is_dir():
        return Mailbox(str(path.resolve()), mail_files.eml(path))
    if path.is_file():
        return Mailbox(str(path.resolve()), mail_files.mbox(path))
    raise UserError(
        f"{where} is not a mailbox: name a Maildir, an mbox, a folder of .eml, imaps://user@host/INBOX, or the page "
        "of umail serve --web"
    )


def scan(
    store: Store,
    box: Mailbox,
    progress: Callable[[int], None] = lambda count: None,
    now: Callable[[], float] = time.time,
) -> int:
    """Read what is new in a mailbox into the store; return how many mails that were.

    Args:
        progress: told how many were read until now.

    Raises:
        UserError: it can't be read. What was read before that is kept.
    """
    key_of = keys.lookup()
    source, mark = store.source(box.name)
    count = 0
    for batch in box.read(mark, lambda key: store.is_seen(source, key)):
        found = [judged for head in batch.heads if (judged := judge(head, key_of))]
        store.take(source, found, batch.keys, batch.mark, int(now()))
        count += len(batch.heads)
        progress(count)
    return count


def judge(head: bytes, key_of: Callable[[str], bytes | None]) -> tuple[status.Status | status.Odd, bytes] | None:
    """Return what a mail's header fields say, and its Message-ID; None if they are not a board's."""
    values = _HEADER.findall(head)
    if not values:
        return None
    named = _MESSAGE_ID.search(head)
    mail = named[1] if named else b""
    if len(values) > 1:
        return status.Odd("damaged"), mail
    return status.read(values[0].decode("ascii", "replace"), key_of), mail
