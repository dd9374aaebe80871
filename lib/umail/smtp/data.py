"""A message that follows its envelope by DATA (RFC 5321, 4.1.1.4), its dots stuffed (4.5.2)."""

from umail import load_transient

# Bytes of a message that leave in one piece with their end.
_SHORT = 4096


class DotStuffer:
    """Doubles the dot at the beginning of a line (RFC 5321, section 4.5.2), wherever the chunks are cut."""

    def __init__(self):
        self._fresh = True

    def feed(self, chunk):
        """Stuff one bytes-like ``chunk``; returns bytes."""
        data = bytes(chunk)
        if not data:
            return data
        out = data.replace(b"\n.", b"\n..")
        if self._fresh and data[0] == 46:
            out = b"." + out
        self._fresh = data[-1] == 10
        return out

    def end(self):
        """Return the end of the mail: a lone dot, on a line of its own."""
        return b".\r\n" if self._fresh else b"\r\n.\r\n"


def run(session, body, mode, final):
    """Send it up to its last byte (generator); ``mode`` and ``final`` as in transaction.py."""
    bdat = load_transient("smtp.bdat")
    session.enter("busy")
    session.stage = "data"
    if mode != "asked":
        yield from session.put(b"DATA\r\n")
    yield from session.reply(354)
    session.stage = "body"
    stuffer = DotStuffer()
    count = 0
    whole = b""
    for chunk in body.chunks():
        count += len(chunk)
        if body.size is None:
            bdat.check(session, count)
        if body.dots:
            chunk = stuffer.feed(chunk)
        if body.size is not None and body.size <= _SHORT:
            # With its end in one piece: TCP holds a second small one back until the first was acknowledged (RFC 1122,
            # 4.2.3.4), which servers delay by 40 to 200 ms.
            whole += chunk
            continue
        yield chunk
        if session.state != "sent" and bdat.complete(session):
            yield from bdat.refused(session)
    bdat.match(session, body.size, count)
    yield from session.put(whole + stuffer.end(), True)
    yield ("limit", 600, False)
