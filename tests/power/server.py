"""A mail server without sockets, and a driver that runs the library's generators against it: each step may be the last.

Recipients say what it does: ``hard@`` is refused for good, ``soft@`` for now until the server is ``calm``; so does the
subject: "later" is refused for now after DATA, "lost" is taken but its reply never arrives.
"""

from drive import Driver
from umail import MailError


def read(octets):
    """Return a message with its texts as they were written: a first text to a server comes as quoted-printable."""
    head = b"quoted-printable\r\n\r\n"
    start = octets.find(head)
    while start >= 0:
        start += len(head)
        end = octets.find(b"\r\n--", start)
        pieces = octets[start : end if end >= 0 else len(octets)].replace(b"=\r\n", b"").split(b"=")
        text = pieces[0] + b"".join([bytes([int(piece[:2], 16)]) + piece[2:] for piece in pieces[1:]])
        octets = octets[:start] + text + (octets[end:] if end >= 0 else b"")
        start = octets.find(head, start + len(text))
    return octets


class Server(Driver):
    """One server for the life of a test; ``taken`` lists (Message-ID, recipients, bytes) of each mail it took."""

    errors = (OSError, MailError)

    def __init__(self, power, chunking):
        self.power = power
        self.chunking = chunking
        self.calm = False
        self.taken = []
        self.buffer = None
        self.up = False

    # -- the driver ----------------------------------------------------------------------------------------------------

    def do(self, what):
        self.power.step()
        return super().do(what)

    def call(self, function, refresh):
        return function(refresh)

    def lookup(self, host):
        return ["192.0.2.1"]

    def connect(self, address, port, buffer):
        self.buffer = buffer
        self.up = True
        self.input = b""
        self.output = b"220 mx.example.org\r\n"
        self.body = None
        self._reset()

    def idle(self):
        return None if self.up else 0

    def close(self):
        self.up = False

    def receive(self, seconds):
        count = self.give(self.output)
        self.output = self.output[count:]
        return count

    # -- the server ----------------------------------------------------------------------------------------------------

    def _reset(self):
        self.people = []
        self.octets = b""

    def hear(self, octets):
        self.input += octets
        while self.up:
            if self.body is None:
                line, found, rest = self.input.partition(b"\r\n")
                if not found:
                    return
                self.input = rest
                self._command(line.decode())
            elif self.body == "data":
                found = (b"\r\n" + self.input).find(b"\r\n.\r\n")
                if found < 0:
                    return
                self.octets = self.input[:found].replace(b"\r\n..", b"\r\n.")
                self.input = self.input[found + 3 :]
                self.body = None
                self._message()
            else:
                size, last = self.body
                if len(self.input) < size:
                    return
                self.octets += self.input[:size]
                self.input = self.input[size:]
                self.body = None
                if last:
                    self._message()
                else:
                    self._say("250 more")

    def _say(self, text):
        self.output += text.encode() + b"\r\n"

    def _command(self, line):
        verb = line[:4].upper()
        if verb == "EHLO":
            self._say(
                "250-mx.example.org\r\n250-8BITMIME\r\n250-PIPELINING"
                + ("\r\n250 CHUNKING" if self.chunking else "\r\n250 SIZE")
            )
        elif verb == "RCPT":
            self._recipient(line[9:-1])
        elif verb == "DATA":
            if self.people:
                self.body = "data"
                self._say("354 go on")
            else:
                self._say("554 no recipients")
        elif verb == "BDAT":
            words = line.split()
            self.body = int(words[1]), len(words) > 2
        else:
            if verb in ("MAIL", "RSET"):
                self._reset()
            self._say("221 bye" if verb == "QUIT" else "250 ok")

    def _recipient(self, address):
        if address[:4] == "hard":
            self._say("550 5.1.1 no such user")
        elif address[:4] == "soft" and not self.calm:
            self._say("450 4.2.1 try again later")
        else:
            self.people.append(address)
            self._say("250 2.1.5 ok")

    def _message(self):
        octets = self.octets
        head = octets.partition(b"\r\n\r\n")[0].decode()
        fields = {}
        for line in head.split("\r\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        subject = fields["Subject"]
        if not self.people:
            self._say("554 5.5.1 no valid recipients")
        elif subject[:5] == "later" and not self.calm:
            self._say("451 4.6.0 not now")
        else:
            self.taken.append((fields["Message-ID"], self.people, read(octets)))
            if subject[:4] == "lost" and not self.calm:
                self.up = False
                self.output = b""
            else:
                self._say("250 2.0.0 taken")
        self._reset()
