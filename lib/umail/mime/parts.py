"""The files of a mail, and how they are joined with its texts (RFC 2046; see multipart.py)."""

import os
from binascii import hexlify

from umail import load_transient

from . import header


def attachment(file, cid, parameter, raw):
    """Return the part of one file, see multipart.py; ``cid``: it is shown inside the HTML."""
    tokens = file.type.encode().split(b" ")
    head = header(b"Content-Type", tokens)
    tokens = [b"inline" if cid else b"attachment"]
    name = file.name
    if not name and not cid:
        name = "attachment" + load_transient("mime.files").find(file.type)
    if name:
        tokens[0] += b";"
        tokens += parameter(b"filename", name)
    head += header(b"Content-Disposition", tokens)
    if file.cid:
        head += b"Content-ID: <%s>\r\n" % file.cid.encode()
    length = file.size()
    if raw:
        piece = (file, length, length, True)
    else:
        # Lines of 76 characters, each ended by CRLF.
        size = None if length is None else (length + 2) // 3 * 4 + (length + 56) // 57 * 2
        piece = (file, size, length, False)
    head += b"Content-Transfer-Encoding: %s\r\n\r\n" % (b"binary" if raw else b"base64")
    return 2 if raw else 0, [head, piece]


def multipart(kind, parts):
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


def join(message, items, parameter, raw):
    """Return all pieces of a ``Message``, their size or None, and what they need of the server.

    Args:
        items: its headers and texts; ``parameter``: the function of multipart.py.
        raw: files go as they are, otherwise in base64.
    """
    head, text, html = items
    files = message.attachments
    inline = [file for file in files if file.cid and html]
    if html:
        html = multipart(b"related", [html] + [attachment(file, True, parameter, raw) for file in inline])
    # The first is the plainest, the last the one that readers prefer (RFC 2046, section 5.1.4).
    parts = [multipart(b"alternative", [part for part in (text, html) if part])]
    parts += [attachment(file, False, parameter, raw) for file in files if file not in inline]
    need, pieces = multipart(b"mixed", parts)
    if message.smtputf8:
        need = max(need, 1)
    pieces = [head] + pieces
    last = pieces[-1]
    if len(parts) == 1 and not (last[3] if isinstance(last, tuple) else last[-2:] == b"\r\n"):
        pieces.append(b"\r\n")
    size = 0
    for piece in pieces:
        count = piece[1] if isinstance(piece, tuple) else len(piece)
        if count is None:
            return pieces, None, need
        size += count
    return pieces, size, need
