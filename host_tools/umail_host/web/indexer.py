"""Puts each delivery into the index as it comes, in a thread of its own, and tells the open pages."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from umail_host.fake_smtp import Delivery
from umail_host.web.store import Row, Store

log = logging.getLogger(__name__)
_BATCH = 200
_GATHER = 0.02  # seconds in which mails that come become one batch


class Indexer:
    """One thread between the server and the index: a mail's reply does not wait for it.

    Args:
        store: the index.
        told: called with the rows of each batch, in this thread.
    """

    def __init__(self, store: Store, told: Callable[[list[Row]], None]) -> None:
        self._store, self._told = store, told
        self._queue: queue.SimpleQueue[tuple[Any, float, str | None] | threading.Event | None] = queue.SimpleQueue()
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
        while True:
            batch = [self._queue.get()]
            time.sleep(_GATHER)
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            mails = [one for one in batch if isinstance(one, tuple)]
            if mails:
                self._add(mails)
            for one in batch:
                if isinstance(one, threading.Event):
                    one.set()
            if None in batch:
                return

    def _add(self, mails: list[tuple[Any, float, str | None]]) -> None:
        try:
            rows = self._store.add(mails)
        except (sqlite3.Error, OSError) as error:  # a full disk, say: the Maildir has them, the next start finds them
            log.warning("the index can't take mails: %s", error)
        else:
            self._told(rows)
