"""Turns text into what may stand in a mail: header words, folded headers, dates, transfer encodings, stuffed dots."""

import time
from binascii import b2a_base64

# Bytes of text in one encoded word: 52 characters of base64 and 12 of frame make 64, so that the first word
# fits beside the longest of the usual header names within the 76 columns of RFC 2047, section 2.
_WORD = 39
_LINE = 76
_ATOM = b"!#$%&'*+-/=?^_`{|}~ "


def is_ascii(data):
    """Whether all of these bytes are below 128."""
    return not data or max(data) < 128


def date(seconds):
    """The RFC 5322 date of ``seconds`` (as ``time.time()`` counts them on this interpreter), in UTC."""
    t = time.gmtime(seconds)
    return "%s, %02d %s %04d %02d:%02d:%02d +0000" % (
        "MonTueWedThuFriSatSun"[3 * t[6] : 3 * t[6] + 3],
        t[2],
        "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * t[1] - 3 : 3 * t[1]],
        t[0],
        t[3],
        t[4],
        t[5],
    )


def encoded_words(data):
    """UTF-8 ``data`` as a list of RFC 2047 encoded words, none of which ends inside a character."""
    words = []
    while data:
        cut = _WORD
        while len(data) > cut and data[cut] & 0xC0 == 0x80:
            cut -= 1
        words.append(b"=?utf-8?B?" + b2a_base64(data[:cut])[:-1] + b"?=")
        data = data[cut:]
    return words


def words(text, longest=64):
    """``text`` (str) as the tokens of an unstructured header: its own words, or encoded words where it needs them.

    Besides what is not ASCII, a literal ``=?`` is encoded, and so are spaces that folding would change and
    words of more than ``longest`` bytes.
    """
    data = text.encode()
    tokens = data.split(b" ")
    if is_ascii(data) and b"=?" not in data and all(0 < len(t) <= longest for t in tokens):
        return tokens
    return encoded_words(data)


def phrase(name):
    """A display name (str) as tokens: atoms, one quoted string, or encoded words (RFC 5322, section 3.2.5)."""
    tokens = words(name)
    if tokens and tokens[0].startswith(b"=?"):
        return tokens
    data = name.encode()
    if all(48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in _ATOM for c in data):
        return tokens
    quoted = b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return [quoted] if len(quoted) <= 64 else encoded_words(data)


def header(name, tokens):
    """One header field, folded before each token (bytes) that would pass column 76."""
    lines = []
    line = name + b":"
    for token in tokens:
        if len(line) + len(token) >= _LINE:
            lines.append(line)
            line = b""
        line += b" " + token
    lines.append(line + b"\r\n")
    return b"\r\n".join(lines)


def text(data, eightbit):
    """UTF-8 text with any line ends → (name of the transfer encoding, the octets with CRLF only).

    7bit or, where the server takes it, 8bit when no line is over 998 octets (RFC 5321, section 4.5.3.1.6) and
    no NUL is inside; otherwise quoted-printable or base64, whichever is shorter.
    """
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    plain = is_ascii(data)
    if (plain or eightbit) and b"\0" not in data and all(len(line) <= 998 for line in data.split(b"\n")):
        return b"7bit" if plain else b"8bit", data.replace(b"\n", b"\r\n")
    quoted = quoted_printable(data)
    data = data.replace(b"\n", b"\r\n")
    if len(quoted) <= base64_size(len(data)):
        return b"quoted-printable", quoted
    return b"base64", b"".join([b2a_base64(data[i : i + 57])[:-1] + b"\r\n" for i in range(0, len(data), 57)])


def base64_size(size):
    """Octets that ``size`` bytes take in base64 with lines of 76 characters, each ended by CRLF."""
    return (size + 2) // 3 * 4 + (size + 56) // 57 * 2


def quoted_printable(data):
    """Text with LF line ends as quoted-printable with CRLF (RFC 2045, section 6.7)."""
    out = bytearray()
    for number, line in enumerate(data.split(b"\n")):
        if number:
            out += b"\r\n"
        column = 0
        last = len(line) - 1
        for i, c in enumerate(line):
            # A space or tab at the end of a line may be lost on the way.
            plain = 32 < c < 127 and c != 61 or (c == 32 or c == 9) and i != last
            column += 1 if plain else 3
            if column > 75:
                out += b"=\r\n"
                column = 1 if plain else 3
            if plain:
                out.append(c)
            else:
                out += b"=%02X" % c
    return bytes(out)


class DotStuffer:
    """Doubles the dot at the beginning of a line (RFC 5321, section 4.5.2), wherever the chunks are cut."""

    def __init__(self):
        self._fresh = True

    def feed(self, chunk):
        """Stuff one bytes-like ``chunk``; returns bytes."""
        data = bytes(chunk)
        if not data:
            return data
        out = data.replace(b"\n.", b"\n..")
        if self._fresh and data[0] == 46:
            out = b"." + out
        self._fresh = data[-1] == 10
        return out

    def end(self):
        """The end of the mail: a lone dot, on a line of its own."""
        return b".\r\n" if self._fresh else b"\r\n.\r\n"
