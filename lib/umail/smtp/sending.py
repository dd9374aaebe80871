"""One mail over an open session (RFC 5321, 3.3): the envelope, then the message by BDAT or DATA, in the fewest flights.

Each reply belongs to one command, in order. How a mail travels is its mode (see flight.py):

- "flight": by BDAT, in one flight with its envelope: a short text, if the server pipelines and has taken a chunk
  before, or if no line of it could be a command;
- "asked": by DATA, which travels with the envelope; the message waits for 354: a short text, if the server pipelines;
- "bdat", "data": after the envelope was answered (see transaction.py, data.py).

What stands here is what a plain alert does if all is well. Another mode, or a reply that is not the one expected, is
handed with the session to a module that is loaded for it.
"""

from umail import load_transient

from ..errors import MailError
from .reply import Receipt


def answers(session, commands):
    """Read the replies to MAIL and to each RCPT, ``commands`` (generator): a list."""
    replies = []
    for _ in commands:
        replies.append((yield from session.reply()))
        session.stage = "rcpt"
    return replies


def send(session, message, final):
    """Send one mail (generator; see ``Session.send``)."""
    stale = session.state == "stale"
    session.enter("busy")
    session.stage = "mail"
    if session.name and (message.notify or message.ret or message.smtputf8):
        yield from load_transient("smtp.transaction").learn(session, message)
    # What one envelope takes; the others wait for the next, and QUIT with them (see recipient_batches.py).
    people = message.recipients[: session.route.max_recipients]
    final = final and len(people) == len(message.recipients)
    mode, body, commands, flight = load_transient("smtp.flight").prepare(session, message, people, final)
    if stale or not flight:
        replies = yield from load_transient("smtp.transaction").envelope(
            session, mode, commands, flight, stale, answers
        )
    else:
        yield from session.put(flight, True)
        yield ("limit", 600, False)
        replies = yield from answers(session, commands)
    if replies[0].code != 250:
        raise load_transient("smtp.retry").mail_refused(session, commands[0], replies[0])
    session.stage = "rcpt"
    accepted = []
    refused = []
    for address, reply in zip(people, replies[1:]):
        if 250 <= reply.code <= 252:
            accepted.append(address)
        else:
            refused.append((address, reply))
    if not accepted:
        yield from load_transient("smtp.rcpt_refused").end(session, refused, mode, final)
    try:
        if mode != "flight":
            yield from load_transient("smtp.data").run(session, body, mode, final)
        session.stage = "body"
        reply = yield from session.reply(0, 600)
        if reply.code != 250:
            raise load_transient("smtp.retry").body_refused(session, reply, body, mode)
        # If a reply too many has come, this one is not the final one: it speaks of an address (RFC 3463, 3.2), or
        # a refusal follows. (What follows QUIT may be anything.)
        after = b"" if final and mode in ("flight", "bdat") else session.buffer.peek()
        if reply.lines[0][:4] == b"2.1." or (after[:1] in (b"4", b"5") and after != b"421"):
            raise session.error("desync", "a reply out of place: %s" % reply)
    except MailError as error:
        error.refused = refused
        raise
    if mode in ("flight", "bdat"):
        session.takes_chunks = True
    elif final:
        # Not with the message: there are servers that refuse whatever travels with the end of DATA. Nobody waits
        # for its reply.
        try:
            yield b"QUIT\r\n"
        except OSError:
            pass
    session.enter("over" if final else "ready")
    trips, session.round_trips = session.round_trips, 0
    return Receipt(accepted, refused, reply, message.message_id, trips)
