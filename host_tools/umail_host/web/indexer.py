"""Puts each delivery into the index as it comes, in a thread of its own, and tells the open pages."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from umail_host.fake_smtp import Delivery
from umail_host.web.store import Row, Store

Arrival = tuple[Path, float, str | None]  # file, time, the login's user
log = logging.getLogger(__name__)
_BATCH = 200
_GATHER = 0.02  # seconds in which mails that come become one batch
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
        self._queue.put((delivery.path, delivery.time, delivery.envelope.user))

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
            mails = left + [one for one in batch if isinstance(one, tuple)]
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
            return mails
        self._told(rows)
        return []
