"""Encoded words: text in other scripts, or with odd spaces, as ASCII in a header (RFC 2047)."""

from binascii import b2a_base64

# Bytes of text in one encoded word: 52 characters of base64 and 12 of frame make 64, so that the first word
# fits beside the longest of the usual header names within the 76 columns of RFC 2047, section 2.
_WORD = 39


def encoded(data):
    """Encode UTF-8 ``data`` as a list of RFC 2047 encoded words, none of which ends inside a character.

    Only the last has base64 with padding: readers built on GMime drop what follows such a word.
    """
    words = []
    while data:
        cut = _WORD
        while len(data) > cut and (cut % 3 or data[cut] & 0xC0 == 0x80):
            cut -= 1
        if cut:
            words.append(b"=?utf-8?B?" + b2a_base64(data[:cut])[:-1] + b"?=")
        else:
            # No character ends at a multiple of three: the Q encoding has no padding.
            cut = _WORD // 3
            while data[cut] & 0xC0 == 0x80:
                cut -= 1
            words.append(b"=?utf-8?Q?" + b"".join([b"=%02X" % c for c in data[:cut]]) + b"?=")
        data = data[cut:]
    return words
