"""Random walks of an outbox with two routes: servers that fail in turns, restarts, a flash that cannot be read.

Whatever the order: no mail vanishes, none comes twice unless its reply was lost, nobody who was refused for good gets
one, and once all is well nothing waits.
"""

from check import equal
from outbox_world import QUIET, Hearing, World, field
from umail import Route
from unreadable import Unreadable

WELL = "well"
FAULTS = (
    WELL, "down", "greeting 421 4.3.2 busy", "greeting 554 5.7.1 not you", "mail 450 4.7.1 slow down",
    "mail 550 5.7.60 may not send as", "mail 530 5.7.57 log in", "body 451 4.3.0 later", "body 554 5.7.1 policy",
    "body 421 4.4.2 bye", "lost",
)  # fmt: skip


class Chance:
    """A generator of random numbers, the same on every interpreter."""

    def __init__(self, seed):
        self.state = seed * 2654435761 % 4294967296 or 1

    def below(self, most):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return (self.state >> 12) % most


class Two(Hearing):
    """Two servers, on port 25 and 26; ``ill`` says what is wrong with each."""

    def __init__(self):
        Hearing.__init__(self, True)
        self.ill = {25: WELL, 26: WELL}
        self.port = 25
        self.refused = None

    def _fault(self, stage):
        fault = self.ill[self.port]
        return fault[len(stage) + 1 :] if fault.startswith(stage + " ") else None

    def connect(self, address, port, buffer):
        self.port = port
        self.down = self.ill[port] == "down"
        refusal = self._fault("greeting")
        self.refusal = refusal and refusal.encode() + b"\r\n"
        Hearing.connect(self, address, port, buffer)

    def _command(self, line):
        verb = line[:4].upper()
        if verb == "MAIL":
            self.refused = self._fault("mail")
        if verb == "MAIL" and self.refused:
            self._reset()
            self._say(self.refused)
        elif verb == "RCPT" and self.refused:
            self._say("503 5.5.1 MAIL first")
        else:
            Hearing._command(self, line)

    def _message(self):
        refusal = self._fault("body")
        if refusal:
            self._reset()
            self._say(refusal)
            return
        output = self.output
        Hearing._message(self)
        if self.ill[self.port] == "lost":
            self.output, self.up = output, False


def walk(seed, faults):
    """Walk; returns (how often each Message-ID reached each recipient, those that were put, the world's outbox)."""
    chance = Chance(seed)
    world = World()
    world.server = server = Two()
    put = {}

    def start():
        world.start(route=[Route("one", 25, security="plain"), Route("two", 26, security="plain")], policy=QUIET)

    try:
        start()
        for _ in range(40):
            step = chance.below(10)
            if step < 2:
                people = ["ops%d@example.org" % i for i in range(1 + chance.below(3))]
                people += ["hard@example.org"][: chance.below(2)] + ["soft@example.org"][: chance.below(2)]
                message = world.message("mail", people)
                world.box.put(message)
                put[message.message_id] = people
            elif step < 4:
                server.ill[25 + chance.below(2)] = faults[chance.below(len(faults))]
            elif step < 5:
                with Unreadable(world.path, times=chance.below(8)):
                    try:
                        start()
                    except OSError:
                        pass
                start()
                known(world, put)
            elif step < 6:
                with Unreadable(world.path, times=chance.below(8)):
                    world.flush()
            else:
                world.time += (1, 60, 700, 4000, 30000)[chance.below(5)]
                world.flush()
        known(world, put)
        server.ill = {25: WELL, 26: WELL}
        server.calm = True
        for _ in range(40):
            world.time += 3600
            world.flush()
        equal([entry.why for entry in world.box.pending()], [], seed)
        known(world, put)
        return came(server)
    finally:
        world.remove()


def came(server):
    """How often each (Message-ID, recipient) was taken."""
    found: dict = {}
    for _, people, octets in server.taken:
        for one in people:
            key = field(octets, "Message-ID"), one
            found[key] = found.get(key, 0) + 1
    return found


def known(world, put):
    """Each recipient of each mail has it, or the mail is still there."""
    found = came(world.server)
    there = [world.box.read(entry).message_id for entry in world.box.entries]
    for mid in put:
        if mid not in there:
            for one in put[mid]:
                equal((mid, one) in found or one[:4] == "hard", True, (mid, one))


def test_whatever_two_servers_do_no_mail_vanishes_and_none_comes_twice():
    for seed in range(5):
        found = walk(seed, FAULTS[:-1])
        equal([key for key in found if found[key] > 1], [], seed)
        equal([key for key in found if key[1][:4] == "hard"], [], seed)


def test_a_mail_whose_reply_is_lost_comes_again_three_times_at_the_most():
    for seed in range(100, 103):
        found = walk(seed, FAULTS)
        equal([key for key in found if found[key] > 3], [], seed)
