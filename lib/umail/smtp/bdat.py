"""A message that follows its envelope by BDAT (RFC 3030), and what DATA checks in the same way (see data.py)."""

from umail import load_transient


def check(session, count):
    """Raise the MailError for more bytes than the server takes (RFC 1870): they are not sent, or no further."""
    limit = session.features.get("SIZE")
    if limit and limit[0].isdigit() and 0 < int(limit[0]) < count:
        raise session.error("size", "%d bytes; the server takes %s" % (count, limit[0]))


def complete(session):
    """Tell whether a whole line has been received."""
    buffer = session.buffer
    return buffer.data.find(b"\n", buffer.start, buffer.end) >= 0


def run(session, body, mode, final):
    """Send it up to its last byte (generator); ``mode`` and ``final`` as in transaction.py."""
    session.enter("busy")
    end = b"QUIT\r\n" if final and "PIPELINING" in session.features else b""
    # Four bytes of the first header go alone and are answered: a server that does not take chunks would run them
    # as commands.
    session.stage = "body"
    chunks = body.chunks()
    first = next(chunks)
    yield from session.put(b"BDAT 4\r\n" + bytes(first[:4]))
    reply = yield from session.reply()
    if reply.code != 250:
        raise load_transient("smtp.retry").body(session, reply, body, mode)
    if body.size is None:
        yield from pieces(session, iterator(first, chunks), end)
    else:
        yield from single(session, body, iterator(first, chunks), end)
    yield ("limit", 600, False)


def iterator(first, chunks):
    # What follows the four bytes that went alone.
    yield first[4:]
    yield from chunks


def single(session, body, chunks, end):
    # One chunk, if the size is known.
    count = 4
    yield from session.put(b"BDAT %d LAST\r\n" % (body.size - count))
    for chunk in chunks:
        count += len(chunk)
        if count > body.size:
            # What goes beyond the chunk's length would run as commands.
            break
        if count == body.size:
            session.enter("sent")
        yield chunk
        if session.state != "sent" and complete(session):
            yield from refused(session)
    match(session, body.size, count)
    if end:
        yield end


def pieces(session, chunks, end):
    # A chunk for each piece, and only so many of them unanswered that neither side blocks.
    owed = 0
    most = session.in_flight // 2 if "PIPELINING" in session.features else 1
    count = 4
    for chunk in chunks:
        count += len(chunk)
        check(session, count)
        yield from session.put(b"BDAT %d\r\n" % len(chunk), False, owed)
        yield chunk
        owed += 1
        while owed and (owed == most or complete(session)):
            session.asked = not complete(session)
            yield from session.reply(250)
            owed -= 1
    yield from session.put(b"BDAT 0 LAST\r\n" + end, True, owed)
    while owed:
        yield from session.reply(250)
        owed -= 1


def refused(session):
    """Raise what came while the message leaves (generator): the server has nothing to say then but a refusal."""
    raise session.refusal((yield from session.reply()))


def match(session, size, count):
    """Raise the MailError if not as many bytes came as were promised: the message must not end as if it were whole."""
    if size is not None and count != size:
        raise session.error("source", "the message was to have %d bytes and has %d" % (size, count))
