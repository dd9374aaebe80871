"""A mail to more people than one envelope takes: everybody is asked once, nobody gets it twice, one receipt tells."""

from check import equal, raises
from drive import Driver
from umail import MailError, Route
from umail.delivery import Delivery

HELLO = b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
TOO_MANY = b"452 4.5.3 Too many recipients\r\n"


class Text:
    sender = "a@x.org"
    message_id = "<1@x.org>"
    smtputf8 = False
    notify = ()
    ret = None
    size = 4
    body = "7bit"

    def __init__(self, count):
        self.recipients = ["r%d@y.org" % i for i in range(count)]

    def encode(self, eightbit, binary):
        return self

    def chunks(self):
        yield b"42\r\n"


class Server(Driver):
    # Takes ``most`` recipients of an envelope and says what ``replies`` has for others; counts who got what.
    def __init__(self, most, replies=(), final=b"250 2.0.0 ok\r\n"):
        self.most = most
        self.replies = dict(replies)
        self.final = final
        self.envelopes = []
        self.quits = 0
        self.pending = b""

    def ask(self, name, *args):
        if name == "connect":
            self.buffer = args[2]
            self.pending = b"220 x\r\n"
        return ["h"] if name == "lookup" else None

    def receive(self, seconds):
        count = self.give(self.pending)
        self.pending = self.pending[count:]
        return count

    def hear(self, data):
        for line in data.split(b"\r\n"):
            self.pending += self.answer(line)

    def answer(self, line):
        if line[:4] == b"EHLO":
            return HELLO
        if line[:4] == b"MAIL":
            self.envelopes.append([])
            return b"250 ok\r\n"
        if line[:4] == b"RCPT":
            address = line[9:-1].decode()
            if address in self.replies:
                return self.replies[address]
            if len(self.envelopes[-1]) == self.most:
                return TOO_MANY
            self.envelopes[-1].append(address)
            return b"250 ok\r\n"
        if line[:4] == b"BDAT":
            final = self.final.pop(0) if isinstance(self.final, list) else self.final
            return final if self.envelopes[-1] else b"503 no\r\n"
        if line[:4] == b"QUIT":
            self.quits += 1
            return b"221 bye\r\n"
        return b"250 ok\r\n" if line == b"RSET" else b""


def deliver(server, count, limit=None, last=False):
    route = Route("h", 25, security="plain")
    route.max_recipients = limit
    return server.run(Delivery(route, 30, 120).send(Text(count), last))


def test_everybody_gets_it_once_whoever_knows_the_limit():
    for limit in (None, 4, 3):
        for last in (False, True):
            server = Server(4)
            receipt = deliver(server, 10, limit, last)
            equal(sorted(receipt.accepted), sorted(Text(10).recipients))
            equal((receipt.refused, receipt.message_id), ([], "<1@x.org>"))
            reached = []
            for envelope in server.envelopes:
                reached += envelope
            equal(sorted(reached), sorted(Text(10).recipients))
            equal([len(envelope) for envelope in server.envelopes], [3, 3, 3, 1] if limit == 3 else [4, 4, 2])
            # With a known limit one connection serves all, and QUIT goes with the last.
            if last and limit:
                equal(server.quits, 1)


def test_who_was_refused_is_told_over_all_envelopes():
    no = b"550 5.1.1 no\r\n"
    server = Server(4, {"r0@y.org": no, "r7@y.org": no})
    receipt = deliver(server, 10, 4)
    equal(sorted(address for address, _ in receipt.refused), ["r0@y.org", "r7@y.org"])
    equal(len(receipt.accepted), 8)


def test_an_envelope_whose_recipients_are_all_refused_does_not_stop_the_others():
    no = b"550 5.1.1 no\r\n"
    refused = {"r%d@y.org" % i: no for i in range(4)}
    receipt = deliver(Server(4, refused), 8, 4)
    equal((len(receipt.accepted), len(receipt.refused)), (4, 4))
    error = raises(MailError, deliver, Server(4, dict.fromkeys(Text(8).recipients, no)), 8, 4)
    equal((error.stage, error.kind, len(error.refused)), ("rcpt", "permanent", 8))


def test_what_failed_after_some_have_got_it_is_told_and_not_raised():
    for final, code, text in ((b"554 5.6.0 no\r\n", 554, "5.6.0 no"), (b"", 0, "the server closed the connection")):
        receipt = deliver(Server(4, final=[b"250 ok\r\n", final]), 10, 4)
        equal((len(receipt.accepted), len(receipt.refused)), (4, 6))
        equal({(reply.code, reply.text) for _, reply in receipt.refused}, {(code, text)})


def test_the_first_failure_is_raised_where_nobody_has_it():
    error = raises(MailError, deliver, Server(4, final=b"554 5.6.0 no\r\n"), 10, 4)
    equal((error.stage, error.code), ("body", 554))
    error = raises(MailError, deliver, Server(0), 2)
    equal((error.stage, error.kind), ("rcpt", "temporary"))
