"""Whether a short text may travel in one flight with its envelope, and as which bytes.

A server that announces CHUNKING (RFC 3030) and refuses BDAT takes the text for commands, line by line; some skip blanks
before a verb, and any may take small letters. A list of dangerous words would never be complete. So it is the other way
round: a line may travel if it is empty, or begins with the name of a header that umail writes and a colon, or with
neither a letter nor a blank (but for the one blank behind which a header goes on). A verb is letters and ends at a
blank (RFC 5321, 4.1.1). A text is encoded so that all its lines are of that kind; if that cannot be, DATA is used.
"""


def pack(session, message, content):
    """Return (``Body``, its bytes) for one flight by BDAT; the bytes (bytearray) are None if they may not travel so.

    ``content`` is a list of the short text as the server is to get it, which is taken out.
    """
    body = content.pop()
    text = join(body)
    if not session.takes_chunks and not inert(text):
        if hasattr(body, "octets"):
            # Made anew if it is wanted all the same: two of them need not lie side by side.
            body = None
        text = None
        other = message.encode("inert", False)
        if other.size is not None and other.size <= 4096:
            text = join(other)
            if inert(text):
                body = other
            else:
                text = None
        body = body or message.encode("8BITMIME" in session.features)
    return body, text


def join(body):
    # All of them, in a bytearray that may be changed.
    text = getattr(body, "octets", None)
    if text is None:
        text = bytearray()
        for chunk in body.chunks():
            text += chunk
    return text


def inert(text):
    """Tell whether no line of ``text`` (bytes-like) could be a command."""
    for c in text:
        # What else some server may take for the end of a line, a blank or a letter.
        if c > 126 or (c < 32 and c not in b"\t\r\n"):
            return False
    # How the names begin that stand before a colon at the beginning of a line: in the first four characters.
    headers = b"From To:  Cc:  Repl Subj Date Mess Auto MIME Cont Impo X-Pr In-R Refe "
    at = 0
    while at < len(text):
        end = text.find(b"\n", at)
        if end < 0:
            end = len(text)
        elif text[end - 1 : end] != b"\r":
            return False
        # As far as the longest of what it may begin with reaches.
        line = bytes(text[at : min(end, at + 78)])
        if text.find(b"\r", at, end - 1) >= 0:
            return False
        at = end + 1
        # A folded header goes on behind one blank.
        start = line[1:] if line[:1] == b" " else line
        first = start[0] if start else 33
        if first != 13 and (first <= 32 or 65 <= first <= 90 or 97 <= first <= 122):
            name = line.split(b" ", 1)[0]
            known = name[-1:] == b":" and len(name) > 2 and (line[:4] in headers or line[:2] == b"X-")
            if not known and line[:13] != b' boundary="=_':
                return False
    return True
