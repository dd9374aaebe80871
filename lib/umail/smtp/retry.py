"""Whether a mail that failed is tried again at once, on this connection or a new one, and without what."""

from .reply import Retry


def again(session, problem, refresh, fresh):
    """Decide on a failed sending: returns whether the next try wants a new access token, or raises the failure.

    Args:
        problem (Exception): what ended it.
        refresh (bool): this try had a new access token.
        fresh (bool): the connection was made for it.
    """
    if isinstance(problem, Retry):
        return refresh
    if isinstance(problem, OSError):
        problem = session.failure(problem)
    elif isinstance(problem, ValueError):
        if session.stage == "resolve":
            problem = session.error("dns_no_name", str(problem))
        elif session.stage == "auth":
            # What was asked for a token, or what it gave.
            problem = session.error("configuration", str(problem))
        else:
            # The message's source: a file that is gone, a reader that was read before.
            session.enter("over")
            problem = session.error("source", str(problem))
    # In the first round trip after a receipt: the server had closed the idle connection, which only shows now. Nothing
    # but the envelope has left.
    if not fresh and session.stage == "mail" and session.round_trips < 2 and getattr(problem, "key", 0) == "closed":
        return refresh
    # 535: the access token may have expired before its time; one new one is worth a try (RFC 4954, 6).
    if getattr(problem, "code", 0) == 535 and session.route.token:
        if not refresh:
            return True
        problem.kind = "configuration"
    raise problem


def mail_refused(session, line, reply):
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
        if used:
            return _without(session, *used)
    return session.refusal(reply)


def body_refused(session, reply, body, mode):
    """Return what to raise for ``reply``, to the message or a part of it; who does not know BDAT gets DATA instead."""
    if mode in ("flight", "bdat") and 500 <= reply.code <= 503 and body.size is not None:
        return _without(session, "CHUNKING")
    return session.refusal(reply)


def _without(session, *names):
    # The extensions called ``names`` are not used again.
    for name in names:
        session.without.add(name)
        session.features.pop(name, None)
    if session.state == "sent":
        session.enter("busy")
    return Retry()
