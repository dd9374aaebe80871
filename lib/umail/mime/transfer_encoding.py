"""Text for servers that take only short lines of ASCII: quoted-printable or base64 (RFC 2045)."""

from binascii import b2a_base64

from umail import load_transient


def shortest(data, most):
    """Encode text with LF line ends: (name of the transfer encoding, the bytes with CRLF), whichever is shorter.

    ``most``: the bytes that it takes in base64.
    """
    quoted = load_transient("mime.plain").quoted_printable(data, False, most)
    if len(quoted) <= most:
        return b"quoted-printable", quoted
    quoted = None
    data = data.replace(b"\n", b"\r\n")
    return b"base64", b"".join([b2a_base64(data[i : i + 57])[:-1] + b"\r\n" for i in range(0, len(data), 57)])
