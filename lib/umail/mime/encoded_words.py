"""Text that is not ASCII, or has odd spaces or long lines, as ASCII: encoded words (RFC 2047), transfer encodings."""

from binascii import b2a_base64

from umail import load_transient

# Bytes of text in one encoded word: 52 characters of base64 and 12 of frame make 64, so that the first word
# fits beside the longest of the usual header names within the 76 columns of RFC 2047, section 2.
_WORD = 39


def encoded(data):
    """Encode UTF-8 ``data`` as a list of RFC 2047 encoded words, none of which ends inside a character.

    Only the last has base64 with padding: readers built on GMime drop what follows such a word.
    """
    words = []
    start = 0
    # (The rest, copied for each word, would leave a long text's words strewn over the heap.)
    while start < len(data):
        end = start + _WORD
        while len(data) > end > start and ((end - start) % 3 or data[end] & 0xC0 == 0x80):
            end -= 1
        if end > start:
            words.append(b"=?utf-8?B?" + b2a_base64(data[start:end])[:-1] + b"?=")
        else:
            # No character ends at a multiple of three: the Q encoding has no padding.
            end = start + _WORD // 3
            while data[end] & 0xC0 == 0x80:
                end -= 1
            words.append(b"=?utf-8?Q?" + b"".join([b"=%02X" % c for c in data[start:end]]) + b"?=")
        start = end
    return words


def shortest(data, most):
    """Encode text with LF line ends for servers that take only short lines of ASCII (RFC 2045), in what is shorter.

    ``most``: the bytes that it takes in base64. Returns the name of the transfer encoding, and the bytes with CRLF.
    """
    quoted = load_transient("mime.plain").quoted_printable(data, False, most)
    if len(quoted) <= most:
        return b"quoted-printable", quoted
    quoted = None
    data = data.replace(b"\n", b"\r\n")
    return b"base64", b"".join([b2a_base64(data[i : i + 57])[:-1] + b"\r\n" for i in range(0, len(data), 57)])
