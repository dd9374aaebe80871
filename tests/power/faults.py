"""Faults to build into the outbox, each as somebody might write it, to see that the cuts find them."""

import os

from umail import durable, outbox
from umail.queue import flush, spool


def no_mark():
    """Nothing is written before the last bytes leave."""
    flush.Flush._leaving = lambda self: None


def removed_too_early():
    """The file goes when the mail leaves, not when it has arrived."""

    def leaving(self):
        if self.box.current in self.box.entries:
            self.box.spool.discard(self.box.current.name)

    flush.Flush._leaving = leaving


def state_in_place():
    """A new state is written by writing the file anew, over itself."""

    def store(self, entry, now, date):
        path = self.at(entry.name)
        with open(path, "rb") as file:
            octets = file.read()
        with open(path, "wb") as file:
            file.write(octets[:100])
            file.flush()
            file.write(octets[100 : -entry.slot] + entry.line(now, date, entry.turn + 1))

    spool.Spool.store = store


def put_in_ram():
    """put returns before the file is written."""
    write = spool.Spool.write
    late = []

    def put(self, entry, message, *rest):
        self.number += 1
        entry.number = self.number
        late.append((self, entry, message) + rest)

    load = outbox.Outbox.flushing

    def flushing_later(self, budget=None):
        while late:
            write(*late.pop(0))
        return (yield from load(self, budget))

    spool.Spool.write = put
    outbox.Outbox.flushing = flushing_later


def narrowed_by_rewriting():
    """After a partial acceptance the file is removed and written again for those who are left."""

    def store(self, entry, now, date):
        path = self.at(entry.name)
        with open(path, "rb") as file:
            octets = file.read()
        os.remove(path)
        with open(path, "wb") as file:
            file.write(octets[: -entry.slot] + entry.line(now, date, entry.turn + 1))

    spool.Spool.store = store


def half_a_rename_is_lost():
    """What must survive a reset is looked for under its own name alone."""

    def load(path):
        try:
            with open(path, "rb") as file:
                return durable.unseal(file.read()) or None
        except OSError:
            return None

    durable.load = load
