"""What is seldom asked of the files of a mail: their checks, when they are given, and odd names; loaded for it."""

from umail import load_transient


def check(one):
    """Check an ``Attachment``, and give it the name and the type that it was not given."""
    checks = load_transient("checks")
    clean = checks.clean
    refuse = checks.refuse
    source = one.source
    if one.name is None:
        one.name = source.replace("\\", "/").rpartition("/")[2] if isinstance(source, str) else ""
    clean("name", one.name)
    if isinstance(source, str):
        # A NUL would end a path early.
        clean("source", source)
    one.type = one.type or type_of(one.name)
    clean("type", one.type)
    if len(one.type) != len(one.type.encode()) or len(one.type) > 250 or one.type.partition(";")[0].count("/") != 1:
        refuse("type", one.type, "is not a MIME type")
    cid = one.cid
    if cid is not None and (
        not 0 < len(clean("cid", cid)) < 251 or not all(32 < ord(c) < 127 and c not in "<>" for c in cid)
    ):
        refuse("cid", cid, "must be ASCII without spaces")


def unreadable(error, path=None):
    """Raise the MailError, or the ValueError, for the OSError of an attachment's source, or of the file ``path``."""
    # No failure of the network, for which it would be taken; and a card may come back, but for a path that is wrong.
    if path and load_transient("durable").for_a_person(error):
        load_transient("checks").refuse("attachments", path, "can't be read: %s" % error)
    from ..errors import MailError

    raise MailError("body", "temporary", "an attachment cannot be read: %s" % error, key="flash_read")


_HEX = b"0123456789ABCDEF"


def extended(name, value):
    """Return a header's parameter ``name`` (bytes) of any ``value`` (str) as tokens (RFC 2231)."""
    # Small pieces for each character would leave a long name's tokens strewn over the heap.
    tokens = []
    line = bytearray(b"utf-8''")
    for c in value.encode():
        if c & 0xC0 != 0x80:
            character = len(line)
        # RFC 5987's attr-char, the narrower set.
        if 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in b"-._":
            line.append(c)
        else:
            line.append(37)
            line.append(_HEX[c >> 4])
            line.append(_HEX[c & 15])
        if len(line) > 50:
            tokens.append(b"%s*%d*=%s;" % (name, len(tokens), bytes(line[:character])))
            line = line[character:]
            character = 0
    if not tokens:
        return [name + b"*=" + bytes(line)]
    tokens.append(b"%s*%d*=%s" % (name, len(tokens), bytes(line)))
    return tokens


_TYPES = (
    "txt text/plain log text/plain csv text/csv htm text/html html text/html json application/json xml application/xml "
    "pdf application/pdf zip application/zip gz application/gzip jpg image/jpeg jpeg image/jpeg png image/png "
    "gif image/gif svg image/svg+xml bmp image/bmp webp image/webp wav audio/wav mp3 audio/mpeg mp4 video/mp4"
)


def type_of(name):
    """Return the MIME type for a file name (str); text is taken for UTF-8."""
    words = _TYPES.split(" ")
    ending = name.rpartition(".")[2].lower()
    for i in range(0, len(words), 2):
        if words[i] == ending:
            return words[i + 1] + ("; charset=utf-8" if words[i + 1][:5] == "text/" else "")
    return "application/octet-stream"


def ending_of(type):
    """Return the ending of a file name (``".csv"``) for a MIME type."""
    words = _TYPES.split(" ")
    type = type.partition(";")[0]
    return "." + words[words.index(type) - 1] if type in words else ".bin"
