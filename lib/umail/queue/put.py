"""How an outbox takes a mail: alone or together with others of its kind, what is dropped if there is no room, its file.

Loaded for it, then dropped.
"""

import os
from binascii import crc32

from .. import durable
from .format import MOST_LINES, Entry, read

_NEW = "new.tmp"
# The lines behind a mail's content take about so many bytes.
_LINES = 1500


def put(box, message, key, priority, recovery, copy):
    """Do what ``Outbox.put`` does."""
    policy = box.policy
    # If it cannot be kept, it has not been.
    before = policy.keys, policy.hour
    headers = message.headers
    try:
        entry, old = _put(box, message, key, priority, recovery, copy)
    except BaseException:
        policy.keys, policy.hour = before
        raise
    finally:
        message.headers = headers
    try:
        if old:
            box.remove(old)
        _trim(box)
        box.save()
    except MemoryError:
        # The mail is on flash: whoever put it must not do so again. What is left to note has time.
        pass
    return entry if entry in box.entries else None


def _put(box, message, key, priority, recovery, copy):
    now = box.now()
    until, group = box.policy.admit(now, key, recovery, priority > 1)
    storm = box.policy.keys.get(key)
    if storm:
        if storm.first and (until or recovery):
            message.headers = message.headers + [("In-Reply-To", storm.first), ("References", storm.first)]
        elif not recovery:
            box.policy.begin(key, message.message_id)
    more = 0
    old = None
    if until:
        more = 1
        for entry in box.entries:
            if entry.more and entry.group == group and entry.state == "pending" and entry is not box.current:
                old = entry
                more = old.more + 1
                until = old.until
        if group == "":
            message = _digest(box, message, old, more)
    return write(box, message, group, priority, until, more, old.since if old else now, copy), old


def _digest(box, message, old, more):
    # Many mails of an hour in one: their subjects.
    from ..message import Message

    text = message.subject + "\n"
    before = box.read(old) if old else None
    if before:
        text = before.text + text if len(before.text) < 4000 else before.text
    return Message(message.author, message.to, "%d more mails" % more, text, cc=message.cc, bcc=message.bcc)


def write(box, message, group, priority, until, more, since, copy=True):
    """Do what ``Outbox.write`` does."""
    size = _LINES + sum([len(text or "") for text in (message.text, message.html)])
    _make_room(box, size + sum([part.size() or 0 for part in message.attachments]), priority)
    entry = Entry(0, 0)
    entry.priority = priority
    entry.group = group
    entry.more = more
    entry.since = entry.tried = since
    entry.until = until
    entry.date = message.date
    # (Before it is on flash: memory for it must not be missing then.)
    box.entries.append(entry)
    try:
        box.spool.write(entry, message, copy, box.most_bytes, box.now(), box.date(), store)
    except BaseException:
        box.entries.remove(entry)
        raise
    return entry


def _victims(box, priority):
    # What may be dropped for a mail of that priority: dead ones first, then the lowest, then the oldest.
    found = []
    for entry in box.entries:
        dead = entry.state == "dead"
        if entry is not box.current and (dead or entry.priority <= priority):
            found.append((not dead, entry.priority, entry.number, entry))
    # (Numbers differ: no two entries are ever compared.)
    return [entry for _, _, _, entry in sorted(found)]


def _drop(box, entry):
    # Counted before it is removed: a power cut may count it twice, but not hide it.
    if entry.state != "dead":
        box.notes.dropped += 1
        box.tell()
    box.remove(entry)


def _trim(box):
    for entry in _victims(box, 1 << 20):
        if len(box.entries) <= box.most and sum([one.size for one in box.entries]) <= box.most_bytes:
            return
        _drop(box, entry)


def _make_room(box, size, priority):
    # Room for a mail, in whole blocks, and one more for the marks; nothing is dropped if that would not help.
    free, block = box.spool.room()
    need = (size // block + 2) * block
    while free < need and box.spool.sweep():
        free, _ = box.spool.room()
    victims = _victims(box, priority)
    if free < need and free + sum([(one.size // block + 1) * block for one in victims]) < need:
        raise OSError(28)
    for entry in victims:
        if free >= need:
            return
        _drop(box, entry)
        free, _ = box.spool.room()


def store(spool, entry, message, copy, most, now, date):
    """Do what ``Spool.write`` does."""
    # A card may have been changed, or come back.
    for name in os.listdir(spool.path):
        spool.notice(name)
    entry.number = spool.number + 1

    def content(file):
        head = _content(file, message, copy, most)
        entry.length = head[0]
        return head

    _finish(spool, entry, content, len(message.recipients), now, date)


def adopt(spool, entry, source, head, people, now, date):
    """Do what ``Spool.adopt`` does."""

    def content(file):
        read(source, entry.length, 0, file.write)
        return head

    _finish(spool, entry, content, people, now, date)


def _finish(spool, entry, content, people, now, date):
    path = spool.at(_NEW)
    entry.reserve(people)
    try:
        with open(path, "wb") as file:
            line = entry.describe(content(file))
            if len(line) + 2 * entry.slot > MOST_LINES:
                raise ValueError("the message has more addresses and headers than the outbox takes")
            file.write(line + entry.line(now, date, 0) + b" " * (entry.slot - 1) + b"\n")
            durable.sync(file)
            entry.size = file.tell()
        os.rename(path, spool.at(entry.name))
        durable.settle(path)
    except (OSError, ValueError):
        spool.clear(_NEW)
        raise
    spool.number = max(spool.number, entry.number)


def _content(file, message, copy, most):
    # Write what a message consists of; what describes it.
    crc = total = 0
    texts = []
    for text in (message.text, message.html):
        octets = (text or "").encode()
        texts.append(None if text is None else len(octets))
        file.write(octets)
        crc = crc32(octets, crc)
        total += len(octets)
    files = []
    for part in message.attachments:
        if getattr(part, "again", None):
            files.append([part.name, part.type, part.cid, None, part.source, None])
            continue
        refer = not copy and isinstance(part.source, str)
        reader = part.open()
        try:
            size, check = read(reader, most + 1, 0 if refer else crc, None if refer else file.write)
        finally:
            if reader is not part.source:
                reader.close()
        if not refer:
            total += size
            crc = check
        files.append([part.name, part.type, part.cid, size, part.source if refer else None, check])
        if total > most:
            break
    if total > most:
        raise ValueError("the message takes more than the %d bytes of the outbox" % most)
    return [total, crc, texts, files] + [
        message.message_id,
        [message.author, message.to, message.cc, message.bcc, message.reply_to],
        message.subject,
        message.headers,
        message.importance,
        message.notify,
        message.ret,
    ]
