"""Streams a mail with HTML or attachments: byte strings and files, as they are or in base64, through one buffer."""

from binascii import b2a_base64

from umail import load_transient


class Body:
    """Like `body.Body`, but streamed through ``buffer``: each chunk is valid until the next one is asked for.

    ``dots`` is False while the chunk last yielded is base64, which holds no dot: nothing in it needs stuffing.
    """

    dots = True

    def __init__(self, pieces, size, mode, buffer):
        self.pieces = pieces
        self.buffer = buffer
        self.body = ("7bit", "8bit", "binary")[mode]
        self.size = size

    def chunks(self):
        """Yield the bytes as memoryviews of the buffer. May be called again if all sources can be read again."""
        buffer = self.buffer
        # A line of base64 must fit.
        if not buffer or len(buffer) < 78:
            buffer = acquire(4096 if self.body == "binary" else 2048)
        view = memoryview(buffer)
        pos = 0
        for piece in self.pieces:
            if isinstance(piece, tuple) and piece[0]:
                source, _, length, raw = piece
                if not raw and pos:
                    yield view[:pos]
                    pos = 0
                stream = source.open()
                try:
                    self.dots = raw
                    pos = yield from (binary if raw else base64)(stream, length, view, pos)
                finally:
                    self.dots = True
                    if stream is not source.source:
                        stream.close()
                    # What made the bytes goes before the next one comes.
                    stream = None
                continue
            text = isinstance(piece, tuple)
            data = piece[2] if text else piece
            for start in range(0, len(data), 512):
                part = data[start : start + 512]
                if text:
                    part = part.replace(b"\n", b"\r\n")
                at = 0
                while at < len(part):
                    count = min(len(part) - at, len(view) - pos)
                    view[pos : pos + count] = part[at : at + count]
                    at += count
                    pos += count
                    if pos == len(view):
                        yield view
                        pos = 0
        if pos:
            yield view[:pos]


def acquire(size):
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


def fill(stream, buf):
    """Fill ``buf``, unless the source ends before; returns the count."""
    count = 0
    while count < len(buf):
        try:
            got = stream.readinto(buf[count:] if count else buf)
        except OSError as error:
            load_transient("smtp.failure").unreadable(error)
        if got is None:
            load_transient("checks").refuse("attachments", stream, "is not in blocking mode: readinto() returned None")
        if not got:
            break
        count += got
    return count


def binary(stream, left, view, pos):
    """Stream the bytes themselves (generator). A whole ``view`` that is read and yielded allocates nothing.

    Args:
        stream: an object with ``readinto``.
        left: how many bytes are promised, None if unknown.
        view: memoryview of the buffer, whose first ``pos`` bytes are waiting already.

    Returns:
        How much of ``view`` then waits.
    """
    size = len(view)
    while left is None or left:
        buf = view[pos:] if pos else view
        if left is not None and left < len(buf):
            buf = buf[:left]
        count = fill(stream, buf)
        pos += count
        if left is not None:
            left -= count
        if pos == size:
            yield view
            pos = 0
        if count < len(buf):
            break
    check(left)
    return pos


def base64(stream, left, view, pos):
    """Stream the bytes in base64, as `binary` does, into a ``view`` of which nothing is ``pos`` yet.

    A line of 57 bytes and its CRLF take 78 characters. This loop decides what an attachment costs. So the line ends
    are written once, for each line there is a pair of memoryviews, where its bytes come from and where it goes, and
    nothing is left to compute for a line.
    """
    # So many are read at a time, and twice before they are sent, as a chunk of 2,028 bytes.
    lines = min(13, len(view) // 78)
    size = 57 * lines
    source = memoryview(bytearray(size if left is None or left > size else left))
    groups = pack(source, view, lines) if len(source) == size else ()
    turn = 0
    while True:
        count = fill(stream, source if left is None or left >= size else source[:left])
        if left is not None:
            left -= count
        if count < size:
            break
        for data, line in groups[turn]:
            line[:] = b2a_base64(data, newline=False)
        pos += 78 * lines
        turn += 1
        if turn == len(groups):
            yield view[:pos]
            pos = turn = 0
    check(left)
    for start in range(0, count, 57):
        line = b2a_base64(source[start : min(start + 57, count)])[:-1] + b"\r\n"
        view[pos : pos + len(line)] = line
        pos += len(line)
    return pos


def pack(source, view, lines):
    """Return for each group of lines that ``view`` holds a list of pairs: 57 bytes of ``source``, 76 of ``view``."""
    groups = []
    at = 0
    while at + 78 * lines <= len(view) and len(groups) < 2:
        pairs = []
        for start in range(0, 57 * lines, 57):
            pairs.append((source[start : start + 57], view[at : at + 76]))
            view[at + 76] = 13
            view[at + 77] = 10
            at += 78
        groups.append(pairs)
    return groups


def check(left):
    if left:
        load_transient("checks").refuse(
            "attachments", left, "bytes are missing: the source is shorter than its size said"
        )
