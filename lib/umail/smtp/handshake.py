"""How a session opens (see session.py): greeting, EHLO, STARTTLS, login. Loaded for a connection, then dropped.

Each step is a module of its own: the heap is at its fullest when TLS begins, and at the login.
"""

from umail import load_transient


def open(session, name, secret=None):
    """Greeting, EHLO, STARTTLS and login, as the route wants them (generator).

    Args:
        name (str): to greet with.
        secret (str): the password or access token, if the route has a login.
    """
    name = name.encode()
    begin_tls = session.route.security == "tls"
    greeted = False
    while True:
        if begin_tls:
            session.stage = "starttls"
            if len(session.buffer):
                # Bytes that came with the reply would be read as if TLS had protected them.
                raise session.error("starttls_injection")
            # RFC 3207, 4.2: what was learned before TLS is void.
            session.features = {}
            yield ("tls", session.route, session.host)
            session.secure = True
        begin_tls = yield from load_transient("smtp.ehlo").begin(session, name, greeted, secret)
        if not begin_tls:
            break
        greeted = True
    if secret is not None:
        yield from load_transient("smtp.login").login(session, secret)
        session.name = name
    session.enter("ready")
