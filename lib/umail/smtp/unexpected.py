"""What follows a reply in the opening of a session that is not the one expected (see handshake.py).

And what is not a reply at all.
"""

from umail import load_transient

from ..errors import Broken


def broken(buffer, line, code=0, first=0):
    """Return the ``Broken`` that says what is wrong with ``line``; None: there is none, and none will come."""
    if line is None:
        if len(buffer) < len(buffer.data):
            return Broken("the connection ended inside a reply")
        return Broken("a reply line longer than %d bytes" % len(buffer))
    if not 200 <= code < 600 or code % 100 > 59:
        return Broken("not an SMTP reply: " + load_transient("smtp.enhanced").printable(line[:60]))
    return Broken("the code changes inside a reply" if code != first else "a reply without an end")


def security(session, name, tls, hello):
    """Go on without STARTTLS, or with it if it is offered, if the route is content with that (generator)."""
    # Opportunistic goes on in clear; a login is never tried there.
    if session.route.security == "opportunistic":
        if "STARTTLS" in session.features:
            reply = yield from session.command(b"STARTTLS")
            if reply.code == 220:
                yield from tls(session)
                yield from hello(session, name)
    elif session.route.security != "plain":
        raise session.error("starttls_missing")


def ehlo(session, name, reply):
    """Go on after ``reply`` refused EHLO (generator), if that is possible."""
    if reply.code in (500, 501, 502, 504) and session.route.security in ("plain", "opportunistic"):
        if not session.secure:
            # RFC 5321, 3.2: a server from before EHLO. Without it there is neither TLS nor login.
            reply = yield from session.command(b"HELO " + name)
            if reply.code == 250:
                return
    raise session.refusal(reply)
