"""Greeting, EHLO (what a server offers; RFC 5321, 4.1.1.1), STARTTLS. Dropped before TLS wants its memory.

Before the greeting is read, the secret of the login is hidden in all that the server says.
"""

from binascii import b2a_base64

from umail import load_transient


def begin(session, name, done, secret):
    """Read the greeting, say EHLO and, without TLS yet, STARTTLS (generator): returns whether TLS is to begin."""
    if not done:
        session.stage = "greeting"
        if secret is not None:
            hide(session, secret)
        yield from session.reply(220)
    yield from ehlo(session, name)
    if session.secure:
        return False
    session.stage = "starttls"
    if session.route.security == "starttls" and "STARTTLS" in session.features:
        yield from session.command(b"STARTTLS", 220)
        return True
    return (yield from load_transient("smtp.unexpected").without(session))


def hide(session, secret):
    """Have the ``secret`` hidden in whatever the server says from now on: it may know it from an earlier login."""
    head = secret.encode()[:9]
    forms = [head]
    # How it begins in base64, wherever in a triple it does: what holds no bits of other bytes.
    for before in (0, 1, 2):
        forms.append(b2a_base64(bytes(before) + head)[(before * 4 + 2) // 3 : (before + len(head)) * 4 // 3])
    hidden = list(session.buffer.hidden)
    for form in forms:
        # Shorter ones stand in other words.
        if len(form) > 3 and form not in hidden:
            hidden.append(form)
    session.buffer.hidden = hidden


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
