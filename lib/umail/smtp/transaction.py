"""One mail over an open session (RFC 5321, 3.3): the envelope, then the message by BDAT or DATA, in the fewest flights.

Each reply belongs to one command, in order. A short text goes in one flight with its envelope where the server
pipelines; everything else waits until the envelope was answered, and so does DATA for its reply (see upload.py).
"""

from umail import borrow

from ..errors import MailError

# Replies to so many commands fit any socket's buffers: more are never owed at a time.
IN_FLIGHT = 100

# Octets of a text that travels with its envelope or, by DATA, with its end.
SHORT = 4096


class Receipt:
    """What became of a mail that was accepted.

    Attributes:
        accepted (list): the addresses that get it.
        refused (list): ``(address, reply)`` for each that was not; ``reply`` has ``.code``, ``.enhanced``, ``.text``.
        reply (Reply): the server's final reply; Exchange puts its own id into it.
        message_id (str): as in the message.
        round_trips (int): how often the server had answered and waited for this client, since the connection began
            or the last receipt.
    """

    def __init__(self, accepted, refused, reply, message_id, round_trips):
        self.accepted = accepted
        self.refused = refused
        self.reply = reply
        self.message_id = message_id
        self.round_trips = round_trips

    def __repr__(self):
        return "Receipt(accepted=%r, refused=%r, round_trips=%d)" % (self.accepted, self.refused, self.round_trips)


def send(session, message, last):
    """Send one mail (generator; see ``Session.send``)."""
    session.in_step = False
    session.stage = "mail"
    features = session.features
    chunking = "CHUNKING" in features
    # What one envelope takes; the others wait for the next, and QUIT with them (see envelopes.py).
    people = message.recipients[: session.route.max_recipients]
    last = last and len(people) == len(message.recipients)
    body = message.encode("8BITMIME" in features, chunking and "BINARYMIME" in features)
    commands = _envelope(session, message, people, body)
    together = "PIPELINING" in features and body.size is not None and body.size <= SHORT and body.body != "binary"
    if together and len(people) < IN_FLIGHT - 4:
        chunking, replies = yield from _one_flight(session, commands, body, last, chunking)
    else:
        together = False
        replies = yield from _flights(session, commands)
    if replies[0].code != 250:
        raise borrow("smtp.failure").mail_refused(session, commands[0], replies[0])
    session.stage = "rcpt"
    accepted = []
    refused = []
    for address, reply in zip(people, replies[1:]):
        if 250 <= reply.code <= 252:
            accepted.append(address)
        else:
            refused.append((address, reply))
    if not accepted:
        yield from borrow("smtp.failure").nobody(session, refused, together, last, chunking)
    try:
        if not (together and chunking):
            yield from borrow("smtp.data").run(session, body, last, chunking, together)
        session.stage = "body"
        reply = yield from session.reply(0, 600)
        take(session, reply, body, chunking)
        # Where a reply too many has come, this one is not the final one: it speaks of an address (RFC 3463, 3.2), or
        # a refusal follows.
        after = session.buffer.peek()
        if reply.lines[0][:4] == b"2.1." or (after[:1] in (b"4", b"5") and after != b"421"):
            raise session.error("desync", "a reply out of place: %s" % reply)
    except MailError as error:
        error.refused = refused
        raise
    session.sent = False
    session.in_step = not last
    trips, session.round_trips = session.round_trips, 0
    return Receipt(accepted, refused, reply, message.message_id, trips)


def take(session, reply, body, chunking):
    """Go on where ``reply``, to a piece of the message, is 250; a server that does not know BDAT gets DATA instead."""
    if reply.code != 250:
        if chunking and 500 <= reply.code <= 503 and body.size is not None:
            raise borrow("smtp.failure").mend(session, "CHUNKING")
        raise session.refusal(reply)


def check_size(session, count):
    """RFC 1870: what is known to be too much for the server is not tried, or not gone on with."""
    limit = session.features.get("SIZE")
    if limit and limit[0].isdigit() and 0 < int(limit[0]) < count:
        raise session.error("size", "%d octets; the server takes %s" % (count, limit[0]))


def _envelope(session, message, people, body):
    # MAIL, with the extensions that are used, and RCPT for each.
    features = session.features
    line = b"MAIL FROM:<" + (session.route.sender or message.sender).encode() + b">"
    if body.size is not None and "SIZE" in features:
        check_size(session, body.size)
        line += b" SIZE=%d" % body.size
    if body.body != "7bit":
        # RFC 6152, RFC 3030
        line += b" BODY=BINARYMIME" if body.body == "binary" else b" BODY=8BITMIME"
    if message.smtputf8 or max(line) > 127:
        # RFC 6531; the route's sender, too, may be in another script.
        if "SMTPUTF8" not in features:
            raise session.error("smtputf8")
        line += b" SMTPUTF8"
    notify = b""
    if "DSN" in features and (message.notify or message.ret):
        more, notify = borrow("mime.dsn").parameters(message)
        line += more
    commands = [line + b"\r\n"]
    for address in people:
        commands.append(b"RCPT TO:<" + address.encode() + b">" + notify + b"\r\n")
    return commands


def _flights(session, commands):
    # The envelope alone, answered before anything of the message leaves.
    if session.dirty:
        session.dirty = False
        yield from session.command(b"RSET", 250)
    step = IN_FLIGHT if "PIPELINING" in session.features else 1
    replies = []
    for i in range(0, len(commands), step):
        flight = commands[i : i + step]
        yield from session.put(b"".join(flight))
        for _ in flight:
            replies.append((yield from session.reply()))
            session.stage = "rcpt"
        if replies[0].code != 250:
            break
    session.in_step = True
    return replies


def _one_flight(session, commands, body, last, chunking):
    # RFC 2920, 3.1: RSET, MAIL and RCPT may travel together, DATA as the last of a group; RFC 3030, 4.2: BDAT too.
    flight = [b"RSET\r\n"] + commands if session.dirty else list(commands)
    count = len(flight)
    if chunking:
        text = b"".join([bytes(chunk) for chunk in body.chunks()])
        # A server that does not take the chunk runs it as commands: where it could be some, DATA waits for 354.
        low = text.lower()
        for line in (b"\nmail from", b"\ndata\r", b"\nbdat "):
            if line in low:
                chunking = False
    if chunking:
        flight += [b"BDAT %d LAST\r\n" % len(text), text, b"QUIT\r\n" if last else b""]
    else:
        flight.append(b"DATA\r\n")
    yield from session.put(b"".join(flight), chunking)
    if chunking:
        yield ("limit", 600)
    replies = []
    for _ in range(count):
        replies.append((yield from session.reply()))
        session.stage = "rcpt"
    if session.dirty:
        session.dirty = False
        reply = replies.pop(0)
        # A server that has no RSET may have taken the rest: the reply to MAIL tells.
        if reply.code < 400 and reply.code != 250:
            raise session.refusal(reply)
    return chunking, replies
