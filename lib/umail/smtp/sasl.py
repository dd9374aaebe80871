"""The login of a session, by the SASL mechanisms LOGIN, PLAIN (RFC 4616) and XOAUTH2. Loaded for it, then dropped.

``answers`` is a generator that is sent each decoded challenge and yields the next answer, both bytes. The answer
yielded first may travel with the AUTH command (the initial response of RFC 4954).
"""

from binascii import a2b_base64, b2a_base64

from umail import load_transient


class Refused(Exception):
    """The server's challenges do not fit the mechanism; the argument says how (str)."""


def encode(data):
    """Base64 without a line end (bytes)."""
    return b2a_base64(data)[:-1]


def decode(text):
    """Return the bytes of a challenge; if it is not base64, the text itself: some servers prompt in plain words."""
    try:
        return a2b_base64(text)
    except ValueError:
        return text


def choose(offered, has_token, wanted=None):
    """Return the mechanisms to use, the best first: a list of ``"XOAUTH2"``, ``"PLAIN"`` and ``"LOGIN"``.

    Args:
        offered: what the server offers, upper case (a collection of str).
        has_token: an access token is there rather than a password.
        wanted: the only one to use (str), or None.
    """
    fit = ("XOAUTH2",) if has_token else ("PLAIN", "LOGIN")
    return [name for name in fit if name in offered and wanted in (None, name)]


def answers(mechanism, username, secret):
    """Run the client's side of one exchange (generator): yields each answer, is sent each challenge.

    Args:
        mechanism: what ``choose`` gave.
        username, secret: bytes; the secret is the password or the access token.

    Raises:
        Refused: the server asks for what must not be sent.
    """
    if mechanism == "LOGIN":
        # By position, whatever the prompts say; but a prompt for the user name never gets the password.
        if _asks_user((yield username)) and _asks_user((yield username)):
            raise Refused("it asks for the user name again and again")
        yield secret
    else:
        if mechanism == "PLAIN":
            first = b"\0" + username + b"\0" + secret
        else:
            first = b"user=" + username + b"\x01auth=Bearer " + secret + b"\x01\x01"
        # An empty challenge after it: the server did not take the initial response and asks for it.
        if not (yield first):
            yield first
        # XOAUTH2: a refusal with its reason in JSON; an empty answer brings the final reply.
        if mechanism == "XOAUTH2":
            yield b""
    raise Refused("it asks for more than %s has" % mechanism)


def _asks_user(challenge):
    return challenge.lower().startswith(b"user")


def login(session, secret):
    """Log in by AUTH (RFC 4954) with a password or access token (generator)."""
    route = session.route
    session.stage = "auth"
    if not session.secure:
        raise session.error("login_in_clear")
    offered = session.features.get("AUTH", ())
    mechanisms = choose(offered, route.token is not None, route.auth)
    if not mechanisms:
        raise load_transient("smtp.unexpected").none_offered(session, offered)
    secret = secret.encode()
    session.buffer.hidden = _forms(secret[:9])
    reply = yield from _exchange(session, mechanisms[0], secret)
    if reply.code != 235:
        yield from load_transient("smtp.unexpected").login(session, mechanisms, secret, reply, _exchange)


def _exchange(session, mechanism, secret):
    # One AUTH, up to its final reply.
    route = session.route
    command = b"AUTH " + mechanism.encode()
    exchange = answers(mechanism, route.username.encode(), secret)
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
            except Refused as error:
                raise session.error("auth_dialogue", "the login stopped: %s" % error)
        initial = True
        reply = yield from session.command(answer)
    return reply


def _forms(head):
    # How a secret begins, in clear and in base64, wherever in a triple it does: what holds no bits of other bytes.
    forms = [head]
    for before in (0, 1, 2):
        encoded = encode(bytes(before) + head)
        forms.append(encoded[(0, 2, 3)[before] : (before + len(head)) * 4 // 3])
    # Shorter ones stand in other words.
    return [form for form in forms if len(form) > 3]
