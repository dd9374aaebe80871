"""What follows a reply in the opening of a session that is not the one expected (see handshake.py).

And what is not a reply at all.
"""

from ..errors import Broken
from ..message import printable


def broken(buffer, line, code=0, first=0):
    """Return the ``Broken`` that says what is wrong with ``line``; None: there is none, and none will come."""
    if line is None:
        if len(buffer) < len(buffer.data):
            return Broken("the connection ended inside a reply")
        return Broken("a reply line longer than %d bytes" % len(buffer))
    if not 200 <= code < 600 or code % 100 > 59:
        return Broken("not an SMTP reply: " + printable(line[:60]))
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


def auth(session, offered):
    """Return the MailError for a server with which the route's login must not be tried, or cannot be."""
    if not session.secure:
        return session.error("login_in_clear")
    route = session.route
    what = "AUTH " + " ".join(offered) if offered else "no AUTH"
    wanted = ", and the route wants " + route.auth if route.auth else ""
    return session.error("auth_none_offered", "the server offers " + what[:100] + wanted)


def login(session, mechanisms, secret, reply, exchange):
    """Go on after ``reply`` ended the first exchange (generator); ``exchange`` runs another, once per connection."""
    # Only if certificates are checked.
    if mechanisms[1:] and session.route.trust != "insecure" and _not_taken(reply, mechanisms[0]):
        reply = yield from exchange(session, mechanisms[1], secret)
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
