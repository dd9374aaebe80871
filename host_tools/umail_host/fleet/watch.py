"""Watches boards for years: reads their mailboxes, decides what is news, and mails it once, whatever kills it.

A piece of news is first written into the store, together with what it reports, in one transaction; then its mail is
put into an outbox of the library's own, with a Message-ID that follows from it; then it is marked as put. Whatever was
not marked is looked for in the outbox at the next start. So nothing is reported twice, and nothing is missed.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import umail
from umail_host import terminal
from umail_host.errors import UserError
from umail_host.fleet import health, news, scan
from umail_host.fleet.imap import Connection
from umail_host.fleet.store import News, Store
from umail_host.provision.fleet import Fleet

# A mailbox that can't be read for this long is reported.
_UNREADABLE_S = 15 * 60
# Seconds in which mails of ours are sent at most, each round.
_BUDGET_S = 120
# IDLE lasts so long at most: a server may drop it after half an hour (RFC 2177), a router much sooner.
_IDLE_S = 240
# Seconds from what it tells to the next look: mails often come in company.
_AFTER_S = 10


@dataclass(frozen=True)
class Plan:
    """What is watched, and who is told.

    Attributes:
        to: addresses; sender: ours.
        grace: seconds; empty: mV; every: seconds from one look to the next; morning: of the daily mail, or None.
    """

    to: tuple[str, ...]
    sender: str
    grace: int = health.GRACE
    empty: int = health.EMPTY_MV
    every: int = 300
    morning: datetime.time | None = datetime.time(7)


class Watch:
    """The watch over the boards of ``fleet``.

    Args:
        store: what is known; boxes: where mails arrive.
        outbox, second: two of the library's, that for most news and that for news which the first route may not carry.
        say: takes lines for the journal; clock: Unix seconds.
    """

    def __init__(
        self,
        plan: Plan,
        fleet: Fleet | None,
        store: Store,
        boxes: Sequence[scan.Mailbox],
        outbox: Any,
        second: Any,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plan, self._fleet, self._store, self._boxes = plan, fleet, store, boxes
        self._outbox, self._second, self._say, self._clock = outbox, second, say, clock
        self._failed: dict[str, float] = {}
        for one in (outbox, second):
            one.report = self._reported

    def round(self) -> None:
        """Look once: read what is new, tell what is news, send what waits."""
        for box in self._boxes:
            self._read(box)
        now = int(self._clock())
        rows = health.rows(self._store, self._fleet, now, self._plan.grace, self._plan.empty)
        # While it can't be read, silence says nothing of the boards.
        if not self._failed:
            view = news.View(rows, self._store.told(), now, datetime.datetime.fromtimestamp(now))
            for piece in news.news(view, self._plan.morning):
                self._tell(piece)
        self._store.prune(now)
        self.send()

    def _read(self, box: scan.Mailbox) -> None:
        told = f"unreadable:{box.name}" in self._store.told()
        try:
            scan.scan(self._store, box, now=self._clock)
        except UserError as error:
            now = self._clock()
            if box.name not in self._failed:
                self._say(str(error))
            since = self._failed.setdefault(box.name, now)
            if not told and now - since >= _UNREADABLE_S:
                self._tell(news.unreadable(box.name, str(error)))
            return
        if self._failed.pop(box.name, None) is not None:
            self._say(f"{box.name} is read again")
        if told:
            self._tell(news.readable(box.name))

    def _tell(self, piece: News) -> None:
        if piece.subject:
            self._say(piece.subject)
        self._store.tell(piece, int(self._clock()))

    def send(self) -> None:
        """Put what is to be told into the outboxes, once, and send what is due."""
        for key, subject, text, second in self._store.owed():
            box = self._second if second else self._outbox
            name = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{self._plan.sender.rpartition('@')[2]}>"
            if name not in {message.message_id for message in map(box.read, box.entries) if message}:
                message = umail.Message(self._plan.sender, self._plan.to, subject, text=text, message_id=name)
                box.put(message, priority=2)
            self._store.paid(key)
        for box in (self._outbox, self._second):
            box.flush(_BUDGET_S)

    def run(self) -> None:
        """Watch until the process ends."""
        notify("READY=1")
        while True:
            self.round()
            # systemd starts it again if that does not come (WatchdogSec=).
            notify("WATCHDOG=1")
            self._wait(self._plan.every)

    def _wait(self, seconds: float) -> None:
        """Wait for the next look; the server may announce a new mail sooner, but is not relied on."""
        end = time.monotonic() + seconds
        waiting = [wait for wait in (self._outbox.wait(), self._second.wait()) if wait is not None]
        end = min([end, *(time.monotonic() + max(wait, 5) for wait in waiting)])
        account = self._boxes[0].account if len(self._boxes) == 1 else None
        if account is not None and not self._failed and end - time.monotonic() > 10:
            try:
                with Connection(account) as connection:
                    told = connection.wait(min(end - time.monotonic(), _IDLE_S))
                # A server that announces something all the time must not be asked all the time.
                if told:
                    end = min(end, time.monotonic() + _AFTER_S)
            except Exception as error:
                # It is a hint only, and dies in many ways; the next look says what is wrong.
                self._say(f"not told of new mails: {terminal.printable(str(error))[:200]}")
        time.sleep(max(0, end - time.monotonic()))

    def _reported(self, message: Any, result: Any) -> None:
        if isinstance(result, umail.MailError):
            self._say(f"not mailed: {terminal.printable(message.subject)}: {result}. {result.advice}")


def outboxes(folder: Path, routes: Sequence[Any]) -> tuple[Any, Any]:
    """Return the outbox for most news, by the first route and then the second, and the one by the second first.

    Raises:
        UserError: another watch has them.
    """
    made = []
    for name, order in (("outbox", list(routes)), ("second", list(reversed(routes)))):
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            made.append(umail.Outbox(str(path), order if len(order) > 1 else order[0], heartbeat=None))
        except ValueError:
            raise UserError(
                f"another umail fleet watch is at work with {folder}: stop it, or name another --store"
            ) from None
        except OSError as error:
            raise UserError(f"{path} can't be used as an outbox: {error}") from None
    return made[0], made[1]


def notify(text: str) -> None:
    """Tell systemd (sd_notify(3)), if it started this process."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        try:
            made.connect("\0" + address[1:] if address[0] == "@" else address)
            made.sendall(text.encode())
        except OSError:
            # It is not there any more; nothing depends on it.
            pass
