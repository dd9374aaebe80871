"""Faults to build into the outbox, each as somebody might write it, to see that the cuts find them."""

import os

from umail import outbox
from umail.queue import run, spool


def no_mark():
    """Nothing is written before the last octets leave."""
    run.Flush._leaving = lambda self: None


def removed_too_early():
    """The file goes when the mail leaves, not when it has arrived."""

    def leaving(self):
        if self.box.current in self.box.entries:
            self.box.spool.remove(self.box.current)

    run.Flush._leaving = leaving


def state_in_place():
    """A new state is written by writing the file anew, over itself."""

    def append(self, entry, now, date):
        path = self._at(entry.name)
        with open(path, "rb") as file:
            octets = file.read()
        with open(path, "wb") as file:
            file.write(octets[:100])
            file.flush()
            file.write(octets[100:] + spool.line(entry.line(now, date)))

    spool.Spool.append = append


def put_in_ram():
    """put returns before the file is written."""
    write = spool.Spool.write
    late = []

    def put(self, entry, message, *rest):
        entry.length = 0
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

    def append(self, entry, now, date):
        path = self._at(entry.name)
        with open(path, "rb") as file:
            octets = file.read()
        os.remove(path)
        with open(path, "wb") as file:
            file.write(octets + spool.line(entry.line(now, date)))

    spool.Spool.append = append
