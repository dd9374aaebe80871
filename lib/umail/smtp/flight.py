"""The commands that give a mail its envelope, and whether its text may travel with them in one flight.

A server that announces CHUNKING (RFC 3030) and refuses BDAT takes the text for commands, line by line; some skip blanks
before a verb, and any may take small letters. A list of dangerous words would never be complete. So it is the other way
round: a line may travel if it is empty, or begins with the name of a header that umail writes and a colon, or with
neither a letter nor a blank (but for the one blank behind which a header goes on). A verb is letters and ends at a
blank (RFC 5321, 4.1.1). A text is encoded so that all its lines are of that kind; if that cannot be, DATA is used.
"""

from umail import load_transient

# Bytes of a text that travels with its envelope or, by DATA, with its end.
SHORT = 4096

# How the names begin that stand before a colon at the beginning of a line: in the first four characters.
_HEADERS = b"From To:  Cc:  Repl Subj Date Mess Auto MIME Cont Impo X-Pr In-R Refe "
_BOUNDARY = b' boundary="=_'


def prepare(session, message, people, final, envelope, made):
    """Return how ``message`` goes to ``people``: (mode, ``Body``, commands of the envelope, the whole flight or None).

    The mode is one of those of sending.py, and ``envelope`` is its function. ``made`` is a list of the message as the
    server is to get it, which is taken out.
    """
    features = session.features
    chunking = "CHUNKING" in features
    body = made.pop()
    text = None
    short = "PIPELINING" in features and body.body != "binary" and len(people) < session.in_flight - 4
    short = short and body.size is not None and body.size <= SHORT
    if short and chunking:
        text = _octets(body)
        if not session.takes_chunks and not inert(text):
            if hasattr(body, "octets"):
                # Made anew if it is wanted all the same: two of them need not lie side by side.
                body = None
            text = None
            other = message.encode("inert", False)
            if other.size is not None and other.size <= SHORT:
                text = _octets(other)
                if inert(text):
                    body = other
                else:
                    text = None
            body = body or message.encode("8BITMIME" in features)
    commands = _envelope(session, message, people, body, envelope)
    if text:
        text[0:0] = b"".join(commands) + b"BDAT %d LAST\r\n" % len(text)
        if final:
            text += b"QUIT\r\n"
        return "flight", body, commands, text
    return "asked" if short else "bdat" if chunking else "data", body, commands, None


def _octets(body):
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
            known = name[-1:] == b":" and len(name) > 2 and (line[:4] in _HEADERS or line[:2] == b"X-")
            if not known and line[: len(_BOUNDARY)] != _BOUNDARY:
                return False
    return True


def _envelope(session, message, people, body, envelope):
    # MAIL, with the extensions that are used, and RCPT for each.
    features = session.features
    line = b""
    if body.body != "7bit":
        # RFC 6152, RFC 3030
        if body.body == "binary":
            line = b" BODY=BINARYMIME"
        elif "8BITMIME" in features:
            line = b" BODY=8BITMIME"
    if message.smtputf8 or max(session.route.sender or "@") > "\x7f":
        # RFC 6531; the route's sender, too, may be in another script.
        if "SMTPUTF8" not in features:
            raise session.error("smtputf8")
        line += b" SMTPUTF8"
    notify = b""
    if "DSN" in features and (message.notify or message.ret):
        more, notify = load_transient("mime.optional_fields").dsn_parameters(message)
        line += more
    return envelope(session, message, people, body.size, line, notify)
