"""One mail over an open session (RFC 5321, 3.3): the envelope, then the message by BDAT or DATA, in the fewest flights.

Each reply belongs to one command, in order. How a mail travels is its mode (see flight.py):

- "flight": by BDAT, in one flight with its envelope: a short text, if the server pipelines and has taken a chunk
  before, or if no line of it could be a command;
- "asked": by DATA, which travels with the envelope; the message waits for 354: a short text, if the server pipelines;
- "bdat", "data": after the envelope was answered (see transaction.py, bdat.py, data.py).

What stands here is what a plain alert does if all is well: a short text that was written before (see mime/plain.py), in
one flight. Another mail or mode, or a reply that is not the one expected, is handed with the session to a module that
is loaded for it.
"""

from umail import load_transient


def envelope(session, message, recipients, size, more=b"", notify=b""):
    """Return the envelope (list of bytes): MAIL with ``more`` parameters, RCPT for each recipient with ``notify``.

    ``size``: of the message, or None if it is not known.
    """
    limit = session.features.get("SIZE")
    if size is not None and limit is not None:
        if limit and limit[0].isdigit() and 0 < int(limit[0]) < size:
            load_transient("smtp.bdat").check(session, size)
        more = b" SIZE=%d%s" % (size, more)
    commands = [b"MAIL FROM:<%s>%s\r\n" % ((session.route.sender or message.sender).encode(), more)]
    for address in recipients:
        commands.append(b"RCPT TO:<%s>%s\r\n" % (address.encode(), notify))
    return commands


def answers(session, lines):
    """Read the replies to MAIL and to each RCPT, ``lines`` (generator): a list."""
    replies = []
    for _ in lines:
        replies.append((yield from session.reply()))
        session.stage = "rcpt"
    return replies


def flight(session, message, people, final, text):
    """Send ``text``, of mime/plain.py, with its envelope (generator): returns the commands; an empty list, if it can't.

    (It is a function of its own as code and what it works with want whole pieces of memory.)
    """
    if "CHUNKING" in session.features and "PIPELINING" in session.features:
        size = len(text) - message.space - 6
        commands = envelope(session, message, people, size)
        head = b"".join(commands) + b"BDAT %d LAST\r\n" % size
        at = message.space - len(head)
        # (An address in another script needs an extension.)
        if at >= 0 and max(head) < 127:
            text[at : at + len(head)] = head
            yield from session.put(memoryview(text)[at : len(text) if final else -6], True)
            yield ("limit", 600, False)
            return commands
    return []


def ended(session, body, mode, final):
    """Read the final reply, which has accepted the message, or raise what it says (generator)."""
    session.stage = "body"
    reply = yield from session.reply(0, 600)
    chunks = mode in ("flight", "bdat")
    # If a reply too many has come, this one is not the final one. (What follows QUIT may be anything.)
    more = len(session.buffer) and not (final and chunks)
    if more or reply.code != 250 or reply.lines[0][:4] == b"2.1.":
        load_transient("smtp.retry").final(session, reply, body, mode)
    session.takes_chunks = session.takes_chunks or chunks
    return reply


def send(session, message, final=False, content=()):
    """Send one mail (generator); returns a ``Receipt``.

    Args:
        message (Message): what to send.
        final (bool): nothing follows: QUIT travels with it, and the connection is not used again.
        content (list): of what mime/plain.py or mime/body.py has made of it, which is taken out, so that its memory
            is free as soon as it was sent; empty: it is made when wanted.

    Raises:
        MailError: refused, broken off or uncertain.
        Retry: try again, on this connection if it is ``in_step``.
    """
    state = session.state
    session.enter("busy")
    session.stage = "mail"
    # What one envelope takes; the others wait for the next, and QUIT with them (see recipient_batches.py).
    people = list(message.recipients[: session.route.max_recipients])
    final = final and len(people) == len(message.recipients)
    mode = "flight"
    body = replies = None
    commands: list = []
    if content and isinstance(content[0], bytearray):
        commands = yield from flight(session, message, people, final, content.pop())
        replies = commands and (yield from answers(session, commands))
    if not replies:
        mode, body, commands, replies = yield from load_transient("smtp.transaction").begin(
            session, message, people, final, state == "stale", envelope, answers, content
        )
    session.stage = "rcpt"
    refused: list = []
    for reply in replies:
        if reply.code != 250:
            people, refused = yield from load_transient("smtp.accepted_recipients").sort(
                session, people, commands[0], replies, mode, final
            )
            break
    try:
        if mode != "flight":
            yield from load_transient("smtp.bdat" if mode == "bdat" else "smtp.data").run(session, body, mode, final)
        reply = yield from ended(session, body, mode, final)
    except Exception as error:
        if refused:
            session.refused(error, refused)
        raise
    if final and mode not in ("flight", "bdat"):
        # Not with the message: there are servers that refuse whatever travels with the end of DATA. Nobody waits
        # for its reply.
        try:
            yield b"QUIT\r\n"
        except OSError:
            pass
    session.enter("over" if final else "ready")
    trips = session.round_trips
    session.round_trips = 0
    return session.Receipt(people, refused, reply, message.message_id, trips)
