"""Names and other scripts in headers (RFC 2047, RFC 5322): taken apart when given, encoded when sent."""

from binascii import b2a_base64

from .fields import clean, refuse, words

# Bytes of text in one encoded word: 52 characters of base64 and 12 of frame make 64, so that the first word
# fits beside the longest of the usual header names within the 76 columns of RFC 2047, section 2.
_WORD = 39
_ATOM = b"!#$%&'*+-/=?^_`{|}~ "


def split(argument, value):
    """``"Name <local@domain>"`` or a pair (name, address) → (name, address), the name checked."""
    if not isinstance(value, str):
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            refuse(argument, value, "is no pair (name, address)")
        return clean(argument, value[0]), value[1]
    name, mark, bare = clean(argument, value)[:-1].rpartition("<")
    name = name.strip()
    if not mark:
        refuse(argument, value, "lacks a <")
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = "\\".join([part.replace('\\"', '"') for part in name[1:-1].split("\\\\")])
    elif "@" in name:
        refuse(argument, value, "is more than one address")
    return name, bare


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


def phrase(name):
    """A display name (str) as tokens: atoms, one quoted string, or encoded words (RFC 5322, section 3.2.5)."""
    tokens = words(name)
    if tokens and tokens[0].startswith(b"=?"):
        return tokens
    data = name.encode()
    if all(48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in _ATOM for c in data):
        return tokens
    # It may be folded at its spaces, of which no two stand together.
    return (b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"').split(b" ")
