"""Streams a mail with HTML or attachments: byte strings and files, as they are or in base64, through one buffer."""

from binascii import b2a_base64

from umail import load_transient

# Lines of base64 that are read at a time, and how many times before they are sent, as a chunk of 2,028 bytes.
_LINES = 13
_GROUPS = 2
# Bytes of a text that are taken at a time.
_SLICE = 512


class Body:
    """Like `body.Body`, but streamed through ``buffer``: each chunk is valid until the next one is asked for.

    ``dots`` is False while the chunk last yielded is base64, which holds no dot: nothing in it needs stuffing.
    """

    dots = True

    def __init__(self, pieces, size, need, buffer):
        self._pieces = pieces
        self._buffer = buffer
        self.body = ("7bit", "8bit", "binary")[need]
        self.size = size

    def chunks(self):
        """Yield the bytes as memoryviews of the buffer. May be called again if all sources can be read again."""
        buffer = self._buffer
        # A line of base64 must fit.
        if not buffer or len(buffer) < 78:
            buffer = _buffer(4096 if self.body == "binary" else 2048)
        view = memoryview(buffer)
        used = 0
        for piece in self._pieces:
            if isinstance(piece, tuple) and piece[0]:
                source, _, length, raw = piece
                if not raw and used:
                    yield view[:used]
                    used = 0
                reader = source.open()
                try:
                    self.dots = raw
                    used = yield from (binary if raw else base64)(reader, length, view, used)
                finally:
                    self.dots = True
                    if reader is not source.source:
                        reader.close()
                    # What made the bytes goes before the next one comes.
                    reader = None
                continue
            text = isinstance(piece, tuple)
            data = piece[2] if text else piece
            for start in range(0, len(data), _SLICE):
                part = data[start : start + _SLICE]
                if text:
                    part = part.replace(b"\n", b"\r\n")
                at = 0
                while at < len(part):
                    count = min(len(part) - at, len(view) - used)
                    view[used : used + count] = part[at : at + count]
                    at += count
                    used += count
                    if used == len(view):
                        yield view
                        used = 0
        if used:
            yield view[:used]


def _buffer(size):
    """Return a bytearray of so many bytes, or of half as many, and so on, if memory is short or in pieces."""
    while True:
        try:
            # What streams through it wants as much again.
            beside = bytearray(size)
            buffer = bytearray(size)
            del beside
            return buffer
        except MemoryError:
            if size <= 256:
                raise
            size //= 2


def _read(reader, room):
    """Fill ``room``, unless the source ends before; returns the count."""
    count = 0
    while count < len(room):
        try:
            got = reader.readinto(room[count:] if count else room)
        except OSError as error:
            load_transient("mime.files").unreadable(error)
        if got is None:
            load_transient("checks").refuse("attachments", reader, "is not in blocking mode: readinto() returned None")
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
        load_transient("checks").refuse(
            "attachments", left, "bytes are missing: the source is shorter than its size said"
        )
