"""SMTP replies parsed (RFC 5321, 4.2; enhanced status codes: RFC 2034, 3463).

How it works. A driver receives into ``buffer.space()`` and tells ``buffer.add(count)``. ``read(buffer, seconds)`` is a
generator that takes one whole reply out of the buffer. It yields a number whenever it needs more bytes: ``seconds`` at
the first wait of the reply, 0 while that same wait goes on, so that a server that drips one byte at a time has no more
time than a silent one. The driver answers with the count received, 0 at the end of the stream.

Everything is bounded: a line by the buffer, a reply by _LONGEST. What breaks the format raises ``Broken``: after it,
nothing on the connection can be trusted.
"""

from umail import load_transient

# RFC 5321, 4.5.3.1.5 allows 512 bytes a line; servers with long texts exceed it. All lines of a reply together:
_LONGEST = 4096


class Broken(Exception):
    """The server's bytes are not an SMTP reply; the argument says what is wrong (str)."""


class Retry(Exception):
    """The server refused something that it had offered, which is not used again: the same mail can be tried anew."""


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
        # Nobody asks for these if all is well.
        if name == "text":
            return printable(b" ".join(self.lines))
        if name == "enhanced":
            return load_transient("smtp.enhanced").of(self)
        raise AttributeError(name)

    def __repr__(self):
        return "%d %s" % (self.code, self.text)


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


def printable(data):
    """Return server bytes as a str that cannot move a cursor or forge a line: all outside 32–126 becomes ``?``."""
    return "".join([chr(c) if 32 <= c < 127 else "?" for c in data])


def read(buffer, seconds):
    """Take one reply out of a ``Buffer`` (generator): returns a ``Reply``, or None at the end of the stream.

    Raises:
        Broken: the bytes are not a reply, or it is longer than this library accepts.
    """
    lines = []
    first = None
    size = 0
    while True:
        line = buffer.line()
        if line is None:
            if len(buffer) == len(buffer.data):
                raise Broken("a reply line longer than %d bytes" % len(buffer))
            if not (yield seconds):
                if lines or len(buffer):
                    raise Broken("the connection ended inside a reply")
                return None
            seconds = 0
            continue
        # Reply-line = Reply-code [ ("-" / SP) textstring ]   (RFC 5321, 4.2; the code is 2–5, 0–5, 0–9)
        digits = line[:3]
        mark = line[3:4]
        if len(digits) < 3 or not digits.isdigit() or not b"2" <= digits < b"6" or digits[1] > 53 or mark not in b"- ":
            raise Broken("not an SMTP reply: " + printable(line[:60]))
        first = first or digits
        if digits != first:
            # RFC 5321, 4.2.1: the code is the same on each line.
            raise Broken("the code changes inside a reply")
        lines.append(line[4:])
        size += len(line)
        if size > _LONGEST or len(lines) > 100:
            raise Broken("a reply without an end")
        if mark != b"-":
            return Reply(int(digits), lines)
