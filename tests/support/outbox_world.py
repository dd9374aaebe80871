"""An outbox in a directory of its own with a clock that a test moves and a server without sockets; any interpreter."""

import os
from binascii import hexlify

from power.server import Server
from umail import Message, Outbox, Route
from umail.policy import Policy

DATE = 1800000000
QUIET = {"first": 60, "ceiling": 3600, "per_minute": 0, "window": 0, "per_hour": 0}


class Steps:
    """Stands for the power, which never goes here."""

    gone = False

    def step(self):
        pass


class Hearing(Server):
    """The server; ``seen`` is called when it has taken a mail, before it says so."""

    def __init__(self, chunking):
        Server.__init__(self, Steps(), chunking)
        self.connects = 0
        self.down = False
        self.refusal = None
        self.seen = None
        self.lines = []

    def connect(self, address, port, buffer):
        self.connects += 1
        if self.down:
            raise OSError(111)
        Server.connect(self, address, port, buffer)
        if self.refusal:
            self.output = self.refusal

    def _command(self, line):
        self.lines.append(line)
        Server._command(self, line)

    def _message(self):
        if self.seen:
            self.seen()
        count = len(self.taken)
        Server._message(self)
        if len(self.taken) > count:
            sender, people, octets = self.taken[-1]
            self.taken[-1] = (sender, people, readable(octets))


def readable(octets):
    """A mail whose text is quoted-printable with that undone, as a reader shows it."""
    head, mark, text = octets.partition(b"\r\n\r\n")
    if b"\nContent-Transfer-Encoding: quoted-printable" not in head:
        return octets
    others = text.replace(b"=\r\n", b"").split(b"=")
    return head + mark + others[0] + b"".join([bytes((int(one[:2], 16),)) + one[2:] for one in others[1:]])


class World:
    """A board: its flash, its clocks, and the server."""

    def __init__(self, chunking=True, dated=True):
        base = os.getenv("TMPDIR") or ("/tmp" if os.sep == "/" else os.getenv("TEMP"))
        try:
            # In RAM, if there is such a place: syncing is what takes the time of these tests.
            os.stat("/dev/shm")
            base = "/dev/shm"
        except OSError:
            pass
        self.path = "%s/umail-test-%s" % (base, hexlify(os.urandom(8)).decode())
        self.time = 1000
        self.dated = dated
        self.jump = 0
        self.random = 0.5
        self.server = Hearing(chunking)
        self.results = []
        self.box = None

    def start(self, slept=0, route=None, policy=None, **more):
        """Power on: a new outbox over the same files, whose uptime begins at 0."""
        started = self.time
        if self.box:
            self.box.close()
        self.box = Outbox(
            self.path,
            route or Route("192.0.2.1", 25, security="plain"),
            Policy(lambda: self.random, **(policy or QUIET)),
            report=lambda message, result: self.results.append((message, result)),
            uptime=lambda: self.time - started,
            date=lambda: DATE + self.time + self.jump if self.dated else None,
            slept=slept,
            **more,
        )
        return self.box

    def message(self, subject, to="ops@example.org", **more):
        return Message("board@example.org", to, subject, text=more.pop("text", "what happened"), **more)

    def put(self, subject, to="ops@example.org", attachments=(), **more):
        return self.box.put(self.message(subject, to, attachments=attachments), **more)

    def flush(self, budget=None):
        return self.server.run(self.box.flushing(budget))

    def drain(self):
        for _ in range(100):
            self.flush()
            wait = self.box.wait()
            if wait is None:
                return
            self.time += wait

    def subjects(self):
        """The subjects of the mails that the server took, in their order."""
        return [field(octets, "Subject") for _, _, octets in self.server.taken]

    def files(self):
        return sorted([name for name in os.listdir(self.path) if name != "state"])

    def remove(self):
        if self.box:
            self.box.close()
        for name in os.listdir(self.path):
            os.remove(self.path + "/" + name)
        os.rmdir(self.path)


def field(octets, name):
    """A header field of a mail, or None."""
    for line in octets.partition(b"\r\n\r\n")[0].decode().split("\r\n"):
        if line.startswith(name + ": "):
            return line[len(name) + 2 :]
    return None


def cleaned(function):
    """Run ``function(world)`` and remove the world's files."""

    def test():
        world = World()
        try:
            function(world)
        finally:
            world.remove()

    return test
