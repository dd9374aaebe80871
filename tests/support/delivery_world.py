"""What tests of a delivery need: servers that are lists of answers, a mail of a few bytes, a route."""

from drive import Driver
from umail import Route

OK = b"250 ok\r\n"
HELLO = b"250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
TAKEN = OK * 3
GOOD = [b"220 x\r\n", HELLO, TAKEN]


class Text:
    sender = "a@x.org"
    message_id = "<1@x.org>"
    smtputf8 = False
    notify = ()
    ret = None
    recipients = ("b@y.org",)
    size = 4
    body = "7bit"
    dots = True

    def encode(self, eightbit, binary):
        return self

    def chunks(self):
        yield b"42\r\n"


class World(Driver):
    # A driver whose servers are lists of what each answers to each flight; None: the server closes.
    def __init__(self, servers):
        self.servers = servers
        self.log = []
        self.tokens = []
        self.answers = []
        self.buffer = None
        self.gone = False

    def hear(self, data):
        self.log.append(data.split(b"\r\n")[0].decode())

    def tls(self, route, host):
        self.log.append("TLS")

    def lookup(self, host):
        return ["%s/%d" % (host, i) for i in range(2)] if host.startswith("two") else [host]

    def connect(self, address, port, buffer):
        self.log.append("connect " + address)
        if address not in self.servers:
            raise OSError(111)
        self.answers = list(self.servers[address])
        self.buffer = buffer
        self.gone = False
        return "192.0.2.7"

    def idle(self):
        return 0 if self.gone else None

    def close(self):
        self.answers = []

    def call(self, function, refresh):
        self.tokens.append(refresh)
        return function(refresh=refresh)

    def receive(self, seconds):
        octets = self.answers.pop(0) if self.answers else None
        return self.give(octets) if octets else 0


def plain(host="one", **more):
    return Route(host, 25, security="plain", **more)
