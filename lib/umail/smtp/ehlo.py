"""Greeting, EHLO (what a server offers; RFC 5321, 4.1.1.1), STARTTLS. Dropped before TLS wants its memory."""

from umail import load_transient


def begin(session, name, done):
    """Read the greeting, say EHLO and, without TLS yet, STARTTLS (generator): returns whether TLS is to begin."""
    if not done:
        session.stage = "greeting"
        yield from session.reply(220)
    yield from ehlo(session, name)
    if session.secure:
        return False
    session.stage = "starttls"
    if session.route.security == "starttls" and "STARTTLS" in session.features:
        yield from session.command(b"STARTTLS", 220)
        return True
    return (yield from load_transient("smtp.unexpected").without(session))


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
        words = line.upper().replace(b"AUTH=", b"AUTH ", 1).decode().split()
        # Only what is used, and by names that the program has anyway: those of the server's lines would fill the heap.
        # (A list, as MicroPython makes strings of its own for a tuple.)
        for name in ["8BITMIME", "AUTH", "BINARYMIME", "CHUNKING", "DSN", "PIPELINING", "SIZE", "SMTPUTF8", "STARTTLS"]:
            if words and words[0] == name and name not in session.without:
                features[name] = features.get(name, ()) + tuple(words[1:])
