"""The body of a mail with HTML or attachments (RFC 2046): of which pieces it is made (see stream.py)."""

import os
from binascii import hexlify

from umail import load_transient


def ready():
    """Load what a mail with attachments wants later, for the names in it: they stay, the rest goes again.

    MicroPython's table of names doubles in one piece, which a heap has before a connection, but perhaps no longer then.
    """
    for name in "mime.fields mime.stream smtp.transaction smtp.flight smtp.data".split():
        load_transient(name)


def parameter(name, value):
    """Return a header's parameter as tokens: a quoted string, or RFC 2231 if ``value`` (str) needs it."""
    data = value.encode()
    # There are parsers that do not know a backslash, or a semicolon inside the quotes.
    if (not data or max(data) < 128) and len(data) <= 65 and not any(c in b'"\\;' for c in data):
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


def _text(fields, subtype, text, eightbit):
    out = bytearray()
    return 1 if fields.text_part(out, subtype, text, eightbit) == b"8bit" else 0, [out]


def _file(fields, file, inline, raw):
    tokens = file.type.encode().split(b" ")
    head = fields.header(b"Content-Type", tokens)
    tokens = [b"inline" if inline else b"attachment"]
    name = file.name
    if not name and not inline:
        name = "attachment" + load_transient("mime.stream").ending_of(file.type)
    if name:
        tokens[0] += b";"
        tokens += parameter(b"filename", name)
    head += fields.header(b"Content-Disposition", tokens)
    if file.cid:
        head += b"Content-ID: <%s>\r\n" % file.cid.encode()
    length = file.size()
    if raw:
        piece = (file, length, length, True)
    else:
        piece = (
            file,
            None if length is None else fields.base64_size(length),
            length,
            False,
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
    needs = b"7bit", b"8bit", b"binary"
    # RFC 2045, section 6.4: a multipart names the widest encoding inside it.
    pieces = [
        b'Content-Type: multipart/%s;\r\n boundary="%s"\r\nContent-Transfer-Encoding: %s\r\n\r\n'
        % (kind, boundary, needs[need])
    ]
    start = b"--"
    for _, inner in parts:
        pieces.append(start + boundary + b"\r\n")
        pieces += inner
        start = b"\r\n--"
    pieces.append(start + boundary + b"--\r\n")
    return need, pieces


def _build(fields, message, stamps, eightbit, raw):
    files = message.attachments
    inline = [file for file in files if file.cid and message.html is not None]
    parts = []
    if message.html is not None:
        html = [_text(fields, b"html", message.html, eightbit)] + [_file(fields, file, True, raw) for file in inline]
        parts.append(_join(b"related", html))
    if message.text is not None or not parts:
        parts.insert(0, _text(fields, b"plain", message.text or ("" if parts else message.subject), eightbit))
    # The first is the plainest, the last the one that readers prefer (RFC 2046, section 5.1.4).
    parts = [_join(b"alternative", parts)]
    parts += [_file(fields, file, False, raw) for file in files if file not in inline]
    need, pieces = _join(b"mixed", parts)
    if message.smtputf8:
        need = max(need, 1)
    if len(parts) == 1 and pieces[-1][-2:] != b"\r\n":
        pieces.append(b"\r\n")
    return [fields.head(message, stamps)] + pieces, need


def _size(pieces):
    # All of their bytes, None if a file's are not known.
    size = 0
    for piece in pieces:
        count = piece[1] if isinstance(piece, tuple) else len(piece)
        if count is None:
            return None
        size += count
    return size


def build(message, eightbit, raw):
    """Return what stream.py makes the body of a message with HTML or attachments of: its pieces, their size and need.

    ``raw``: the server takes BINARYMIME.
    """
    # (Before fields.py is there: a small heap need not hold both.)
    stamps = load_transient("mime.plain").stamps(message)
    fields = load_transient("mime.fields")
    pieces, need = _build(fields, message, stamps, eightbit, False)
    size = _size(pieces)
    # What fits in one flight stays in base64: binary would cost a round trip more.
    if raw and message.attachments and (size is None or size > 4096):
        pieces = None
        pieces, need = _build(fields, message, stamps, True, True)
        size = _size(pieces)
    return pieces, size, need
