"""The login, by the SASL mechanisms LOGIN, PLAIN (RFC 4616) and XOAUTH2. Loaded for it, then dropped.

The first answer travels with the AUTH command (the initial response of RFC 4954). What the server says to it other than
expected is handed to unexpected.py.
"""

from binascii import b2a_base64

from umail import load_transient


def encode(data):
    """Base64 without a line end (bytes)."""
    return b2a_base64(data)[:-1]


def initial(auth, username, secret):
    """Return the first answer of the mechanism ``auth``, to ``username`` and the password or token: all bytes."""
    if auth == "PLAIN":
        return b"\0%s\0%s" % (username, secret)
    if auth == "LOGIN":
        return username
    return b"user=%s\x01auth=Bearer %s\x01\x01" % (username, secret)


def login(session, secret):
    """Log in by AUTH (RFC 4954) with a password or access token (generator)."""
    route = session.route
    session.stage = "auth"
    offered = session.features.get("AUTH", ())
    auth = "XOAUTH2" if route.token is not None else "PLAIN" if "PLAIN" in offered else "LOGIN"
    if route.auth or not session.secure or auth not in offered:
        auth = load_transient("smtp.unexpected").first(session, offered)
    secret = secret.encode()
    # (A token has two kilobytes: the line with its end is one piece.)
    line = b"AUTH %s %s\r\n" % (auth.encode(), encode(initial(auth, route.username.encode(), secret)))
    reply = None
    heard = ()
    # RFC 4954, 4: a line of 512 bytes at the most, if the provider does not document more.
    if route.long_auth or len(line) <= 512:
        yield from session.put(line)
        line = b""
        reply = yield from session.reply()
        # "Password:", and nothing else, is answered here.
        if auth == "LOGIN" and reply.code == 334 and reply.lines[0] == b"UGFzc3dvcmQ6":
            heard = reply.lines[:1]
            reply = yield from session.command(encode(secret))
    if not reply or reply.code != 235:
        yield from load_transient("smtp.unexpected").login(session, auth, secret, reply, heard, initial, encode)
