"""Writes a mail: header fields, the text with its transfer encoding (RFC 5322, RFC 2045); its Date: date.py."""

from umail import load_transient

from . import header


def ascii(data):
    """Tell whether all of these bytes are below 128."""
    return not data or max(data) < 128


def words(text, limit=64):
    """Return ``text`` (str) as the tokens of an unstructured header: its own words, or encoded words if it needs them.

    Besides what is not ASCII, a literal ``=?`` is encoded, and so are spaces that folding would change and
    words of more than ``limit`` bytes.
    """
    data = text.encode()
    tokens = data.split(b" ")
    if ascii(data) and b"=?" not in data and b"" not in tokens and max(map(len, tokens)) <= limit:
        return tokens
    return load_transient("mime.encoded_words").encoded(data)


def addresses(name, values, plain):
    # The header field of an address list; ``plain``: no angle brackets around a lone address without a name.
    tokens = []
    for who, bare in values:
        bare = bare.encode()
        if who:
            tokens += load_transient("mime.addresses").phrase(who, words)
        if who or not plain or len(values) > 1:
            bare = b"<" + bare + b">"
        tokens.append(bare + b",")
    tokens[-1] = tokens[-1][:-1]
    return header(name, tokens)


def head(message, stamp=None):
    """Return the headers of a ``Message`` up to MIME-Version (bytearray), without those of the content.

    ``stamp``: those of date.py, if they are there already.
    """
    out = bytearray()
    for name, values in (
        (b"From", [message.author]),
        (b"To", message.to),
        (b"Cc", message.cc),
        (b"Reply-To", message.reply_to),
    ):
        if values:
            # Filters count a bare address against a mail with HTML.
            out += addresses(name, values, message.html is None)
    if not message.to and not message.cc:
        out += b"To: undisclosed-recipients:;\r\n"
    out += header(b"Subject", words(message.subject))
    out += stamp or load_transient("mime.date").fields(message)
    if message.headers or message.importance:
        out += b"".join(load_transient("mime.optional_fields").fields(message, header, words))
    else:
        # RFC 3834, section 5: keeps absence notices from answering.
        out += b"Auto-Submitted: auto-generated\r\n"
    out += b"MIME-Version: 1.0\r\n"
    return out


def encoding_of(data, eightbit):
    """Return the transfer encoding that UTF-8 ``data`` with LF line ends can do with (bytes), or None.

    7bit or, if the server takes it, 8bit as long as no line is over 998 bytes (RFC 5321, section 4.5.3.1.6) and no NUL
    is inside.
    """
    # Where a line ends; the next end is looked for as far as a line may reach. A list of all lines would fill the heap.
    end = -1
    while end + 999 < len(data):
        end = data.rfind(b"\n", end + 1, end + 1000)
        if end < 0:
            return None
    plain = ascii(data)
    return None if b"\0" in data or not (plain or eightbit) else b"7bit" if plain else b"8bit"


def base64_size(size):
    """Return how many bytes ``size`` bytes take in base64 with lines of 76 characters, each ended by CRLF."""
    return (size + 2) // 3 * 4 + (size + 56) // 57 * 2


def headers(kind, encoding):
    """Return the header of a text part (bytes)."""
    return b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n" % (kind, encoding)


def text_part(buf, kind, text, eightbit):
    """Append a text of any line ends to ``buf``, with its header: returns the name of its transfer encoding.

    What can be neither 7bit nor 8bit (see ``encoding_of``) is quoted-printable or base64, whichever is shorter; with
    ``eightbit`` "inert" it is quoted-printable, none of whose lines can be a command (see smtp/flight.py).
    """
    data = text.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    encoding = b"quoted-printable" if eightbit == "inert" else encoding_of(data, eightbit)
    if not encoding:
        limit = base64_size(len(data) + data.count(b"\n"))
        encoding, data = load_transient("mime.encoded_words").shortest(data, limit)
    buf += headers(kind, encoding)
    if eightbit == "inert":
        load_transient("mime.plain").quoted_printable(data, True, buf=buf)
    else:
        buf += data.replace(b"\n", b"\r\n") if encoding[1:] == b"bit" else data
    return encoding


def encode(message, eightbit):
    """Encode a ``Message`` of a text alone: all of its bytes (bytearray)."""
    out = head(message)
    # Filters count an empty body against a mail.
    text = message.text or message.subject
    text_part(out, b"plain", text, eightbit)
    if out[-2:] != b"\r\n" or not text:
        out += b"\r\n"
    return out
