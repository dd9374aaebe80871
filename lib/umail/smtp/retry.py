"""Whether a mail that failed is tried again at once, on this connection or a new one, and without what."""

from ..errors import Retry


def again(session, problem, refresh, fresh, possible):
    """Decide on a failed sending: returns whether the next try wants a new access token, or raises the failure.

    Each try has less than the one before: an extension less, or the one new token.

    Args:
        problem (Exception): what ended it.
        refresh (bool): this try had a new access token.
        fresh (bool): the connection was made for it.
        possible (bool): the mail may have a further connection, or this one can be used.
    """
    if isinstance(problem, Retry):
        if possible:
            return refresh
        problem = session.refusal(problem.args[0])
    elif isinstance(problem, OSError):
        problem = session.failure(problem)
    elif isinstance(problem, ValueError):
        if session.stage == "resolve":
            problem = session.error("dns_no_name", str(problem))
        elif session.stage == "auth":
            # What was asked for a token, or what it gave.
            problem = session.error("configuration", str(problem))
        else:
            # The message's source: a file that is gone, a reader that was read before.
            problem = session.error("source", str(problem))
            session.enter("over")
    # In the first round trip after a receipt: the server had closed the idle connection, which only shows now. Nothing
    # but the envelope has left, or its farewell (RFC 5321, 3.8) says that it took nothing.
    if possible and not fresh and session.stage == "mail" and session.round_trips < 2:
        key = getattr(problem, "key", 0)
        if key == "closed" or (key == "server_busy" and problem.code == 421):
            return refresh
    # 535: the access token may have expired before its time; one new one is worth a try (RFC 4954, 6).
    if getattr(problem, "code", 0) == 535 and session.route.token:
        if possible and not refresh:
            return True
        problem.kind = "configuration"
    raise problem


def mail(session, line, reply):
    """Return what to raise for the reply to ``line``, a MAIL command."""
    session.stage = "mail"
    if reply.code == 555 or (reply.code == 501 and reply.enhanced in ("", "5.5.4", "5.5.2")):
        # RFC 5321, 4.1.1.11: a parameter that is not known. The costliest first: binary, then the rest.
        used = []
        for word in line.split()[2:]:
            name, _, value = word.decode().partition("=")
            name = {"BODY": value, "RET": "DSN", "ENVID": "DSN"}.get(name, name)
            if name != "SMTPUTF8":
                used.append(name)
        if "BINARYMIME" in used:
            used = ["BINARYMIME"]
        return _without(session, reply, used)
    return session.refusal(reply)


def body(session, reply, content, mode):
    """Return what to raise for ``reply``, to the message or a part of it; who does not know BDAT gets DATA instead.

    ``content``: the ``Body``; None: a plain text.
    """
    if mode in ("flight", "bdat") and 500 <= reply.code <= 503 and (content is None or content.size is not None):
        return _without(session, reply, ("CHUNKING",))
    return session.refusal(reply)


def final(session, reply, content, mode):
    """Raise what the ``reply`` to a message means, unless it is the final one and says that it was taken."""
    if reply.code != 250:
        raise body(session, reply, content, mode)
    session.final(reply)


def _without(session, reply, names):
    # The extensions called ``names`` are not used again; if none of them was, that is not another try.
    names = [name for name in names if name in session.features]
    if not names:
        return session.refusal(reply)
    for name in names:
        session.without.add(name)
        session.features.pop(name, None)
    if session.state == "sent":
        session.enter("busy")
    return Retry(reply)
