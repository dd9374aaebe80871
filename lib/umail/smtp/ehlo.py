"""EHLO: what a server offers (RFC 5321, 4.1.1.1). Loaded for it, and dropped before TLS wants its memory."""

from umail import load_transient


def ehlo(session, name):
    """Say EHLO and note what is offered (generator)."""
    session.stage = "ehlo"
    session.features = features = {}
    reply = yield from session.command(b"EHLO " + name)
    if reply.code != 250:
        yield from load_transient("smtp.unexpected").ehlo(session, name, reply)
    for line in reply.lines[1:]:
        if line and (min(line) < 32 or max(line) > 126):
            line = load_transient("smtp.enhanced").printable(line).encode()
        # "AUTH LOGIN", "AUTH=LOGIN" (before RFC 4954) and several AUTH lines mean the same.
        words = line.decode().upper().replace("AUTH=", "AUTH ", 1).split()
        # Names of our own, and only what is used: what a server's lines left scattered over the heap would stay there.
        for name in "8BITMIME AUTH BINARYMIME CHUNKING DSN PIPELINING SIZE SMTPUTF8 STARTTLS".split():
            if name in words[:1] and name not in session.without:
                features[name] = features.get(name, ()) + tuple(words[1:])
