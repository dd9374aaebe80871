"""What is seldom asked of the files of a mail: their checks, when they are given, and odd names; loaded for it."""

from umail import load_transient


def check(file):
    """Check an ``Attachment``, and give it the name and the type that it was not given."""
    checks = load_transient("checks")
    clean = checks.clean
    refuse = checks.refuse
    source = file.source
    if file.name is None:
        file.name = source.replace("\\", "/").rpartition("/")[2] if isinstance(source, str) else ""
    clean("name", file.name)
    if isinstance(source, str):
        # A NUL would end a path early.
        clean("source", source)
    file.type = file.type or type_of(file.name)
    clean("type", file.type)
    if len(file.type) != len(file.type.encode()) or len(file.type) > 250 or file.type.partition(";")[0].count("/") != 1:
        refuse("type", file.type, "is not a MIME type")
    cid = file.cid
    if cid is not None and (
        not 0 < len(clean("cid", cid)) < 251 or not all(32 < c < 127 and c not in b"<>" for c in cid.encode())
    ):
        refuse("cid", cid, "must be ASCII without spaces")


def extend(name, value):
    """Return a header's parameter ``name`` (bytes) of any ``value`` (str) as tokens (RFC 2231)."""
    # Small pieces for each character would leave a long name's tokens strewn over the heap.
    tokens = []
    digits = b"0123456789ABCDEF"
    line = bytearray(b"utf-8''")
    for c in value.encode():
        if c & 0xC0 != 0x80:
            character = len(line)
        # RFC 5987's attr-char, the narrower set.
        if 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in b"-._":
            line.append(c)
        else:
            line.append(37)
            line.append(digits[c >> 4])
            line.append(digits[c & 15])
        if len(line) > 50:
            tokens.append(b"%s*%d*=%s;" % (name, len(tokens), bytes(line[:character])))
            line = line[character:]
            character = 0
    if not tokens:
        return [name + b"*=" + bytes(line)]
    tokens.append(b"%s*%d*=%s" % (name, len(tokens), bytes(line)))
    return tokens


def items():
    """Return endings of file names, each followed by its MIME type (list of str)."""
    return (
        "txt text/plain log text/plain csv text/csv htm text/html html text/html json application/json xml "
        "application/xml pdf application/pdf zip application/zip gz application/gzip jpg image/jpeg jpeg "
        "image/jpeg png image/png gif image/gif svg image/svg+xml bmp image/bmp webp image/webp wav audio/wav "
        "mp3 audio/mpeg mp4 video/mp4"
    ).split(" ")


def type_of(name):
    """Return the MIME type for a file name (str); text is taken for UTF-8."""
    words = items()
    ending = name.rpartition(".")[2].lower()
    for i in range(0, len(words), 2):
        if words[i] == ending:
            # The first five are texts.
            return words[i + 1] + ("; charset=utf-8" if i < 10 else "")
    return "application/octet-stream"


def find(type):
    """Return the ending of a file name (``".csv"``) for a MIME type."""
    words = items()
    type = type.partition(";")[0]
    return "." + (words[words.index(type) - 1] if type in words else "bin")
