"""What every mail needs: arguments checked, folded headers, the date, the text's transfer encoding."""

import time

from umail import load_transient


def refuse(argument, value, why):
    """Raise the ValueError for a faulty ``argument``; it shows the ``value``, unless that is a secret."""
    for word in ("password", "token", "secret"):
        # (MicroPython takes a tuple of endings from 1.26 on.)
        if argument.endswith(word):
            value = "***"
    raise ValueError("%s: %r %s" % (argument, value, why))


def clean(argument, value):
    """Return ``value``, a str without control characters; a ValueError names the ``argument`` otherwise."""
    if not isinstance(value, str):
        refuse(argument, value, "is not a str")
    for c in value:
        c = ord(c)
        # Half a surrogate pair is not a character, and CPython could not encode it.
        if c < 32 or 127 <= c < 160 or 0xD800 <= c < 0xE000:
            refuse(argument, value, "holds the character U+%04X" % c)
    return value


def is_ascii(data):
    """Tell whether all of these bytes are below 128."""
    return not data or max(data) < 128


def now():
    """Return the date as ``time.time()`` has it (int), None if the clock is not set: boards start in 1970 or 2000."""
    return int(time.time()) if time.gmtime()[0] >= 2025 else None


def date(seconds):
    """Return the RFC 5322 date of ``seconds`` (as ``time.time()`` counts them on this interpreter), in UTC."""
    # An ESP32's gmtime takes no float.
    t = time.gmtime(int(seconds))
    return "%s, %02d %s %04d %02d:%02d:%02d +0000" % (
        "MonTueWedThuFriSatSun"[3 * t[6] : 3 * t[6] + 3],
        t[2],
        "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * t[1] - 3 : 3 * t[1]],
        t[0],
        t[3],
        t[4],
        t[5],
    )


def words(text, longest=64):
    """Return ``text`` (str) as the tokens of an unstructured header: its own words, or encoded words if it needs them.

    Besides what is not ASCII, a literal ``=?`` is encoded, and so are spaces that folding would change and
    words of more than ``longest`` bytes.
    """
    data = text.encode()
    tokens = data.split(b" ")
    if is_ascii(data) and b"=?" not in data and b"" not in tokens and max(map(len, tokens)) <= longest:
        return tokens
    return load_transient("mime.encoded_words").encoded(data)


def header(name, tokens):
    """Return one header field, folded before each token (bytes) that would pass column 76, but never before the first.

    Parsers disagree on whether a fold there leaves a space at the beginning of the value.
    """
    lines = []
    start = line = name + b":"
    for token in tokens:
        if len(line) + len(token) > 75 and line != start:
            lines.append(line)
            line = b""
        line += b" " + token
    lines.append(line + b"\r\n")
    return b"\r\n".join(lines)


def encode_text(text, eightbit):
    """Encode a text (str) with any line ends: (name of the transfer encoding, the data with CRLF only), both bytes.

    7bit or, if the server takes it, 8bit as long as no line is over 998 bytes (RFC 5321, section 4.5.3.1.6) and no NUL
    is inside; otherwise quoted-printable or base64, whichever is shorter. With ``eightbit`` "inert": quoted-printable,
    none of whose lines can be a command (see smtp/inert.py).
    """
    data = text.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if eightbit == "inert":
        return b"quoted-printable", load_transient("mime.transfer_encoding").quoted_printable(data, True)
    plain = is_ascii(data)
    # Where a line ends; the next end is looked for as far as a line may reach. A list of all lines would fill the heap.
    end = -1
    while end + 999 < len(data):
        end = data.rfind(b"\n", end + 1, end + 1000)
        if end < 0:
            break
    else:
        if (plain or eightbit) and b"\0" not in data:
            return b"7bit" if plain else b"8bit", data.replace(b"\n", b"\r\n")
    return load_transient("mime.transfer_encoding").shortest(data)
