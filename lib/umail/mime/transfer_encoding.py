"""Text for servers that take only short lines of ASCII: quoted-printable or base64 (RFC 2045)."""

from binascii import b2a_base64

from umail import load_transient


def shortest(data):
    """Encode text with LF line ends: (name of the transfer encoding, the bytes with CRLF), whichever is shorter."""
    most = base64_size(len(data) + data.count(b"\n"))
    quoted = load_transient("mime.plain").quoted_printable(data, False, most)
    if len(quoted) <= most:
        return b"quoted-printable", quoted
    quoted = None
    data = data.replace(b"\n", b"\r\n")
    return b"base64", b"".join([b2a_base64(data[i : i + 57])[:-1] + b"\r\n" for i in range(0, len(data), 57)])


def base64_size(size):
    """Return how many bytes ``size`` bytes take in base64 with lines of 76 characters, each ended by CRLF."""
    return (size + 2) // 3 * 4 + (size + 56) // 57 * 2
