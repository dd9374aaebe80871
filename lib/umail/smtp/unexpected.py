"""What follows a reply in the opening of a session that is not the one expected (see handshake.py, login.py).

And what is not a reply at all. ``answers`` is a generator that is sent each decoded text and yields the next answer,
both bytes. The answer yielded first may travel with the AUTH command (the initial response of RFC 4954).
"""

from binascii import a2b_base64

from umail import load_transient

from ..errors import Broken


def reason(buffer, line, code=0, first=0):
    """Return the ``Broken`` that says what is wrong with ``line``; None: there is none, and none will come."""
    if line is None:
        if len(buffer) < len(buffer.data):
            return Broken("the connection ended inside a reply")
        return Broken("a reply line longer than %d bytes" % len(buffer))
    if not 200 <= code < 600 or code % 100 > 59:
        return Broken("not an SMTP reply: " + load_transient("smtp.enhanced").printable(line[:60]))
    return Broken("the code changes inside a reply" if code != first else "a reply without an end")


def without(session):
    """Go on without STARTTLS, if the route is content with that (generator): returns whether TLS is to begin."""
    # Opportunistic takes it if it is offered, else goes on in clear; a login is never tried there.
    if session.route.security == "opportunistic":
        if "STARTTLS" in session.features:
            reply = yield from session.command(b"STARTTLS")
            return reply.code == 220
    elif session.route.security != "plain":
        raise session.error("starttls_missing")
    return False


def ehlo(session, name, reply):
    """Go on after ``reply`` refused EHLO (generator), if that is possible."""
    if reply.code in (500, 501, 502, 504) and session.route.security in ("plain", "opportunistic"):
        if not session.secure:
            # RFC 5321, 3.2: a server from before EHLO. Without it there is neither TLS nor login.
            reply = yield from session.command(b"HELO " + name)
            if reply.code == 250:
                return
    raise session.refusal(reply)


def first(session, offered):
    """Return the mechanism to begin with.

    Raises the MailError for a server with which the route's login must not be tried, or cannot be.
    """
    if not session.secure:
        raise session.error("login_in_clear")
    route = session.route
    mechanisms = choose(offered, route.token is not None, route.auth)
    if mechanisms:
        return mechanisms[0]
    what = "AUTH " + " ".join(offered) if offered else "no AUTH"
    wanted = ", and the route wants " + route.auth if route.auth else ""
    raise session.error("auth_none_offered", "the server offers " + what[:100] + wanted)


def login(session, auth, secret, reply, heard, initial, encode):
    """Go on with a login (generator).

    Args:
        auth (str): the mechanism.
        secret (bytes): the password or access token.
        reply (Reply): to what was said last; None: nothing was said yet.
        heard: the challenges (bytes) answered before that.
        initial, encode (callable): those of login.py.
    """
    route = session.route
    reply = yield from _run(session, auth, secret, reply, heard, initial, encode)
    if reply.code != 235:
        others = choose(session.features["AUTH"], route.token is not None, route.auth)[1:]
        # Only if certificates are checked.
        if others and route.trust != "insecure" and _not_taken(reply, auth):
            reply = yield from _run(session, others[0], secret, None, (), initial, encode)
        if reply.code != 235:
            raise session.refusal(reply)


def _run(session, auth, secret, reply, heard, initial, encode):
    # One AUTH, from where it stands to its final reply.
    route = session.route
    command = b"AUTH " + auth.encode()
    exchange = answers(auth, initial(auth, route.username.encode(), secret), secret)
    answer = encode(next(exchange))
    for challenge in heard:
        exchange.send(decode(challenge))
    # RFC 4954, 4
    begun = route.long_auth or len(command) + len(answer) < 510
    if not reply:
        reply = yield from session.command(command + b" " + answer if begun else command)
    if begun and not heard and reply.code in (500, 501):
        begun = False
        reply = yield from session.command(command)
    while reply.code == 334:
        if begun:
            try:
                answer = encode(exchange.send(decode(reply.lines[0])))
            except StopIteration:
                raise session.error("auth_dialogue", "the login stopped: the server asks for more than %s has" % auth)
        begun = True
        reply = yield from session.command(answer)
    return reply


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


def answers(auth, first, secret):
    """Run the client's side of one exchange (generator): yields each answer, is sent each challenge.

    It ends when the server asks for what must not be sent.

    Args:
        auth: the mechanism, as ``choose`` gave it.
        first, secret: bytes; the first answer, which is the user name for LOGIN; the password or the access token.
    """
    if auth == "LOGIN":
        # By position, whatever the prompts say; but a prompt for the user name never gets the password.
        for _ in (1, 2):
            if (yield first).lower()[:4] != b"user":
                yield secret
                break
    else:
        # An empty challenge after it: the server did not take the initial response and asks for it.
        if not (yield first):
            yield first
        # XOAUTH2: a refusal with its reason in JSON; an empty answer brings the final reply.
        if auth == "XOAUTH2":
            yield b""


def _not_taken(reply, mechanism):
    # Whether a refusal is about the mechanism, and not about who logs in.
    text = reply.text.lower()
    for word in ("password", "account", "credential", "username", "user name"):
        if word in text:
            return False
    if reply.code == 504 or reply.enhanced in ("5.5.4", "5.7.4"):
        return True
    return reply.code in (534, 535, 553) and ("mechanism" in text or mechanism.lower() in text)
