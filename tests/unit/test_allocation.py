"""An attachment that is under way allocates nothing, from the message through the dialogue and the driver."""

import sys

from check import equal
from umail import Attachment, Message, Route
from umail.blocking import Wire
from umail.net.transport import Buffer
from umail.smtp.session import Session

CHUNK = 2048
FIRST, LAST = 5, 45


class Zeros:
    # A file of ``left`` bytes.
    def __init__(self, left):
        self.left = left

    def readinto(self, room):
        count = min(len(room), self.left)
        self.left -= count
        return count


class Socket:
    # A server that takes everything at once; between two of the chunks nobody may allocate.
    def __init__(self):
        self.waiting = b""
        self.chunks = self.left = 0
        self.locked = self.held = 0

    def readinto(self, room):
        if not self.waiting:
            return None
        count = len(self.waiting)
        room[:count] = self.waiting
        self.waiting = b""
        return count

    def write(self, octets):
        if self.left:
            self.left -= len(octets)
            if not self.left:
                self.waiting = b"250 ok\r\n"
        if len(octets) == CHUNK:
            self.chunks += 1
            if self.chunks == FIRST:
                micropython.heap_lock()
                self.locked = 1
            elif self.chunks == LAST:
                micropython.heap_unlock()
                self.held = self.locked
                self.locked = 0
        elif not self.chunks:
            line = bytes(octets[:20]).split(b"\r\n")[0]
            if line[-5:] == b" LAST":
                self.left = int(line[5:-5])
            elif line[:4] in (b"MAIL", b"BDAT"):
                self.waiting = b"250 ok\r\n" * (2 if line[:4] == b"MAIL" else 1)
        return len(octets)

    def close(self):
        pass


if sys.implementation.name == "micropython":
    import micropython


class Sized(Attachment):
    # Of known length, as a file is, so that it goes as one chunk of BDAT.
    def size(self):
        return self.source.left


def test_a_binary_attachment_allocates_nothing_for_a_chunk():
    if sys.implementation.name != "micropython":
        return
    session = Session(Route("h.example"), 30, Buffer())
    session.features = {"PIPELINING": [], "CHUNKING": [], "BINARYMIME": [], "8BITMIME": []}
    message = Message("a@x.org", "b@y.org", "s", "t", attachments=[Sized(Zeros(100 * CHUNK), "z.bin")])
    encode = message.encode
    message.encode = lambda eightbit, binary: encode(eightbit, binary, bytearray(CHUNK))
    wire = Wire(30)
    wire.limit(60)
    wire.buffer = session.buffer
    sock = wire.sock = Socket()
    try:
        receipt = wire.run(session.send(message))
    finally:
        if sock.locked:
            micropython.heap_unlock()
    equal(receipt.accepted, ["b@y.org"])
    equal((sock.held, sock.chunks >= 99), (1, True))
