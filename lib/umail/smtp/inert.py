"""Texts that cannot be commands: what may travel to a server that has not yet shown that it takes chunks (RFC 3030).

A server that announces CHUNKING and refuses BDAT takes the text for commands, line by line; some skip blanks before a
verb, and any may take small letters. A list of dangerous words would never be complete. So it is the other way round: a
line may travel if it is empty, or begins with the name of a header that umail writes and a colon, or with neither a
letter nor a blank (but for the one blank behind which a header goes on). A verb is letters and ends at a blank (RFC
5321, 4.1.1). A text is encoded so that all its lines are of that kind; if that cannot be, DATA is used.
"""

SHORT = 4096
# How the names begin that stand before a colon at the beginning of a line: in the first four characters.
_HEADERS = b"From To:  Cc:  Repl Subj Date Mess Auto MIME Cont Impo X-Pr In-R Refe "
_BOUNDARY = b' boundary="=_'


def prepare(message, body):
    """Return what may travel unasked: a ``Body`` of the message and its bytes, or ``body`` and None."""
    text = _text(body)
    if text is None:
        # In other letters.
        other = message.encode("inert", False)
        text = _text(other)
        if text is not None:
            body = other
    return body, text


def _text(body):
    # Its bytes, which it then holds in one piece, if they are few and no line of them could be a command.
    if body.size is None or body.size > SHORT:
        return None
    text = b"".join([bytes(chunk) for chunk in body.chunks()])
    if not inert(text):
        return None
    body._pieces = (text,)
    return text


def inert(text):
    """Tell whether no line of ``text`` (bytes) could be a command."""
    for c in text:
        # What else some server may take for the end of a line, a blank or a letter.
        if c > 126 or (c < 32 and c not in b"\t\r\n"):
            return False
    for line in text.split(b"\r\n"):
        if b"\r" in line or b"\n" in line:
            return False
        # A folded header goes on behind one blank.
        start = line[1:] if line[:1] == b" " else line
        first = start[0] if start else 33
        if first <= 32 or 65 <= first <= 90 or 97 <= first <= 122:
            name = line.split(b" ", 1)[0]
            known = name[-1:] == b":" and len(name) > 2 and (line[:4] in _HEADERS or line[:2] == b"X-")
            if not known and line[: len(_BOUNDARY)] != _BOUNDARY:
                return False
    return True
