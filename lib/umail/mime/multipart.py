"""The body of a mail with HTML or attachments (RFC 2046): byte strings and files, streamed piece by piece."""

import os
from binascii import hexlify

from umail import load_transient

from ..attachment import base64, binary, ending_of
from .fields import head, header, is_ascii, text_part

_NEEDS = ("7bit", "8bit", "binary")


class Body:
    """Like `body.Body`, but streamed through ``buffer``: each chunk is valid until the next one is asked for.

    ``dots`` is False while the chunk last yielded is base64, which holds no dot: nothing in it needs stuffing.
    """

    dots = True

    def __init__(self, pieces, need, buffer):
        self._pieces = pieces
        self._buffer = buffer
        self.body = _NEEDS[need]
        self.size: "int | None" = 0
        for piece in pieces:
            size = piece[1] if isinstance(piece, tuple) else len(piece)
            self.size = None if self.size is None or size is None else self.size + size

    def chunks(self):
        """Yield the bytes as memoryviews of the buffer. May be called again if all sources can be read again."""
        buffer = self._buffer
        # A line of base64 must fit.
        if not buffer or len(buffer) < 78:
            buffer = _buffer(4096 if self.body == "binary" else 2048)
        view = memoryview(buffer)
        used = 0
        for piece in self._pieces:
            if isinstance(piece, tuple):
                source, _, length, encoder = piece
                if encoder is base64 and used:
                    yield view[:used]
                    used = 0
                reader = source.open()
                try:
                    self.dots = encoder is not base64
                    used = yield from encoder(reader, length, view, used)
                finally:
                    self.dots = True
                    if reader is not source.source:
                        reader.close()
                continue
            at = 0
            while at < len(piece):
                count = min(len(piece) - at, len(view) - used)
                view[used : used + count] = piece[at : at + count]
                at += count
                used += count
                if used == len(view):
                    yield view
                    used = 0
        if used:
            yield view[:used]


def _buffer(size):
    """Return a bytearray of so many bytes, or of half as many, and so on, if memory is in pieces."""
    while True:
        try:
            return bytearray(size)
        except MemoryError:
            if size <= 256:
                raise
            size //= 2


def parameter(name, value):
    """Return a header's parameter as tokens: a quoted string, or RFC 2231 if ``value`` (str) needs it."""
    data = value.encode()
    # There are parsers that do not know a backslash, or a semicolon inside the quotes.
    if is_ascii(data) and len(data) <= 65 and not any(c in b'"\\;' for c in data):
        return [name + b'="' + data + b'"']
    pieces = []
    line = b"utf-8''"
    for character in value:
        escaped = b""
        for c in character.encode():
            # RFC 5987's attr-char, the narrower set.
            if 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in b"-._":
                escaped += bytes((c,))
            else:
                escaped += b"%%%02X" % c
        if len(line) + len(escaped) > 50:
            pieces.append(line)
            line = b""
        line += escaped
    if not pieces:
        return [name + b"*=" + line]
    pieces.append(line)
    tokens = [b"%s*%d*=%s;" % (name, number, piece) for number, piece in enumerate(pieces)]
    tokens[-1] = tokens[-1][:-1]
    return tokens


def _text(subtype, text, eightbit):
    out = bytearray()
    return 1 if text_part(out, subtype, text, eightbit) == b"8bit" else 0, [out]


def _file(file, inline, raw):
    tokens = file.type.encode().split(b" ")
    head = header(b"Content-Type", tokens)
    tokens = [b"inline" if inline else b"attachment"]
    name = file.name or not inline and "attachment" + ending_of(file.type)
    if name:
        tokens[0] += b";"
        tokens += parameter(b"filename", name)
    head += header(b"Content-Disposition", tokens)
    if file.cid:
        head += b"Content-ID: <%s>\r\n" % file.cid.encode()
    length = file.size()
    if raw:
        piece = (file, length, length, binary)
    else:
        piece = (
            file,
            None if length is None else load_transient("mime.transfer_encoding").base64_size(length),
            length,
            base64,
        )
    head += b"Content-Transfer-Encoding: %s\r\n\r\n" % (b"binary" if raw else b"base64")
    return 2 if raw else 0, [head, piece]


def _join(kind, parts):
    """Several parts as one multipart; a single one remains as it is."""
    if len(parts) == 1:
        return parts[0]
    # "=_" stands in no line of quoted-printable or base64 (RFC 2045, section 6.7), and 128 random bits in no other.
    boundary = b"=_" + hexlify(os.urandom(16))
    need = max(need for need, _ in parts)
    # RFC 2045, section 6.4: a multipart names the widest encoding inside it.
    pieces = [
        b'Content-Type: multipart/%s;\r\n boundary="%s"\r\nContent-Transfer-Encoding: %s\r\n\r\n'
        % (kind, boundary, _NEEDS[need].encode())
    ]
    start = b"--"
    for _, inner in parts:
        pieces.append(start + boundary + b"\r\n")
        pieces += inner
        start = b"\r\n--"
    pieces.append(start + boundary + b"--\r\n")
    return need, pieces


def _build(message, eightbit, raw, buffer):
    files = message.attachments
    inline = [file for file in files if file.cid and message.html is not None]
    parts = []
    if message.html is not None:
        html = [_text(b"html", message.html, eightbit)] + [_file(file, True, raw) for file in inline]
        parts.append(_join(b"related", html))
    if message.text is not None or not parts:
        parts.insert(0, _text(b"plain", message.text or ("" if parts else message.subject), eightbit))
    # The first is the plainest, the last the one that readers prefer (RFC 2046, section 5.1.4).
    parts = [_join(b"alternative", parts)]
    parts += [_file(file, False, raw) for file in files if file not in inline]
    need, pieces = _join(b"mixed", parts)
    if message.smtputf8:
        need = max(need, 1)
    if len(parts) == 1 and pieces[-1][-2:] != b"\r\n":
        pieces.append(b"\r\n")
    return Body([head(message)] + pieces, need, buffer)


def encode(message, eightbit, raw, buffer):
    """`Message.encode` for a message with HTML or attachments; ``raw``: the server takes BINARYMIME."""
    body = _build(message, eightbit, False, buffer)
    # What fits in one flight stays in base64: binary would cost a round trip more.
    if raw and message.attachments and (body.size is None or body.size > 4096):
        body = _build(message, True, True, buffer)
    return body
