"""From a route to a connection: access token, host, address; loaded for it, then dropped."""

from umail import load_transient, now


def connect(delivery, route, refresh):
    """Connect to ``route`` (generator): returns what ``Session.open`` wants, the name to greet with and the secret.

    ``refresh``: the secret is a new access token.
    """
    session = delivery.session
    session.begin(route)
    session.stage = "connect"
    if now() is None:
        load_transient("fallback").clock(session, route)
    secret = route.password
    if route.token:
        session.stage = "auth"
        secret = yield ("call", route.token, refresh)
        if not load_transient("making").plain(secret, 9999):
            load_transient("checks").token(secret)
    local = yield from open_connection(session, route)
    delivery.connected = True
    delivery.left -= 1
    return route.ehlo or ("[%s]" % local if local else "[127.0.0.1]"), secret


def open_connection(session, route):
    # A connection to the first address, of the first host, that takes it: the local address.
    session.stage = "resolve"
    hosts = (route.host,) if route.host else (yield from load_transient("net.mx").hosts(load_transient("dns"), route))
    for session.host in hosts:
        session.stage = "resolve"
        try:
            addresses = yield from (route.resolve or load_transient("net.resolve").resolve)(session.host)
        except Exception as error:
            # RFC 5321, 5.1: the next mail host may have an address.
            if session.host is hosts[-1] or not hasattr(error, "kind"):
                raise
            continue
        session.stage = "connect"
        # For TLS (see net/opening.py), whose code would leave it no whole piece.
        session.buffer.free = bytearray(3648)
        while addresses:
            for address in addresses:
                try:
                    local = yield ("connect", address, route.port, session.buffer)
                    route.reached = True
                    return local
                except OSError as error:
                    failure = error
            addresses = yield from (route.resolve or load_transient("net.resolve").others)(session.host, addresses)
    raise session.unreachable(failure)
