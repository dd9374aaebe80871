"""How a session opens (see session.py): greeting, EHLO, STARTTLS, login. Loaded for a connection, then dropped.

The login is by the SASL mechanisms LOGIN, PLAIN (RFC 4616) and XOAUTH2. ``answers`` is a generator that is sent each
decoded text and yields the next answer, both bytes. The answer yielded first may travel with the AUTH command (the
initial response of RFC 4954).
"""

from binascii import a2b_base64, b2a_base64

from umail import load_transient

from ..message import printable


def open(session, name, secret):
    """Open it (generator; see ``Session.open``); ``name``: to greet with (bytes)."""
    security = session.route.security
    if security == "tls":
        yield from tls(session)
    session.stage = "greeting"
    yield from session.reply(220)
    yield from ehlo(session, name)
    if security != "tls":
        session.stage = "starttls"
        if security == "starttls" and "STARTTLS" in session.features:
            yield from session.command(b"STARTTLS", 220)
            yield from tls(session)
            # RFC 3207, 4.2: what was learned before TLS is void.
            yield from ehlo(session, name)
        else:
            yield from load_transient("smtp.unexpected").security(session, name, tls, ehlo)
    if secret is not None:
        yield from login(session, secret)
        session.name = name
    session.enter("ready")


def ehlo(session, name):
    """Say EHLO and note what is offered (generator)."""
    session.stage = "ehlo"
    session.features = features = {}
    reply = yield from session.command(b"EHLO " + name)
    if reply.code != 250:
        yield from load_transient("smtp.unexpected").ehlo(session, name, reply)
    for line in reply.lines[1:]:
        # "AUTH LOGIN", "AUTH=LOGIN" (before RFC 4954) and several AUTH lines mean the same.
        words = printable(line.upper().replace(b"AUTH=", b"AUTH ", 1)).split()
        # Names of our own, and only what is used: what a server's lines left scattered over the heap would stay there.
        for name in "8BITMIME AUTH BINARYMIME CHUNKING DSN PIPELINING SIZE SMTPUTF8 STARTTLS".split():
            if name in words[:1] and name not in session.without:
                features[name] = features.get(name, ()) + tuple(words[1:])


def tls(session):
    session.stage = "starttls"
    if len(session.buffer):
        # Bytes that came with the reply would be read as if TLS had protected them.
        raise session.error("starttls_injection")
    yield ("tls", session.route, session.host)
    session.secure = True


def encode(data):
    """Base64 without a line end (bytes)."""
    return b2a_base64(data)[:-1]


def decode(text):
    """Return the bytes of a text; if it is not base64, the text itself: some servers prompt in plain words."""
    try:
        return a2b_base64(text)
    except ValueError:
        return text


def choose(features, token, auth=None):
    """Return the mechanisms to use, the best first: a list of ``"XOAUTH2"``, ``"PLAIN"`` and ``"LOGIN"``.

    Args:
        features: what the server offers, upper case (a collection of str).
        token: an access token is there rather than a password.
        auth: the only one to use (str), or None.
    """
    fit = ("XOAUTH2",) if token else ("PLAIN", "LOGIN")
    return [name for name in fit if name in features and auth in (None, name)]


def answers(auth, username, secret):
    """Run the client's side of one exchange (generator): yields each answer, is sent each challenge.

    It ends when the server asks for what must not be sent.

    Args:
        auth: the mechanism, as ``choose`` gave it.
        username, secret: bytes; the secret is the password or the access token.
    """
    if auth == "LOGIN":
        # By position, whatever the prompts say; but a prompt for the user name never gets the password.
        for _ in (1, 2):
            if (yield username).lower()[:4] != b"user":
                yield secret
                break
    else:
        if auth == "PLAIN":
            first = b"\0" + username + b"\0" + secret
        else:
            first = b"user=%s\x01auth=Bearer %s\x01\x01" % (username, secret)
        # An empty challenge after it: the server did not take the initial response and asks for it.
        if not (yield first):
            yield first
        # XOAUTH2: a refusal with its reason in JSON; an empty answer brings the final reply.
        if auth == "XOAUTH2":
            yield b""


def login(session, secret):
    """Log in by AUTH (RFC 4954) with a password or access token (generator)."""
    route = session.route
    session.stage = "auth"
    offered = session.features.get("AUTH", ())
    mechanisms = choose(offered, route.token is not None, route.auth)
    if not session.secure or not mechanisms:
        raise load_transient("smtp.unexpected").auth(session, offered)
    secret = secret.encode()
    # How a secret begins, in clear and in base64, wherever in a triple it does: what holds no bits of other bytes.
    head = secret[:9]
    forms = [head]
    for before in (0, 1, 2):
        forms.append(encode(bytes(before) + head)[(before * 4 + 2) // 3 : (before + len(head)) * 4 // 3])
    # Shorter ones stand in other words.
    session.buffer.hidden = [form for form in forms if len(form) > 3]
    reply = yield from run(session, mechanisms[0], secret)
    if reply.code != 235:
        yield from load_transient("smtp.unexpected").login(session, mechanisms, secret, reply, run)


def run(session, auth, secret):
    # One AUTH, up to its final reply.
    route = session.route
    command = b"AUTH " + auth.encode()
    exchange = answers(auth, route.username.encode(), secret)
    answer = encode(next(exchange))
    # RFC 4954, 4: a line of 512 bytes at the most, if the provider does not document more.
    initial = route.long_auth or len(command) + len(answer) < 510
    reply = yield from session.command(command + b" " + answer if initial else command)
    if initial and reply.code in (500, 501):
        initial = False
        reply = yield from session.command(command)
    while reply.code == 334:
        if initial:
            try:
                answer = encode(exchange.send(decode(reply.lines[0])))
            except StopIteration:
                raise session.error("auth_dialogue", "the login stopped: the server asks for more than %s has" % auth)
        initial = True
        reply = yield from session.command(answer)
    return reply
