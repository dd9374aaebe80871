"""The outbox's files: one for each mail, written whole or not at all, checked when read, marked by lines at its end.

A file holds the text, the HTML and the attachments, one after the other as they were given, then lines of JSON, each
behind a line feed and its own CRC-32. The first line describes the mail and has the checksum of what stands before it;
each further one is the mail's state from then on, and the last whole one counts. Its name is a number, which orders the
mails, and the length of what stands before the first line. Nothing else knows of it: there is no index.

A new file gets its name when it is whole and synced; a state is one append. LittleFS does either in one step. FAT does
not: a torn line is passed over, and a file that does not agree with its checksum is damaged and never sent.
"""

import json
import os
from binascii import crc32

_NEW = "new.tmp"
_STATE = "state"
_rename = getattr(os, "replace", os.rename)


def _sync(file):
    file.flush()
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())


def line(value):
    """One line: bytes."""
    octets = json.dumps(value).encode()
    return b"\n%08x " % crc32(octets) + octets


def lines(octets):
    """The values of all lines that are whole."""
    found = []
    for piece in octets.split(b"\n"):
        try:
            if int(piece[:8], 16) == crc32(piece[9:]):
                found.append(json.loads(piece[9:]))
        except ValueError:
            pass
    return found


class Entry:
    """A mail in the outbox.

    Attributes:
        state (str): ``"pending"``, ``"deferred"``, ``"sending"``, ``"uncertain"`` or ``"dead"``.
        until (int): not before this time of ``Outbox.now``.
        since (int): when it was put.
        attempts (int), doubts (int): failed attempts; how often it may have arrived.
        date: seconds of ``time.time()``, or None while the clock was never set since.
        left: recipients (list of str) that have not got it; None: nobody has.
        gone (list): ``[address, reply]`` of those refused for good.
        why (str): of the last failure.
        priority (int), group (str or None), more (int): as put; how many were held back in it.
    """

    priority: int
    group: "str | None"
    more: int
    since: int

    def __init__(self, number, length):
        self.number = number
        self.length = length
        self.size = length

    @property
    def name(self):
        """Its file's name."""
        return "%06x-%x" % (self.number, self.length)

    def take(self, state):
        """Take up the state of a line."""
        _, _, self.state, self.until, self.attempts, self.doubts, self.date, self.left, self.gone, self.why = state

    def line(self, now, date):
        """The state as the value of a line; the date tells later how long the board was off."""
        return [
            now, date, self.state, self.until, self.attempts, self.doubts, self.date, self.left, self.gone, self.why
        ]  # fmt: skip


class Stored:
    """An attachment that lies in a file from ``start`` on; made like an ``Attachment``."""

    source = None

    def __init__(self, path, start, size, name, type, cid):
        self.path = path
        self.start = start
        self._size = size
        self.name = name
        self.type = type
        self.cid = cid

    def size(self):
        """The number of octets."""
        return self._size

    def open(self):
        """A file at the first octet."""
        file = open(self.path, "rb")
        file.seek(self.start)
        return file


def _read(file, left, crc, write=None):
    # Through one buffer, up to ``left`` octets: (count, CRC); what is read also goes to ``write``.
    buffer = memoryview(bytearray(512))
    total = 0
    while total < left:
        count = file.readinto(buffer[: min(512, left - total)])
        if not count:
            break
        total += count
        crc = crc32(buffer[:count], crc)
        if write:
            write(buffer[:count])
    return total, crc


