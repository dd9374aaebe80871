"""The SMTP dialogue (RFC 5321), written once, without a socket: generators that any driver can run.

How it works. Each public generator here is one thing a client does: ``open`` (greeting, EHLO, STARTTLS, login; see
handshake.py), ``send`` (one mail; see sending.py), ``quit``. It yields to its driver one of

- a number: receive into ``buffer.space()``, add the count to ``buffer.end`` and send it back, 0 at the end of the
  stream. A positive number begins a wait of at most that many seconds; 0 goes on with the wait that is under way, so
  that a reply dripped byte by byte has no more time than one that does not come;
- a bytes-like object: send all of it, and meanwhile receive what the server says, so that a server that stops reading
  until it is read cannot lock both sides;
- ``("tls", route, host)``: turn the connection to TLS, verified as the route says, for a server of that name;
- ``("limit", 600, False)``: the last byte of the message has left; the deadline of the sending is met, and what
  follows has 600 seconds (RFC 5321, 4.5.3.2.6), which end with the final reply.

I/O errors come in through ``throw`` as OSError. ``StopIteration.value`` is the result. A failure leaves as
``MailError``, made by failure.py.

``state`` says where the dialogue stands; only ``enter`` changes it, and ``begin`` for a new connection:

| state   | what holds                                                          | what comes after it             |
|---------|---------------------------------------------------------------------|---------------------------------|
| "busy"  | replies are owed, or the connection has just begun                  | all were read: "ready", "stale" |
| "ready" | every reply owed was read: MAIL may follow                          | MAIL: "busy"; QUIT: "over"      |
| "stale" | as "ready", but a transaction was left open: RSET comes before MAIL | as "ready"                      |
| "sent"  | the last byte of a message has left; its fate is not known          | a reply: "ready", "busy"        |
| "over"  | QUIT has left, or the two sides no longer agree: never used again   | a new connection: "busy"        |

Replies (RFC 5321, 4.2). A driver receives into ``buffer.space()``, as said above; ``read`` takes one
whole reply out of the buffer. Everything is bounded: a line by the buffer, a reply by 4,096 bytes. After what breaks
the format nothing on the connection can be trusted.

An error in state "sent" is ``uncertain``. A connection is kept after a mail or an error only in "ready" and "stale".
"""

from umail import load_transient, method


class Reply:
    """One reply of the server.

    Attributes:
        code (int): its code.
        lines (list of bytes): the text of each line.
        enhanced (str): the enhanced status code (``"2.1.5"``) of the first line, or ``""``.
        text (str): all the text as one printable line; what is not ASCII, or controls, shows as ``?``.
    """

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines

    def __getattr__(self, name):
        # ``enhanced`` and ``text``: nobody asks for these if all is well.
        return load_transient("smtp.enhanced").get(self, name)

    def __repr__(self):
        return load_transient("smtp.enhanced").format(self)


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

    __repr__ = Reply.__repr__


def read(buffer, timeout):
    """Take one reply out of a ``Buffer`` (generator): returns a ``Reply``, or None at the end of the stream.

    Raises:
        Broken: the bytes are not a reply, or it is longer than this library accepts.
    """
    lines: list = []
    size = first = 0
    while True:
        line = buffer.line()
        if line is None:
            if len(buffer) < len(buffer.data):
                if (yield timeout):
                    timeout = 0
                    continue
                if not lines and not len(buffer):
                    return None
            raise load_transient("smtp.unexpected").reason(buffer, line)
        # Reply-line = Reply-code [ ("-" / SP) textstring ]   (RFC 5321, 4.2; the code is 2–5, 0–5, 0–9)
        code = line[:3]
        mark = line[3:4]
        code = int(code) if len(code) == 3 and code.isdigit() and mark in b"- " else 0
        first = first or code
        lines.append(line[4:])
        size += len(line)
        # RFC 5321, 4.2.1: the code is the same on each line. 4.5.3.1.5 allows 512 bytes in a line; servers with long
        # texts exceed it.
        if not 200 <= code < 600 or code % 100 > 59 or code != first or size > 4096 or len(lines) > 100:
            raise load_transient("smtp.unexpected").reason(buffer, line, code, first)
        if mark != b"-":
            return Reply(code, lines)


