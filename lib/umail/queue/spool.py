"""The outbox's files: one for each mail, written whole or not at all, checked when read. The format is in format.py.

A new file gets its name when it is whole and synced. A mail's state is written into its file, where LittleFS takes it
in one step; on FAT a torn one is passed over, and the one before it counts. A file that does not agree with its
checksum, read twice, is damaged: it is never sent, and put aside as ``NAME.bad``. What cannot be read is not damage: it
stays, and is looked for again. Nothing else knows of the files: there is no index.
"""

import os

from umail import load_transient

from .. import durable
from .format import MOST_LINES, STATE, Entry, read


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
        """Return the number of bytes."""
        return self._size

    def open(self):
        """Return a file at the first byte; MailError, temporary, if it cannot be read."""
        try:
            file = open(self.path, "rb")
            file.seek(self.start)
        except OSError as error:
            from ..errors import MailError

            raise MailError("body", "temporary", "an attachment cannot be read: %s" % error, key="flash_read")
        return file


class Spool:
    """The directory ``path`` (str), which is made if it is missing.

    Attributes:
        made: ``made(source, name, type, cid)`` returns an attachment that has ``again``: it is made when it is sent.
        number (int): the highest that a mail ever had.
        unread (int): how many mails could not be read, so that ``scan`` should look again.
    """

    def __init__(self, path):
        self.path = path
        self.made = None
        self.number = self.unread = 0
        try:
            os.mkdir(path)
        except OSError:
            # It is there, or opening a file will say what is wrong.
            pass

    def at(self, name):
        """Return the path of the file ``name`` (str)."""
        return self.path + "/" + name

    def room(self):
        """Return (free bytes, bytes of a block) of the file system; a file system that does not tell has plenty."""
        if not hasattr(os, "statvfs"):
            return 1 << 30, 1
        found = os.statvfs(self.path)
        return found[0] * found[3], found[0]

    def scan(self, known=()):
        """Return (list of Entry, their last (time, date), how many are damaged) of the mails not ``known`` (names).

        The oldest comes first. What a power cut left unfinished is removed. OSError if the directory cannot be read.
        """
        return load_transient("queue.recovery").scan(self, known)

    def named(self, numbers):
        """Return the file names (list of str) of the mails with these numbers."""
        found = []
        for name in os.listdir(self.path):
            try:
                if int(name.partition("-")[0], 16) in numbers:
                    found.append(name)
            except ValueError:
                pass
        return found

    def notice(self, name):
        """Take the number in the name of a file: none is used twice, whatever became of the mail that had it."""
        try:
            self.number = max(self.number, int(name.partition("-")[0], 16))
        except ValueError:
            pass

    def tail(self, entry):
        """Return what ``Entry.take`` makes of the lines; they are read twice before they count as damaged."""
        octets = None
        for _ in range(2):
            before = octets
            with open(self.at(entry.name), "rb") as file:
                count = file.seek(0, 2) - entry.length
                if not 0 < count <= MOST_LINES:
                    return None
                file.seek(entry.length)
                octets = file.read(count)
            found = entry.take(octets)
            if found is not None:
                return found
        if octets != before:
            raise OSError(5)
        return None

    def clear(self, name):
        """Remove a file if that can be."""
        try:
            self.discard(name)
        except OSError:
            pass

    def sweep(self):
        """Remove one file that was put aside; return True if there was one."""
        for name in os.listdir(self.path):
            if name[-4:] == ".bad":
                durable.remove(self.at(name))
                return True
        return False

    def aside(self, name):
        """Put a damaged file aside, for a person to look at."""
        try:
            os.rename(self.at(name), self.at(name + ".bad"))
        except OSError:
            # It stays, and is found again at the next start.
            pass

    def write(self, entry, message, copy, most, now, date, store=None):
        """Store ``message`` as ``entry``, which gets its number, length and size; durable on return.

        Args:
            copy (bool): attachments given by a path are copied; else only their length and checksum.
            most (int): bytes that it may take.
            now (int), date: as of ``Outbox``.
            store: the function of put.py, for whom has it already.

        Raises:
            ValueError: it takes more than ``most``, or an attachment cannot be read.
            OSError: the flash is full or broken.
        """
        (store or load_transient("queue.put").store)(self, entry, message, copy, most, now, date)

    def adopt(self, entry, source, head, people, now, date):
        """Store the beginning of the file ``source`` as ``entry``; ``head`` is its description."""
        load_transient("queue.put").adopt(self, entry, source, head, people, now, date)

    def read(self, entry):
        """Return the ``Message`` of ``entry`` and what its reader must be told (str); None if the file is damaged.

        OSError if it cannot be read.
        """
        try:
            return self._message(entry)
        except (OSError, MemoryError):
            raise
        except Exception:
            return None

    def _message(self, entry):
        # (Not into the entry itself: if the flash refuses, what is known is newer than what is written.)
        copy = Entry(entry.number, entry.length)
        if entry.ending:
            found = self.tail(copy)
        else:
            found = load_transient("queue.format1").describe(self.at(entry.name), copy)
        if not found:
            return None
        length, crc, texts, files, mid, people, subject, headers, importance, notify, ret = found[0][:11]
        path = self.at(entry.name)
        wrong = None
        with open(path, "rb") as file:
            while length == entry.length:
                got = read(file, length, 0)
                if got == (length, crc):
                    break
                if got == wrong:
                    return None
                if wrong:
                    raise OSError(5)
                wrong = got
                file.seek(0)
            file.seek(0)
            text, html = [None if size is None else str(file.read(size), "utf-8") for size in texts]
        at = sum([size or 0 for size in texts])
        parts = []
        note = ""
        for name, kind, cid, size, source, check in files:
            if source is None:
                parts.append(Stored(path, at, size, name, kind, cid))
                at += size
            elif size is None and self.made:
                parts.append(self.made(source, name, kind, cid))
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

    def store(self, entry, now, date):
        """Write the state of ``entry`` over the older of the two in its file; durable on return."""
        if not entry.ending:
            # Version 1, and there was no room to make it one of today's.
            raise OSError(28)
        turn = entry.turn + 1
        with open(self.at(entry.name), "r+b") as file:
            file.seek(entry.size - entry.slot * (2 - turn % 2))
            file.write(entry.line(now, date, turn))
            durable.sync(file)
        entry.turn = turn

    def discard(self, name):
        """Remove a file; durable on return. OSError if it is still there."""
        path = self.at(name)
        durable.remove(path)
        durable.settle(path)

    def load(self):
        """Return what ``save`` kept, None if there is nothing whole; OSError if it cannot be read."""
        path = self.at(STATE)
        found = durable.load(path)
        if found is None:
            found = load_transient("queue.format1").state(path)
        return found

    def save(self, value):
        """Keep ``value`` in a small file; durable on return."""
        durable.save(self.at(STATE), value)


def _unchanged(path, size, check):
    try:
        with open(path, "rb") as file:
            return read(file, size + 1, 0) == (size, check)
    except OSError as error:
        # What cannot be read for now is not changed.
        if not durable.for_a_person(error):
            raise
        return False
