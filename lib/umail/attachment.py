"""A file in a mail: what it is, and its bytes streamed through one buffer, as they are or in base64."""

import os
from binascii import b2a_base64

from umail import load_transient

from .checks import clean, refuse

_TYPES = (
    "txt text/plain log text/plain csv text/csv htm text/html html text/html json application/json xml application/xml "
    "pdf application/pdf zip application/zip gz application/gzip jpg image/jpeg jpeg image/jpeg png image/png "
    "gif image/gif svg image/svg+xml bmp image/bmp webp image/webp wav audio/wav mp3 audio/mpeg mp4 video/mp4"
)

# Lines of base64 that are read at a time, and how many times before they are sent, as a chunk of 2,028 bytes.
_LINES = 13
_GROUPS = 2


def type_of(name):
    """Return the MIME type for a file name (str); text is taken for UTF-8."""
    words = _TYPES.split(" ")
    ending = name.rpartition(".")[2].lower()
    for i in range(0, len(words), 2):
        if words[i] == ending:
            return words[i + 1] + ("; charset=utf-8" if words[i + 1][:5] == "text/" else "")
    return "application/octet-stream"


def ending_of(type):
    """Return the ending of a file name (``".csv"``) for a MIME type."""
    words = _TYPES.split(" ")
    type = type.partition(";")[0]
    return "." + words[words.index(type) - 1] if type in words else ".bin"


class Attachment:
    """A file, or an image inside the HTML.

    Args:
        source: a path (str), bytes, or any object with ``readinto(buffer)``, which can be sent once only.
        name: the file name readers see, any Unicode; None: the last part of the path.
        type: its MIME type; None: by the ending of the name.
        cid: shows it inside the HTML, where ``<img src="cid:CID">`` stands (RFC 2392).

    Raises:
        ValueError: control characters in an argument, or no MIME type.
    """

    def __init__(self, source, name=None, type=None, cid=None):
        if name is None:
            name = source.replace("\\", "/").rpartition("/")[2] if isinstance(source, str) else ""
        # A NUL would end a path early.
        self.source = clean("source", source) if isinstance(source, str) else source
        self.name = clean("name", name)
        self.type = clean("type", type or type_of(name))
        wrong = len(self.type) != len(self.type.encode()) or len(self.type) > 250
        if wrong or self.type.partition(";")[0].count("/") != 1:
            refuse("type", type, "is not a MIME type")
        self.cid = cid
        if cid is not None:
            if not 0 < len(clean("cid", cid)) < 251 or not all(32 < ord(c) < 127 and c not in "<>" for c in cid):
                refuse("cid", cid, "must be ASCII without spaces")
        self._consumed = False

    def size(self):
        """Return the number of bytes, or None if only reading tells; errors as of ``open``."""
        if isinstance(self.source, str):
            try:
                return os.stat(self.source)[6]
            except OSError as error:
                _unreadable(error, self.source)
        return None if hasattr(self.source, "readinto") else len(self.source)

    def open(self):
        """Return an object with ``readinto`` at the first byte.

        ValueError: there is none any more; MailError, temporary: the file can't be read for now.
        """
        if isinstance(self.source, str):
            try:
                return open(self.source, "rb")
            except OSError as error:
                _unreadable(error, self.source)
        if hasattr(self.source, "readinto"):
            if self._consumed:
                refuse("attachments", self.name, "has already been read; give a path or bytes to send it again")
            self._consumed = True
            return self.source
        from io import BytesIO

        return BytesIO(self.source)


def _unreadable(error, path=None):
    # No failure of the network, for which it would be taken; and a card may come back, but for a path that is wrong.
    if path and load_transient("durable").for_a_person(error):
        refuse("attachments", path, "can't be read: %s" % error)
    from .errors import MailError

    raise MailError("body", "temporary", "an attachment cannot be read: %s" % error, key="flash_read")


def _read(reader, room):
    """Fill ``room``, unless the source ends before; returns the count."""
    count = 0
    while count < len(room):
        try:
            got = reader.readinto(room[count:] if count else room)
        except OSError as error:
            _unreadable(error)
        if got is None:
            refuse("attachments", reader, "is not in blocking mode: readinto() returned None")
        if not got:
            break
        count += got
    return count


def binary(reader, left, view, used):
    """Stream the bytes themselves (generator). A whole ``view`` that is read and yielded allocates nothing.

    Args:
        reader: an object with ``readinto``.
        left: how many bytes are promised, None if unknown.
        view: memoryview of the buffer, whose first ``used`` bytes are waiting already.

    Returns:
        How much of ``view`` then waits.
    """
    size = len(view)
    while left is None or left:
        room = view[used:] if used else view
        if left is not None and left < len(room):
            room = room[:left]
        count = _read(reader, room)
        used += count
        if left is not None:
            left -= count
        if used == size:
            yield view
            used = 0
        if count < len(room):
            break
    _all(left)
    return used


def base64(reader, left, view, used):
    """Stream the bytes in base64, as `binary` does, into a ``view`` of which nothing is ``used`` yet.

    A line of 57 bytes and its CRLF take 78 characters. This loop decides what an attachment costs. So the line ends
    are written once, for each line there is a pair of memoryviews, where its bytes come from and where it goes, and
    nothing is left to compute for a line.
    """
    lines = min(_LINES, len(view) // 78)
    size = 57 * lines
    source = memoryview(bytearray(size if left is None or left > size else left))
    groups = _pairs(source, view, lines) if len(source) == size else ()
    turn = 0
    while True:
        count = _read(reader, source if left is None or left >= size else source[:left])
        if left is not None:
            left -= count
        if count < size:
            break
        for data, line in groups[turn]:
            line[:] = b2a_base64(data, newline=False)
        used += 78 * lines
        turn += 1
        if turn == len(groups):
            yield view[:used]
            used = turn = 0
    _all(left)
    for start in range(0, count, 57):
        line = b2a_base64(source[start : min(start + 57, count)])[:-1] + b"\r\n"
        view[used : used + len(line)] = line
        used += len(line)
    return used


def _pairs(source, view, lines):
    """Return for each group of lines that ``view`` holds a list of pairs: 57 bytes of ``source``, 76 of ``view``."""
    groups = []
    at = 0
    while at + 78 * lines <= len(view) and len(groups) < _GROUPS:
        pairs = []
        for start in range(0, 57 * lines, 57):
            pairs.append((source[start : start + 57], view[at : at + 76]))
            view[at + 76] = 13
            view[at + 77] = 10
            at += 78
        groups.append(pairs)
    return groups


def _all(left):
    if left:
        refuse("attachments", left, "bytes are missing: the source is shorter than its size said")
