"""The receive buffer and the parser of SMTP replies (RFC 5321, 4.2; enhanced status codes: RFC 2034, 3463).

How it works. A driver receives into ``buffer.space()`` and tells ``buffer.add(count)``. ``read(buffer, seconds)`` is a
generator that takes one whole reply out of the buffer. It yields a number whenever it needs more octets: ``seconds`` at
the first wait of the reply, 0 while that same wait goes on, so that a server that drips one octet at a time has no more
time than one that is silent. The driver answers with the count received, 0 at the end of the stream.

Everything is bounded: a line by the buffer, a reply by _LONGEST. What breaks the format raises ``Broken``: after it,
nothing on the connection can be trusted.
"""

from umail import borrow

# RFC 5321, 4.5.3.1.5 allows 512 octets a line; servers with long texts exceed it. All lines of a reply together:
_LONGEST = 4096


class Broken(Exception):
    """The server's octets are no SMTP reply; the argument says what is wrong (str)."""


class Buffer:
    """Octets received and not yet read: one allocation of ``size`` octets for the life of a connection.

    Attributes:
        hidden: beginnings of secrets (bytes); a line in which one stands ends before it, for whoever reads it.
    """

    hidden = ()

    def __init__(self, size=1024):
        self.data = bytearray(size)
        self.view = memoryview(self.data)
        self.start = self.end = 0

    def space(self):
        """A memoryview to receive into, empty when the buffer is full."""
        if self.start == self.end:
            self.start = self.end = 0
            return self.view
        if self.start:
            count = self.end - self.start
            self.data[:count] = self.data[self.start : self.end]
            self.start = 0
            self.end = count
        return self.view[self.end :]

    def add(self, count):
        """Tell that ``count`` octets were received into ``space()``."""
        self.end += count

    def clear(self):
        """Forget what was received: a new connection begins."""
        self.start = self.end = 0

    def peek(self):
        """What begins the next line: up to three octets."""
        return bytes(self.view[self.start : min(self.end, self.start + 3)])

    def __len__(self):
        return self.end - self.start

    def line(self):
        """Take one line out, without its CRLF: bytes, or None when no whole line is there yet."""
        at = self.data.find(b"\n", self.start, self.end)
        if at < 0:
            return None
        line = bytes(self.view[self.start : at])
        self.start = at + 1
        for octets in self.hidden:
            # A server may repeat what it was told, in whole or cut off.
            at = line.find(octets)
            if at >= 0:
                line = line[:at] + b"***"
        return line[:-1] if line.endswith(b"\r") else line


class Reply:
    """One reply of the server: ``code`` (int) and ``lines`` (list of bytes: the text of each line)."""

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines

    @property
    def enhanced(self):
        """The enhanced status code at the start of the text (``"2.1.5"``), or ``""`` (RFC 2034)."""
        return borrow("smtp.failure").enhanced(self.lines[0])

    @property
    def text(self):
        """All the text as one printable line (str); what is not ASCII, or controls, shows as ``?``."""
        return printable(b" ".join(self.lines))

    def __repr__(self):
        return "%d %s" % (self.code, self.text)


def printable(octets):
    """Server octets as a str that cannot move a cursor or forge a line: everything outside 32–126 becomes ``?``."""
    return "".join([chr(c) if 32 <= c < 127 else "?" for c in octets])


def complete(buffer):
    """Whether a whole line waits in ``buffer``: the server speaks though nobody asked."""
    return buffer.data.find(b"\n", buffer.start, buffer.end) >= 0


def read(buffer, seconds):
    """Take one reply out of ``buffer`` (generator): returns a ``Reply``, or None at the end of the stream.

    Raises:
        Broken: the octets are not a reply, or it is longer than this library accepts.
    """
    lines = []
    first = None
    size = 0
    while True:
        line = buffer.line()
        if line is None:
            if len(buffer) == len(buffer.data):
                raise Broken("a reply line longer than %d octets" % len(buffer))
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
