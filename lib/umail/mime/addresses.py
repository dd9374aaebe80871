"""Names beside addresses in header fields (RFC 5322, 3.4): taken apart when given, quoted or encoded when sent."""

from umail import load_transient

_ATOM = b"!#$%&'*+-/=?^_`{|}~ "


def address(argument, value):
    """As ``address`` of making.py, for what is not plain."""
    checks = load_transient("checks")
    name = ""
    bare = value
    if not isinstance(value, str) or value[-1:] == ">":
        name, bare = split(argument, value, checks.clean, checks.refuse)
    local, _, domain = checks.clean(argument, bare).partition("@")
    rest = domain[1:-1].replace(":", "") if domain[:1] + domain[-1:] == "[]" else domain
    wrong = not local or not rest or len(local.encode()) > 64 or len(domain.encode()) > 255
    if wrong or [c for c in (local + rest).encode() if c in b' "(),:;<>@[\\]']:
        checks.refuse(argument, bare, "is not one address, local@domain of at most 64 and 255 bytes")
    return name, bare


def split(argument, value, clean, refuse):
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


def phrase(name, words):
    """Return a display name (str) as tokens: atoms, one quoted string, or encoded words (RFC 5322, section 3.2.5).

    ``words`` is that of fields.py, which loads this module.
    """
    tokens = words(name)
    if tokens and tokens[0].startswith(b"=?"):
        return tokens
    data = name.encode()
    if all(48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in _ATOM for c in data):
        return tokens
    # It may be folded at its spaces, of which no two stand together.
    return (b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"').split(b" ")
