"""The envelope of a mail that does not travel in one flight with it (RFC 5321, 3.3), or not at once."""

from umail import load_transient


def begin(session, message, recipients, final, stale, envelope, answers, content):
    """Send the envelope of ``message`` to ``recipients``, and what may travel with it (generator).

    ``stale``: RSET comes first; ``envelope``, ``answers``, ``content``: those of sending.py.
    Returns (mode, ``Body``, lines of the envelope, the replies to them).
    """
    features = session.features
    if session.name and (message.notify or message.ret or message.smtputf8):
        yield from update(session, message)
    # (Before flight.py is there: a small heap need not hold it beside what encodes. In a list, which it takes it from.)
    if not content or session.features is not features:
        content = [load_transient("mime.body").render(session, message)]
    features = session.features
    mode = "bdat" if "CHUNKING" in features else "data"
    body = content[0]
    short = "PIPELINING" in features and body.body != "binary" and len(recipients) < session.in_flight - 4
    # Bytes of a text that travels with its envelope or, by DATA, with its end.
    short = short and body.size is not None and body.size <= 4096
    text = body = None
    if short and mode == "bdat":
        body, text = load_transient("smtp.flight").pack(session, message, content)
    body = body or content.pop()
    lines = command(session, message, recipients, body, envelope)
    if not short:
        return mode, body, lines, (yield from single(session, lines, stale))
    # RFC 2920, 3.1: RSET, MAIL and RCPT may travel together, DATA as the last of a group; RFC 3030, 4.2: BDAT too. A
    # server that does not take a chunk may run it as commands: if it could be some, DATA waits for 354.
    reset = b"RSET\r\n" if stale else b""
    mode = "asked"
    if text:
        mode = "flight"
        text[0:0] = reset + b"".join(lines) + b"BDAT %d LAST\r\n" % len(text)
        if final:
            text += b"QUIT\r\n"
        yield from session.put(text, True)
        yield ("limit", 600, False)
    else:
        yield from session.put(reset + b"".join(lines) + b"DATA\r\n")
    if stale:
        reply = yield from session.reply()
        session.stage = "rcpt"
    replies = yield from answers(session, lines)
    if stale and reply.code < 400 and reply.code != 250:
        # (A server that has no RSET may have taken the rest: the reply to MAIL tells.)
        raise session.refusal(reply)
    return mode, body, lines, replies


def update(session, message):
    # Ask once more what is offered, if ``message`` wants what may be offered only after a login.
    features = session.features
    if ((message.notify or message.ret) and "DSN" not in features) or (message.smtputf8 and "SMTPUTF8" not in features):
        yield from load_transient("smtp.ehlo").ehlo(session, session.name)
        session.name = None
        session.stage = "mail"


def command(session, message, recipients, body, envelope):
    # MAIL, with the extensions that are used, and RCPT for each.
    features = session.features
    line = b""
    if body.body != "7bit":
        # RFC 6152, RFC 3030
        if body.body == "binary":
            line = b" BODY=BINARYMIME"
        elif "8BITMIME" in features:
            line = b" BODY=8BITMIME"
    if message.smtputf8 or max((session.route.sender or "@").encode()) > 127:
        # RFC 6531; the route's sender, too, may be in another script.
        if "SMTPUTF8" not in features:
            raise session.error("smtputf8")
        line += b" SMTPUTF8"
    notify = b""
    if "DSN" in features and (message.notify or message.ret):
        more, notify = load_transient("mime.optional_fields").notify(message)
        line += more
    return envelope(session, message, recipients, body.size, line, notify)


def single(session, lines, stale):
    # The envelope alone, answered before anything of the message leaves.
    if stale:
        yield from session.command(b"RSET", 250)
    step = session.in_flight if "PIPELINING" in session.features else 1
    replies = []
    for i in range(0, len(lines), step):
        flight = lines[i : i + step]
        yield from session.put(b"".join(flight))
        for _ in flight:
            replies.append((yield from session.reply()))
            session.stage = "rcpt"
        if replies[0].code != 250:
            break
    session.enter("ready")
    return replies
