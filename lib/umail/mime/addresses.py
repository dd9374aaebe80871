"""Names beside addresses in header fields (RFC 5322, 3.4): taken apart when given, quoted or encoded when sent."""

from .fields import clean, refuse, words

_ATOM = b"!#$%&'*+-/=?^_`{|}~ "


def split(argument, value):
    """Take apart ``"Name <local@domain>"`` or a pair (name, address): returns (name, address), the name checked."""
    if not isinstance(value, str):
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            refuse(argument, value, "is not a pair (name, address)")
        return clean(argument, value[0]), value[1]
    name, mark, bare = clean(argument, value)[:-1].rpartition("<")
    name = name.strip()
    if not mark:
        refuse(argument, value, "ends in > but has no <")
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = "\\".join([part.replace('\\"', '"') for part in name[1:-1].split("\\\\")])
    elif "@" in name:
        refuse(argument, value, "is more than one address")
    return name, bare


def phrase(name):
    """Return a display name (str) as tokens: atoms, one quoted string, or encoded words (RFC 5322, section 3.2.5)."""
    tokens = words(name)
    if tokens and tokens[0].startswith(b"=?"):
        return tokens
    data = name.encode()
    if all(48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in _ATOM for c in data):
        return tokens
    # It may be folded at its spaces, of which no two stand together.
    return (b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"').split(b" ")
