"""Which MIME type a file has by the ending of its name, and the reverse; and what is wrong with an attachment."""

from umail import load_transient

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


def check(one):
    """Check an ``Attachment`` in which something is not plain."""
    checks = load_transient("checks")
    if isinstance(one.source, str):
        checks.clean("source", one.source)
    checks.clean("type", one.type)
    if len(one.type) != len(one.type.encode()) or len(one.type) > 250 or one.type.partition(";")[0].count("/") != 1:
        checks.refuse("type", one.type, "is not a MIME type")
    cid = one.cid
    if cid is not None and (
        not 0 < len(checks.clean("cid", cid)) < 251 or not all(32 < ord(c) < 127 and c not in "<>" for c in cid)
    ):
        checks.refuse("cid", cid, "must be ASCII without spaces")