class Spool:
    """The directory ``path`` (str), which is made where it is missing."""

    def __init__(self, path):
        self.path = path
        try:
            os.mkdir(path)
        except OSError:
            # It is there, or opening a file will say what is wrong.
            pass

    def _at(self, name):
        return self.path + "/" + name

    def free(self):
        """Octets left on the file system; where it does not say, more than anybody needs."""
        if not hasattr(os, "statvfs"):
            return 1 << 30
        found = os.statvfs(self.path)
        return found[0] * found[3]

    def scan(self):
        """All mails: (list of Entry, list of their last (time, date), number of damaged files), the oldest first.

        What a power cut left unfinished is removed, and so is what is damaged or has no name of ours (on FAT).
        """
        entries = []
        marks = []
        damaged = 0
        for name in sorted(os.listdir(self.path)):
            if name[-4:] == ".tmp":
                self._discard(name)
                continue
            if name == _STATE:
                continue
            found = ()
            number, _, length = name.partition("-")
            try:
                entry = Entry(int(number, 16), int(length, 16))
                if entry.name == name:
                    found = self._tail(entry)
            except ValueError:
                pass
            if len(found) < 2:
                damaged += 1
                self._discard(name)
                continue
            entry.priority, entry.group, entry.more, entry.since = found[0][1:5]
            entry.take(found[-1])
            marks.append(found[-1][:2])
            entries.append(entry)
        return entries, marks, damaged

    def _tail(self, entry):
        # Its lines, where the first belongs to it: on FAT, names may come to stand for another file's octets.
        try:
            with open(self._at(entry.name), "rb") as file:
                file.seek(entry.length)
                octets = file.read()
        except OSError:
            return ()
        entry.size = entry.length + len(octets)
        found = lines(octets)
        return found if found and found[0][0] == entry.number else ()

    def _discard(self, name):
        try:
            os.remove(self._at(name))
        except OSError:
            pass

    def write(self, entry, message, copy, most, now, date):
        """Store ``message`` as ``entry``, whose length is set; durable on return.

        Args:
            copy (bool): attachments given by a path are copied; else only their length and checksum.
            most (int): octets that it may take.
            now (int), date: as of ``Outbox``.

        Raises:
            ValueError: it takes more than ``most``, or an attachment cannot be read.
            OSError: the flash is full or broken.
        """
        path = self._at(_NEW)
        try:
            with open(path, "wb") as file:
                head = self._content(file, message, copy, most)
                description = [entry.number, entry.priority, entry.group, entry.more, entry.since] + head
                file.write(line(description) + line(entry.line(now, date)))
                _sync(file)
                entry.length = head[0]
                entry.size = file.tell()
            _rename(path, self._at(entry.name))
            self._settle()
        except (OSError, ValueError):
            self._discard(_NEW)
            raise

    def _settle(self):
        # Where directories are synced by themselves, a new name is durable only then.
        if hasattr(os, "fsync") and os.name == "posix":
            directory = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def _content(self, file, message, copy, most):
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
            refer = not copy and isinstance(part.source, str)
            reader = part.open()
            try:
                size, check = _read(reader, most + 1, 0 if refer else crc, None if refer else file.write)
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
            raise ValueError("the message takes more than the %d octets of the outbox" % most)
        return [
            total,
            crc,
            texts,
            files,
            message.message_id,
            [message.author, message.to, message.cc, message.bcc, message.reply_to],
            message.subject,
            message.headers,
            message.importance,
            message.notify,
            message.ret,
        ]

    def read(self, entry):
        """The ``Message`` of ``entry`` and what its reader must be told (str); None where the file is damaged."""
        try:
            return self._message(entry)
        except (OSError, ValueError):
            return None

    def _message(self, entry):
        found = self._tail(entry)
        if len(found) < 2:
            return None
        length, crc, texts, files, mid, people, subject, headers, importance, notify, ret = found[0][5:]
        path = self._at(entry.name)
        with open(path, "rb") as file:
            if length != entry.length or _read(file, length, 0) != (length, crc):
                return None
            file.seek(0)
            text, html = [None if size is None else str(file.read(size), "utf-8") for size in texts]
        at = sum([size or 0 for size in texts])
        parts = []
        note = ""
        for name, kind, cid, size, source, check in files:
            if source is None:
                parts.append(Stored(path, at, size, name, kind, cid))
                at += size
            elif _unchanged(source, size, check):
                parts.append(Stored(source, 0, size, name, kind, cid))
            else:
                note += "%s is not attached: the file was changed or removed after this mail was written.\n" % name
        from ..message import Message

        message = Message(
            people[0], people[1], subject, text, html, people[2], people[3], people[4], headers, parts,
            entry.date, mid, importance, notify, ret
        )  # fmt: skip
        if entry.left is not None:
            message.recipients = entry.left
        return message, note

    def append(self, entry, now, date):
        """Write the state of ``entry`` down; durable on return."""
        octets = line(entry.line(now, date))
        with open(self._at(entry.name), "ab") as file:
            file.write(octets)
            _sync(file)
        entry.size += len(octets)

    def remove(self, entry):
        """Remove its file; durable on return."""
        self._discard(entry.name)
        self._settle()

    def load(self):
        """What ``save`` kept, or None where there is nothing whole."""
        for name in (_STATE, _STATE + ".tmp"):
            try:
                with open(self._at(name), "rb") as file:
                    found = lines(file.read())
            except OSError:
                continue
            if found:
                return found[-1]
        return None

    def save(self, value):
        """Keep ``value`` in a small file; durable on return."""
        new = self._at(_STATE + ".tmp")
        with open(new, "wb") as file:
            file.write(line(value))
            _sync(file)
        _rename(new, self._at(_STATE))
        self._settle()


def _unchanged(path, size, check):
    try:
        with open(path, "rb") as file:
            return _read(file, size + 1, 0) == (size, check)
    except OSError:
        return False