class Session:
    """One connection's dialogue.

    Args:
        route (Route): where to, and how.
        timeout (float): seconds to wait for each reply before the final one.
        buffer (Buffer): what the driver receives into (see net/transport.py).

    Attributes:
        in_flight (int): how many commands may wait for their replies.
        stage (str): what is being done, as ``MailError.stage`` names it.
        state (str): where the dialogue stands; see the table above.
        features (dict): what EHLO announced, of what is used here: keyword → its words, upper case.
        in_step (bool): the connection can be used further.
        round_trips (int): how often the server had answered and waited for us.
        secure (bool): TLS protects the connection.
        takes_chunks (bool): a chunk was taken: this server does not run its bytes as commands.
        asked (bool): something was sent since the last reply: the next one ends a round trip.
    """

    route = None
    # Called just before the last bytes of a message are handed over, to mark them durably. A MailError stops them.
    leaving = None
    # For the modules that it loads, which import nothing of this one.
    read = staticmethod(read)
    Receipt = Receipt
    # Replies to so many commands fit any socket's buffers: more are never owed at a time.
    in_flight = 100

    def __init__(self, route, timeout, buffer):
        self.timeout = timeout
        self.buffer = buffer
        self.begin(route)

    def begin(self, route):
        """Forget what the old connection said: a new one begins, by ``route``."""
        if route is not self.route:
            self.route = route
            # Extensions the server offers but refused when used; kept over a reconnection.
            self.without = set()
        # The name that the server's certificate must carry.
        self.host = route.host
        self.buffer.start = self.buffer.end = 0
        self.features = {}
        self.stage = "greeting"
        self.enter("busy")
        self.round_trips = 0
        self.secure = self.asked = self.takes_chunks = False
        # The name to say EHLO with, if it is worth saying again: a login may have changed what is offered.
        self.name = None

    def enter(self, state):
        """Change the state; what is to be told before a message's last byte leaves is told here."""
        if state == "sent" and self.leaving:
            self.leaving()
        self.state = state
        self.in_step = state in ("ready", "stale")

    # -- what each step is made of ------------------------------------------------------------------------------------

    def put(self, data, final=False, count=0):
        """Send what the server is to answer (generator).

        Args:
            final (bool): the message's last byte is among it.
            count (int): how many replies are still to come.
        """
        if len(self.buffer) and not count:
            # A reply that came before its command would be taken for the answer to another.
            raise self.refusal((yield from self.reply()))
        if final:
            self.enter("sent")
        self.asked = True
        yield data

    def command(self, line, code=0):
        """Send one command, read its reply as ``reply`` does (generator)."""
        yield from self.put(line + b"\r\n")
        return (yield from self.reply(code))

    def reply(self, code=0, timeout=0):
        """Read one reply (generator).

        Args:
            code (int): the only one that fits here, any other is raised; 0: any. 421 is an error wherever it comes
                (RFC 5321, 3.8).
            timeout (float): seconds to wait for it, other than the session's.
        """
        if self.asked:
            self.asked = False
            self.round_trips += 1
        try:
            reply = yield from read(self.buffer, timeout or self.timeout)
        except Exception as error:
            raise self.broken(error)
        if reply is None or reply.code == 421 or code and reply.code != code:
            raise self.refusal(reply)
        return reply

    def __getattr__(self, name):
        # What is done once, and what is loaded when something goes wrong: ``error``, ``refusal``, ``failure`` …
        return method(self, {"open": "smtp.handshake", "send": "smtp.sending"}.get(name, "smtp.failure"), name)
