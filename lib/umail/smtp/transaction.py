"""The envelope of a mail that does not travel in one flight with it (RFC 5321, 3.3), or not at once."""

from umail import load_transient


def begin(session, message, people, final, stale, envelope, answers, made):
    """Send the envelope of ``message`` to ``people``, and what may travel with it (generator).

    ``stale``: RSET comes first; ``envelope``, ``answers``, ``made``: those of sending.py.
    Returns (mode, ``Body``, commands of the envelope, the replies to them).
    """
    features = session.features
    if session.name and (message.notify or message.ret or message.smtputf8):
        yield from _learn(session, message)
    # (Before flight.py is there: a small heap need not hold it beside what encodes. In a list, which it takes it from.)
    if not made or session.features is not features:
        made = [load_transient("mime.body").for_session(session, message)]
    flight = load_transient("smtp.flight")
    mode, body, commands, flight = flight.prepare(session, message, people, final, envelope, made)
    if mode != "flight" and mode != "asked":
        return mode, body, commands, (yield from _alone(session, commands, stale))
    # RFC 2920, 3.1: RSET, MAIL and RCPT may travel together, DATA as the last of a group; RFC 3030, 4.2: BDAT too. A
    # server that does not take a chunk may run it as commands: if it could be some, DATA waits for 354.
    reset = b"RSET\r\n" if stale else b""
    if flight:
        yield from session.put(reset + flight if stale else flight, True)
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
    return mode, body, commands, replies


def _learn(session, message):
    # Ask once more what is offered, if ``message`` wants what may be offered only after a login.
    features = session.features
    if ((message.notify or message.ret) and "DSN" not in features) or (message.smtputf8 and "SMTPUTF8" not in features):
        yield from load_transient("smtp.ehlo").ehlo(session, session.name)
        session.name = None
        session.stage = "mail"


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
