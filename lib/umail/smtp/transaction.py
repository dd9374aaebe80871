"""The envelope of a mail that does not travel in one flight with it (RFC 5321, 3.3), or not at once."""

from umail import load_transient


def learn(session, message):
    """Ask once more what is offered, if ``message`` wants what may be offered only after a login (generator)."""
    features = session.features
    if ((message.notify or message.ret) and "DSN" not in features) or (message.smtputf8 and "SMTPUTF8" not in features):
        yield from load_transient("smtp.handshake").ehlo(session, session.name)
        session.name = None
        session.stage = "mail"


def envelope(session, mode, commands, flight, stale, answers):
    """Send it (generator): returns the replies to MAIL and to each RCPT.

    Args:
        mode, commands, flight: what ``flight.prepare`` gave.
        stale (bool): RSET comes first.
        answers: that of sending.py.
    """
    if not flight and mode != "asked":
        return (yield from _alone(session, commands, stale))
    # RFC 2920, 3.1: RSET, MAIL and RCPT may travel together, DATA as the last of a group; RFC 3030, 4.2: BDAT too. A
    # server that does not take a chunk may run it as commands: if it could be some, DATA waits for 354.
    reset = b"RSET\r\n" if stale else b""
    if flight:
        yield from session.put(reset + flight, True)
        yield ("limit", 600, False)
    else:
        yield from session.put(reset + b"".join(commands) + b"DATA\r\n")
    if stale:
        reply = yield from session.reply()
        session.stage = "rcpt"
    replies = yield from answers(session, commands)
    if stale and reply.code < 400 and reply.code != 250:
        # (A server that has no RSET may have taken the rest: the reply to MAIL tells.)
        raise session.refusal(reply)
    return replies


def _alone(session, commands, stale):
    # The envelope alone, answered before anything of the message leaves.
    if stale:
        yield from session.command(b"RSET", 250)
    step = session.in_flight if "PIPELINING" in session.features else 1
    replies = []
    for i in range(0, len(commands), step):
        flight = commands[i : i + step]
        yield from session.put(b"".join(flight))
        for _ in flight:
            replies.append((yield from session.reply()))
            session.stage = "rcpt"
        if replies[0].code != 250:
            break
    session.enter("ready")
    return replies
