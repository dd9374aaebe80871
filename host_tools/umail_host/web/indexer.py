"""Puts each delivery into the index as it comes, in a thread of its own, and tells the open pages."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from umail_host.fake_smtp import Delivery
from umail_host.web.store import Arrival, Row, Store
from umail_host.web.summary import Envelope

log = logging.getLogger(__name__)
_BATCH = 200
_GATHER = 0.02  # seconds in which mails that come become one batch
_SMALL = 1 << 14  # bytes of a mail that is read in the server's thread, where others have read it as well
_MANY = 500  # mails that wait beyond which none is read there
_AGAIN = 5.0  # seconds after which what the index could not take is tried again


class Indexer:
    """One thread between the server and the index: a mail's reply does not wait for it.

    Args:
        store: the index.
        told: called with the rows of each batch, in this thread.
    """

    def __init__(self, store: Store, told: Callable[[list[Row]], None]) -> None:
        self._store, self._told = store, told
        self._queue: queue.SimpleQueue[Arrival | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="index", daemon=True)
        self._thread.start()

    def take(self, delivery: Delivery) -> None:
        """Take a delivery, in the server's thread."""
        envelope, content = delivery.envelope, delivery.content
        read = None
        if len(content) <= _SMALL and envelope.body != "BINARYMIME" and self._queue.qsize() < _MANY:
            around = Envelope(envelope.sender, delivery.recipients, delivery.connection)
            read = delivery.parsed, around, len(content) - content.count(b"\r\n")  # its line ends are stored as LF
        self._queue.put(Arrival(delivery.file, delivery.time, envelope.user, read))

    def settle(self) -> None:
        """Return when all that came before is in the index, or after two seconds."""
        done = threading.Event()
        self._queue.put(done)
        done.wait(2)

    def close(self) -> None:
        """Index what has come, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        left: list[Arrival] = []  # what the index could not take
        while True:
            batch: list[Arrival | threading.Event | None] = []
            try:
                batch.append(self._queue.get(timeout=_AGAIN if left else None))
                time.sleep(_GATHER)
                while len(batch) < _BATCH:
                    batch.append(self._queue.get_nowait())
            except queue.Empty:
                pass
            mails = left + [one for one in batch if isinstance(one, Arrival)]
            left = self._add(mails) if mails else []
            for one in batch:
                if isinstance(one, threading.Event):
                    one.set()
            if None in batch:
                return

    def _add(self, mails: list[Arrival]) -> list[Arrival]:
        """Index mails; return those that could not be: the Maildir has them, they are tried again."""
        try:
            rows = self._store.add(mails)
        except (sqlite3.Error, OSError) as error:  # a full disk, say
            log.warning("the index can't take mails: %s", error)
            return [replace(mail, read=None) for mail in mails]
        self._told(rows)
        return []
