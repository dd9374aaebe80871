"""A message that does not travel with its envelope (RFC 5321, 4.1.1.4; RFC 3030): DATA, or BDAT in pieces."""

from umail import borrow

from .reply import complete
from .transaction import IN_FLIGHT, SHORT, check_size, take


def run(session, body, last, chunking, asked):
    """Send it up to its last octet (generator).

    Args:
        last: QUIT travels with it.
        chunking: by BDAT, else DATA, which with ``asked`` is under way already.
    """
    session.in_step = False
    quit = b"QUIT\r\n" if last and "PIPELINING" in session.features else b""
    if not chunking:
        yield from _data(session, body, quit, asked)
    else:
        # Four octets of the first header go alone and are answered: a server that does not take chunks would run them
        # as commands.
        session.stage = "body"
        chunks = body.chunks()
        first = next(chunks)
        yield from session.put(b"BDAT 4\r\n" + bytes(first[:4]))
        take(session, (yield from session.reply()), body, True)
        if body.size is None:
            yield from _pieces(session, _rest(first, chunks), quit)
        else:
            yield from _whole(session, body, _rest(first, chunks), quit)
    yield ("limit", 600)


def _rest(first, chunks):
    # What follows the four octets that went alone.
    yield first[4:]
    yield from chunks


def _data(session, body, quit, asked):
    # With dots stuffed (RFC 5321, 4.5.2).
    session.stage = "data"
    if not asked:
        yield from session.put(b"DATA\r\n")
    yield from session.reply(354)
    session.stage = "body"
    stuffer = borrow("smtp.dots").DotStuffer()
    count = 0
    whole = b""
    for chunk in body.chunks():
        count += len(chunk)
        if body.size is None:
            check_size(session, count)
        if body.dots:
            chunk = stuffer.feed(chunk)
        if body.size is not None and body.size <= SHORT:
            # With its end in one piece: TCP holds a second small one back until the first was acknowledged (RFC 1122,
            # 4.2.3.4), which servers delay by 40 to 200 ms.
            whole += chunk
            continue
        yield chunk
        if complete(session.buffer) and not session.sent:
            yield from _refused(session)
    _check_count(session, body.size, count)
    yield from session.put(whole + stuffer.end() + quit, True)


def _whole(session, body, chunks, quit):
    # One chunk, where the size is known.
    count = 4
    yield from session.put(b"BDAT %d LAST\r\n" % (body.size - count))
    for chunk in chunks:
        count += len(chunk)
        if count > body.size:
            # What goes beyond the chunk's length would run as commands.
            break
        if count == body.size:
            session.leaves()
        yield chunk
        if complete(session.buffer) and not session.sent:
            yield from _refused(session)
    _check_count(session, body.size, count)
    if quit:
        yield quit


def _pieces(session, chunks, quit):
    # A chunk for each piece, and only so many of them unanswered that neither side blocks.
    owed = 0
    most = IN_FLIGHT // 2 if "PIPELINING" in session.features else 1
    count = 4
    for chunk in chunks:
        count += len(chunk)
        check_size(session, count)
        yield from session.put(b"BDAT %d\r\n" % len(chunk), False, owed)
        yield chunk
        owed += 1
        while owed and (owed == most or complete(session.buffer)):
            session.asked = not complete(session.buffer)
            yield from session.reply(250)
            owed -= 1
    yield from session.put(b"BDAT 0 LAST\r\n" + quit, True, owed)
    while owed:
        yield from session.reply(250)
        owed -= 1


def _refused(session):
    # While the message comes the server has nothing to say, unless to refuse it.
    raise session.refusal((yield from session.reply()))


def _check_count(session, size, count):
    # The octets promised are not those that came: the message must not end as if it were whole.
    if size is not None and count != size:
        if count < size:
            session.sent = False
        raise session.error("source", "the message was to have %d octets and has %d" % (size, count))
