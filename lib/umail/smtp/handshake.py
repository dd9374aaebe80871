"""How a session opens (see session.py): greeting, EHLO, STARTTLS, login. Loaded for a connection, then dropped.

EHLO and the login are modules of their own: the heap is at its fullest when TLS begins, between the two.
"""

from umail import load_transient


def open(session, name, secret=None):
    """Greeting, EHLO, STARTTLS and login, as the route wants them (generator).

    Args:
        name (str): to greet with.
        secret (str): the password or access token, if the route has a login.
    """
    name = name.encode()
    security = session.route.security
    if security == "tls":
        yield from tls(session)
    session.stage = "greeting"
    yield from session.reply(220)
    yield from load_transient("smtp.ehlo").ehlo(session, name)
    if security != "tls":
        session.stage = "starttls"
        if security == "starttls" and "STARTTLS" in session.features:
            yield from session.command(b"STARTTLS", 220)
            yield from tls(session)
            # RFC 3207, 4.2: what was learned before TLS is void.
            yield from load_transient("smtp.ehlo").ehlo(session, name)
        else:
            yield from load_transient("smtp.unexpected").security(session, name, tls, load_transient("smtp.ehlo").ehlo)
    if secret is not None:
        yield from load_transient("smtp.login").login(session, secret)
        session.name = name
    session.enter("ready")


def tls(session):
    session.stage = "starttls"
    if len(session.buffer):
        # Bytes that came with the reply would be read as if TLS had protected them.
        raise session.error("starttls_injection")
    yield ("tls", session.route, session.host)
    session.secure = True
