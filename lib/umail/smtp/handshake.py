"""How a session opens (see session.py): greeting, EHLO and STARTTLS. Loaded for a connection, then dropped."""

from umail import load_transient

from .reply import printable

_EXTENSIONS = (
    "8BITMIME",
    "AUTH",
    "BINARYMIME",
    "CHUNKING",
    "DSN",
    "PIPELINING",
    "SIZE",
    "SMTPUTF8",
    "STARTTLS",
)


def run(session, name):
    """Run all of it (generator); ``name``: to greet with (bytes)."""
    security = session.route.security
    if security == "tls":
        yield from _tls(session)
    session.stage = "greeting"
    yield from session.reply(220)
    yield from ehlo(session, name)
    if security in ("starttls", "opportunistic"):
        session.stage = "starttls"
        # Opportunistic goes on in clear; a login is never tried there.
        code = 0 if security == "opportunistic" else 220
        if "STARTTLS" in session.features:
            reply = yield from session.command(b"STARTTLS", code)
            if reply.code == 220:
                yield from _tls(session)
                # RFC 3207, 4.2: what was learned before TLS is void.
                yield from ehlo(session, name)
        elif code:
            raise session.error("starttls_missing")


def ehlo(session, name):
    """Say EHLO and note what is offered (generator)."""
    session.stage = "ehlo"
    session.features = features = {}
    reply = yield from session.command(b"EHLO " + name)
    if reply.code != 250:
        yield from load_transient("smtp.unexpected").ehlo(session, name, reply)
    for line in reply.lines[1:]:
        line = printable(line).upper()
        # "AUTH LOGIN", "AUTH=LOGIN" (before RFC 4954) and several AUTH lines mean the same.
        words = (line.replace("AUTH=", "AUTH ", 1) if line[:4] == "AUTH" else line).split()
        # Names of our own, and only what is used: what a server's lines left scattered over the heap would stay there.
        for name in _EXTENSIONS:
            if name in words[:1] and name not in session.without:
                features[name] = features.get(name, ()) + tuple(words[1:])


def _tls(session):
    session.stage = "starttls"
    if len(session.buffer):
        # Bytes that came with the reply would be read as if TLS had protected them.
        raise session.error("starttls_injection")
    yield ("tls", session.route, session.host)
    session.secure = True
