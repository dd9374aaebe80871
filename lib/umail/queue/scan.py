"""How the mails of an outbox are found on flash when it begins (see spool.py); loaded for it, then dropped."""

import os

from umail import load_transient

from .format import Entry
from .spool import STATE


def scan(spool, known):
    """Do what ``Spool.scan`` does."""
    entries = []
    marks = []
    damaged = 0
    spool.unread = 0
    names = sorted(os.listdir(spool.path))
    for name in names:
        stem, _, ending = name.partition(".")
        spool.notice(stem)
        if ending in ("tmp", "new"):
            # (``load``, which comes first, has taken what was whole.)
            spool.clear(name)
        elif name not in known and name != STATE and name[-4:] != ".bad":
            try:
                found = _open(spool, name, stem, names)
            except (OSError, MemoryError):
                spool.unread += 1
                continue
            except Exception:
                # Whole, and with values that none of our mails has.
                found = None
            if found is None:
                damaged += 1
                spool.aside(name)
            elif found:
                entries.append(found[0])
                marks.append(found[1])
    return entries, marks, damaged


def _open(spool, name, stem, names):
    # (Entry, mark); () if it is to be left alone, None if it is damaged, or none of ours.
    number, _, length = stem.partition("-")
    try:
        entry = Entry(int(number, 16), int(length, 16))
    except ValueError:
        return None
    if name == stem and entry.name[:-5] == stem:
        if entry.name in names:
            # It has become one of today's, and a power cut kept it from being removed.
            spool.clear(stem)
            return ()
        return load_transient("queue.format1").convert(spool, entry)
    if entry.name != name:
        return None
    found = spool.tail(entry)
    return found and (entry, found[1])
