"""How a session opens (see session.py): greeting, EHLO, STARTTLS and login. Loaded for a connection, then dropped."""

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


def run(session, name, secret):
    """Run all of it (generator); ``name``: to greet with (bytes), ``secret``: password or access token, or None."""
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
    if secret is not None:
        yield from login(session, secret)
        session.name = name
    session.enter("ready")


def ehlo(session, name):
    """Say EHLO and note what is offered (generator)."""
    session.stage = "ehlo"
    session.features = features = {}
    reply = yield from session.command(b"EHLO " + name)
    if reply.code in (500, 501, 502, 504) and session.route.security in ("plain", "opportunistic"):
        if not session.secure:
            # RFC 5321, 3.2: a server from before EHLO. Without it there is neither TLS nor login.
            reply = yield from session.command(b"HELO " + name)
    if reply.code != 250:
        raise session.refusal(reply)
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


def login(session, secret):
    """Log in by AUTH (RFC 4954) with a password or access token (generator)."""
    route = session.route
    session.stage = "auth"
    if not session.secure:
        raise session.error("login_in_clear")
    sasl = load_transient("smtp.sasl")
    offered = session.features.get("AUTH", ())
    mechanisms = sasl.choose(offered, route.token is not None, route.auth)
    if not mechanisms:
        what = "AUTH " + " ".join(offered) if offered else "no AUTH"
        wanted = ", and the route wants " + route.auth if route.auth else ""
        raise session.error("auth_none_offered", "the server offers " + what[:100] + wanted)
    secret = secret.encode()
    session.buffer.hidden = _forms(secret[:9], sasl)
    reply = yield from _exchange(session, sasl, mechanisms[0], secret)
    # Once per connection, and only if certificates are checked.
    if mechanisms[1:] and route.trust != "insecure" and _not_taken(reply, mechanisms[0]):
        reply = yield from _exchange(session, sasl, mechanisms[1], secret)
    if reply.code != 235:
        raise session.refusal(reply)


def _not_taken(reply, mechanism):
    # Whether a refusal is about the mechanism, and not about who logs in.
    text = reply.text.lower()
    for word in ("password", "account", "credential", "username", "user name"):
        if word in text:
            return False
    if reply.code == 504 or reply.enhanced in ("5.5.4", "5.7.4"):
        return True
    return reply.code in (534, 535, 553) and ("mechanism" in text or mechanism.lower() in text)


def _exchange(session, sasl, mechanism, secret):
    # One AUTH, up to its final reply.
    route = session.route
    command = b"AUTH " + mechanism.encode()
    exchange = sasl.answers(mechanism, route.username.encode(), secret)
    answer = sasl.encode(next(exchange))
    # RFC 4954, 4: a line of 512 bytes at the most, if the provider does not document more.
    initial = route.long_auth or len(command) + len(answer) < 510
    reply = yield from session.command(command + b" " + answer if initial else command)
    if initial and reply.code in (500, 501):
        initial = False
        reply = yield from session.command(command)
    while reply.code == 334:
        if initial:
            try:
                answer = sasl.encode(exchange.send(sasl.decode(reply.lines[0])))
            except sasl.Refused as error:
                raise session.error("auth_dialogue", "the login stopped: %s" % error)
        initial = True
        reply = yield from session.command(answer)
    return reply


def _forms(head, sasl):
    # How a secret begins, in clear and in base64, wherever in a triple it does: what holds no bits of other bytes.
    forms = [head]
    for before in (0, 1, 2):
        encoded = sasl.encode(bytes(before) + head)
        forms.append(encoded[(0, 2, 3)[before] : (before + len(head)) * 4 // 3])
    # Shorter ones stand in other words.
    return [form for form in forms if len(form) > 3]
