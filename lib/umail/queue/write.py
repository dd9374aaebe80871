"""How a mail is written to its file on flash (see spool.py); loaded for it, then dropped."""

import os
from binascii import crc32

from .. import durable
from .format import MOST_LINES
from .spool import read

_NEW = "new.tmp"


def write(spool, entry, message, copy, most, now, date):
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
