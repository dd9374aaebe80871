"""Text for servers that take only short lines of ASCII: quoted-printable or base64 (RFC 2045)."""

from binascii import b2a_base64


def shortest(data):
    """Encode text with LF line ends: (name of the transfer encoding, the bytes with CRLF), whichever is shorter."""
    most = base64_size(len(data) + data.count(b"\n"))
    quoted = quoted_printable(data, False, most)
    if len(quoted) <= most:
        return b"quoted-printable", quoted
    quoted = None
    data = data.replace(b"\n", b"\r\n")
    return b"base64", b"".join([b2a_base64(data[i : i + 57])[:-1] + b"\r\n" for i in range(0, len(data), 57)])


def base64_size(size):
    """Return how many bytes ``size`` bytes take in base64 with lines of 76 characters, each ended by CRLF."""
    return (size + 2) // 3 * 4 + (size + 56) // 57 * 2


def quoted_printable(data, inert=False, most=1 << 28, out=None):
    """Return text with LF line ends as quoted-printable with CRLF (RFC 2045, section 6.7), behind what is in ``out``.

    ``inert``: no line begins with a letter or a blank, so that none can be a command. What is longer than ``most``
    bytes is cut off there: nobody wants it, and it need not fit in the memory.
    """
    if out is None:
        out = bytearray()
    column = 0
    last = len(data) - 1
    for i, c in enumerate(data):
        if c == 10 or column > 71:
            if len(out) > most:
                break
            if c == 10:
                out += b"\r\n"
                column = 0
                continue
        # A space or tab at the end of a line may be lost on the way.
        plain = 32 < c < 127 and c != 61 or (c == 32 or c == 9) and i != last and data[i + 1] != 10
        if column + (1 if plain else 3) > 75:
            out += b"=\r\n"
            column = 0
        if inert and not column and (c <= 32 or 65 <= c <= 90 or 97 <= c <= 122):
            plain = False
        column += 1 if plain else 3
        if plain:
            out.append(c)
        else:
            out += b"=%02X" % c
    return out
