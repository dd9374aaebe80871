"""SMTP replies parsed (RFC 5321, 4.2; enhanced status codes: RFC 2034, 3463).

How it works. A driver receives into ``buffer.space()`` and tells ``buffer.add(count)``. ``read(buffer, seconds)`` is a
generator that takes one whole reply out of the buffer. It yields a number whenever it needs more bytes: ``seconds`` at
the first wait of the reply, 0 while that same wait goes on, so that a server that drips one byte at a time has no more
time than a silent one. The driver answers with the count received, 0 at the end of the stream.

Everything is bounded: a line by the buffer, a reply by _LONGEST. What breaks the format raises ``Broken``: after it,
nothing on the connection can be trusted.
"""

# RFC 5321, 4.5.3.1.5 allows 512 bytes a line; servers with long texts exceed it. All lines of a reply together:
_LONGEST = 4096


class Broken(Exception):
    """The server's bytes are not an SMTP reply; the argument says what is wrong (str)."""


class Retry(Exception):
    """The server refused something that it had offered, which is not used again: the same mail can be tried anew."""


class Reply:
    """One reply of the server: ``code`` (int) and ``lines`` (list of bytes: the text of each line)."""

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines

    @property
    def enhanced(self):
        """The enhanced status code (``"2.1.5"``) of the first line, or ``""``.

        It begins the text (RFC 2034), or stands behind a number sign, as qmail and its heirs write it: ``(#5.7.1)``.
        """
        words = self.lines[0].split(b" ")
        for word in words:
            if word is words[0] or b"#" in word:
                word = word.strip(b"#()[]:;,.")
                parts = word.split(b".")
                # RFC 2034, 4: the class is the code's first digit. Exchange breaks that at times: the form counts.
                if len(parts) == 3 and len(word) < 10 and parts[0] in (b"2", b"4", b"5"):
                    if parts[1].isdigit() and parts[2].isdigit():
                        return word.decode()
        return ""

    @property
    def text(self):
        """All the text as one printable line (str); what is not ASCII, or controls, shows as ``?``."""
        return printable(b" ".join(self.lines))

    def __repr__(self):
        return "%d %s" % (self.code, self.text)


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
