"""One mail over an open session (RFC 5321, 3.3): the envelope, then the message by BDAT or DATA, in the fewest flights.

Each reply belongs to one command, in order. How the message travels is its mode:

- "flight": by BDAT, in one flight with its envelope: a short text, if the server pipelines and has taken a chunk
  before, or if no line of it could be a command (see inert.py);
- "asked": by DATA, which travels with the envelope; the message waits for 354: a short text, if the server pipelines;
- "bdat", "data": after the envelope was answered (see data.py).
"""

from umail import load_transient

from ..errors import MailError

# Bytes of a text that travels with its envelope or, by DATA, with its end.
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


def send(session, message, final):
    """Send one mail (generator; see ``Session.send``)."""
    stale = session.state == "stale"
    session.enter("busy")
    session.stage = "mail"
    features = session.features
    chunking = "CHUNKING" in features
    if session.name and (
        ((message.notify or message.ret) and "DSN" not in features) or (message.smtputf8 and "SMTPUTF8" not in features)
    ):
        # What is wanted may be offered only after a login.
        yield from load_transient("smtp.handshake").ehlo(session, session.name)
        session.name = None
        features = session.features
        session.stage = "mail"
    # What one envelope takes; the others wait for the next, and QUIT with them (see recipient_batches.py).
    people = message.recipients[: session.route.max_recipients]
    final = final and len(people) == len(message.recipients)
    body = message.encode("8BITMIME" in features, chunking and "BINARYMIME" in features)
    text = None
    short = "PIPELINING" in features and body.size is not None and body.size <= SHORT and body.body != "binary"
    short = short and len(people) < session.in_flight - 4
    if short and chunking:
        if session.takes_chunks:
            text = b"".join([bytes(chunk) for chunk in body.chunks()])
            body._pieces = (text,)
        else:
            body, text = load_transient("smtp.inert").prepare(message, body)
    commands = _envelope(session, message, people, body)
    if short:
        mode, replies = yield from _one_flight(session, commands, text, final, stale)
    else:
        mode = "bdat" if chunking else "data"
        replies = yield from _flights(session, commands, stale)
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
        # Not with the message: there are servers that refuse whatever travels with the end of DATA. Nobody waits for
        # its reply.
        try:
            yield b"QUIT\r\n"
        except OSError:
            pass
    session.enter("over" if final else "ready")
    trips, session.round_trips = session.round_trips, 0
    return Receipt(accepted, refused, reply, message.message_id, trips)


def _envelope(session, message, people, body):
    # MAIL, with the extensions that are used, and RCPT for each.
    features = session.features
    line = b"MAIL FROM:<" + (session.route.sender or message.sender).encode() + b">"
    if body.size is not None and "SIZE" in features:
        session.check_size(body.size)
        line += b" SIZE=%d" % body.size
    if body.body != "7bit":
        # RFC 6152, RFC 3030
        if body.body == "binary":
            line += b" BODY=BINARYMIME"
        elif "8BITMIME" in features:
            line += b" BODY=8BITMIME"
    if message.smtputf8 or max(line) > 127:
        # RFC 6531; the route's sender, too, may be in another script.
        if "SMTPUTF8" not in features:
            raise session.error("smtputf8")
        line += b" SMTPUTF8"
    notify = b""
    if "DSN" in features and (message.notify or message.ret):
        more, notify = load_transient("mime.optional_fields").dsn_parameters(message)
        line += more
    commands = [line + b"\r\n"]
    for address in people:
        commands.append(b"RCPT TO:<" + address.encode() + b">" + notify + b"\r\n")
    return commands


def _flights(session, commands, stale):
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


def _one_flight(session, commands, text, final, stale):
    # RFC 2920, 3.1: RSET, MAIL and RCPT may travel together, DATA as the last of a group; RFC 3030, 4.2: BDAT too.
    flight = [b"RSET\r\n"] + commands if stale else list(commands)
    count = len(flight)
    # A server that does not take the chunk may run it as commands: if it could be some, DATA waits for 354.
    mode = "flight" if text else "asked"
    if text:
        flight += [b"BDAT %d LAST\r\n" % len(text), text, b"QUIT\r\n" if final else b""]
    else:
        flight.append(b"DATA\r\n")
    yield from session.put(b"".join(flight), mode == "flight")
    if mode == "flight":
        yield ("limit", 600, False)
    replies = []
    for _ in range(count):
        replies.append((yield from session.reply()))
        session.stage = "rcpt"
    if stale:
        reply = replies.pop(0)
        # A server that has no RSET may have taken the rest: the reply to MAIL tells.
        if reply.code < 400 and reply.code != 250:
            raise session.refusal(reply)
    return mode, replies
