"""The body of a mail with HTML or attachments (RFC 2046): of which pieces it is made (see stream.py).

fields.py writes the headers and the texts, parts.py the files, and joins them; one after the other, as a small heap
need not hold both.
"""

from umail import load_transient


def ready():
    """Load what a mail with attachments wants later, for the names in it: they stay, the rest goes again.

    MicroPython's table of names doubles in one piece, which a heap has before a connection, but perhaps no longer then.
    """
    for name in "mime.fields mime.parts mime.stream smtp.transaction smtp.bdat".split():
        load_transient(name)


def parameter(name, value):
    """Return a header's parameter as tokens: a quoted string, or RFC 2231 if ``value`` (str) needs it."""
    data = value.encode()
    # There are parsers that do not know a backslash, or a semicolon inside the quotes.
    if (not data or max(data) < 128) and len(data) <= 65 and not any(c in b'"\\;' for c in data):
        return [name + b'="' + data + b'"']
    return load_transient("mime.files").extend(name, value)


def pieces(message, eightbit, stamp):
    # The headers, the text and the HTML: each of these two a part, or None. A part is what it needs of the server (0:
    # 7bit, 1: 8bit, 2: binary), and the list of its pieces.
    fields = load_transient("mime.fields")
    found = [fields.head(message, stamp)]
    html = message.html
    text = message.text
    if text is None and html is None:
        text = message.subject
    for kind, text in ((b"plain", text), (b"html", html)):
        found.append(None if text is None else content(fields, kind, text, eightbit))
    return found


def content(fields, kind, text, eightbit):
    data = text.encode()
    # As it is in memory anyway it is streamed, if it need not be encoded: (None, size, bytes, whether a line ends it).
    encoding = None if eightbit == "inert" or b"\r" in data else fields.encoding_of(data, eightbit)
    if encoding:
        pieces = [fields.headers(kind, encoding), (None, len(data) + data.count(b"\n"), data, data[-1:] == b"\n")]
    else:
        pieces = [bytearray()]
        encoding = fields.text_part(pieces[0], kind, text, eightbit)
    return int(encoding == b"8bit"), pieces


def build(message, eightbit, raw):
    """Return what stream.py makes the body of a message with HTML or attachments of: its pieces, their size and need.

    ``raw``: the server takes BINARYMIME.
    """
    stamp = load_transient("mime.date").fields(message)
    written = pieces(message, eightbit, stamp)
    made = load_transient("mime.parts").join(message, written, parameter, False)
    # What fits in one flight stays in base64: binary would cost a round trip more.
    if raw and message.attachments and (made[1] is None or made[1] > 4096):
        made = None
        if not eightbit:
            written = pieces(message, True, stamp)
        made = load_transient("mime.parts").join(message, written, parameter, True)
    return made
