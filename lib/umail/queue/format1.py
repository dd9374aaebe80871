"""Reads what version 1 of the format left on flash; each mail becomes one of today's at the first start.

Its file has no ending: ``NUMBER-LENGTH``. Behind the content each line is a line feed, a CRC-32 and JSON; the first
describes the mail, every further one was appended and is its state from then on: there may be thousands.
"""

import json
from binascii import crc32

from .. import durable
from .format import MOST_LINES, recipients


def _lines(file):
    # The values of all lines that are whole, one at a time.
    while True:
        piece = file.readline(MOST_LINES)
        if not piece:
            return
        try:
            if int(piece[:8], 16) == crc32(piece[9:].rstrip()):
                yield json.loads(piece[9:])
        except ValueError:
            # Torn by a power cut, or the line feed before the first.
            pass


def state(path):
    """Return the state in today's form, None if there is none; OSError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            for now, date, config, (dropped, damaged, buried, why), beat, policy in _lines(file):
                found = {"now": now, "date": date, "config": config, "notes": [dropped, damaged, buried, why]}
                found["beat"] = beat
                if policy:
                    found["policy"] = dict(zip(("until", "fails", "why", "paid", "hour", "keys"), policy))
                return found
    except (ValueError, TypeError):
        pass
    except OSError as error:
        if not durable.for_a_person(error):
            raise
    return None


def describe(path, entry):
    """Do what ``Entry.take`` does for a file of version 1, ``path``; return None if it is damaged."""
    head = last = None
    with open(path, "rb") as file:
        file.seek(entry.length)
        for value in _lines(file):
            if head:
                last = value
            elif value[0] == entry.number:
                head = value
            else:
                return None
    if not head or not last:
        return None
    _, entry.priority, entry.group, entry.more, entry.since = head[:5]
    entry.tried = entry.since
    now, date, entry.state, entry.until, entry.attempts, entry.doubts, entry.date, left, gone, entry.why = last
    entry.check(now, date)
    if left is not None or gone:
        _, _, _, _, _, people = head[5:11]
        entry.know(recipients(people))
        entry.left = entry.people if left is None else left
        entry.gone = gone
    return head[5:], (now, date)


def convert(spool, entry):
    """Convert a mail of version 1; return (entry, (now, date) of its state), None if it is damaged.

    If there is no room for both, it stays as it is, and nothing more is written into its file.
    """
    path = spool.at("%06x-%x" % (entry.number, entry.length))
    found = describe(path, entry)
    if not found:
        return None
    head, mark = found
    _, _, _, _, _, people = head[:6]
    try:
        with open(path, "rb") as file:
            spool.adopt(entry, file, head, len(recipients(people)), mark[0], mark[1])
        durable.remove(path)
    except OSError:
        entry.ending = ""
    return entry, mark
