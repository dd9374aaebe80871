"""Refusals: one poisoned mail never holds the others up, and who waits for a person is told and never buried."""

from check import equal, inside, raises
from outbox_world import QUIET, World, cleaned, field
from umail import Message, Route
from umail.errors import MailError
from umail.queue import spool

HOUR = 3600


@cleaned
def test_a_mail_that_meets_an_unknown_refusal_lets_the_others_go_and_is_dead_and_told_after_five_days(world):
    world.start()
    world.put("poison", "odd@example.org")
    recipient = world.server._recipient

    def refuse(address):
        if address[:3] == "odd":
            world.server._say("550 computer says no")
        else:
            recipient(address)

    world.server._recipient = refuse
    world.flush()
    put = world.time
    late = []
    for i in range(6 * 24):
        world.put("alert %d" % i)
        at = world.time
        while len(world.server.taken) <= i and world.time < at + 600:
            world.flush()
            world.time += 10
        late.append(world.time - at)
        world.time = at + HOUR
    equal((len(world.server.taken), max(late) <= 60), (6 * 24, True), str(late))
    dead = world.box.dead()[0]
    inside("550 computer says no", dead.why)
    told = [
        i
        for i, (_, _, octets) in enumerate(world.server.taken)
        if b"could not be delivered, or not to all: 1." in octets
    ]
    # The next alert after the five days goes first, and the one after that tells.
    equal((len(told), 5 * 24 <= told[0] <= 5 * 24 + 2, put), (1, True, put), str(told))
    # It was tried a handful of times, and a person heard of it when it was first refused and when it was given up.
    equal([error.kind for _, error in world.results if isinstance(error, MailError)], ["configuration"] * 2)


@cleaned
def test_a_second_mail_that_meets_the_same_refusal_rests_the_route(world):
    world.start()
    for name in "abcd":
        world.put(name)
    world.server._recipient = lambda address: world.server._say("550 computer says no")
    world.flush()
    equal(([entry.attempts for entry in world.box.pending()], world.box.wait() >= HOUR), ([1, 1, 0, 0], True))


@cleaned
def test_a_mail_on_which_every_connection_breaks_delays_another_by_a_minute_at_the_most(world):
    world.start(policy=dict(QUIET, first=20))
    world.random = 0.999
    world.put("poison")
    message = world.server._message

    def hear():
        if b"Subject: poison" in world.server.octets:
            world.server.up = False
            world.server.output = b""
        else:
            message()

    world.server._message = hear
    worst = 0
    for i in range(40):
        world.flush()
        world.put("alert %d" % i)
        at = world.time
        while len(world.server.taken) <= i and world.time < at + 1000:
            world.flush()
            world.time += 1
        worst = max(worst, world.time - at)
    equal(worst <= 60, True, str(worst))


def refuse(world, stage, words):
    """Have the server answer ``words`` to the mail "poison" at ``stage``, or break the connection there (None)."""
    server = world.server
    command, recipient, message = server._command, server._recipient, server._message
    began = [True]

    def hear(line):
        if line[:4] in ("MAIL", "EHLO"):
            began[0] = "poison" not in line
        if line[:4] in ("MAIL", "RCPT", "DATA", "BDAT"):
            # Without MAIL nothing may follow.
            poisoned = not began[0]
            if poisoned and line[:4] != "MAIL" and words:
                server._say("503 5.5.1 MAIL first")
                if line[:4] == "BDAT":
                    server.body = int(line.split()[1]), False
                return
            at(command, line, poisoned)
        else:
            command(line)

    def at(usual, what, poisoned):
        if not poisoned:
            usual(what) if what is not None else usual()
        elif words is None:
            server.up = False
            server.output = b""
        else:
            server._say(words)
            if words[:3] == "421":
                server.up = False

    if stage == "mail":
        server._command = hear
    elif stage == "rcpt":
        server._recipient = lambda address: at(recipient, address, "poison" in address)
    else:
        server._message = lambda: at(message, None, b"Subject: poison" in server.octets)


def poisoned_week(stage, words):
    world = World()
    try:
        world.start(policy={"window": 0})
        world.random = 0.999
        refuse(world, stage, words)
        world.box.put(Message("poison@example.org", "poison@example.org", "poison", text="!"))
        worst = taken = 0
        for i in range(12):
            world.flush()
            world.put("alert %d" % i)
            at = world.time
            while len(world.server.taken) <= taken and world.time < at + 1000:
                world.flush()
                world.time += 1
            taken = len(world.server.taken)
            worst = max(worst, world.time - at)
            world.time = at + (600, 7200)[i % 2]
        return worst, [field(octets, "Subject") for _, _, octets in world.server.taken].count("poison")
    finally:
        world.remove()


def test_one_poisoned_mail_never_delays_another_by_more_than_a_minute_at_whatever_stage_it_fails():
    for stage in ("mail", "rcpt", "body"):
        for words in (
            "550 computer says no", "554 5.7.1 no", "553 sorry", "451 4.3.0 later", "452 4.2.2 full", "421 4.4.2 bye",
            "571 no", "500 5.5.2 what?", "5", None,
        ):  # fmt: skip
            worst, sent = poisoned_week(stage, words)
            equal((worst <= 60, sent), (True, 0), "%s, %s: %d s" % (stage, words, worst))


@cleaned
def test_an_attachment_that_cannot_be_read_is_not_a_failure_of_the_network_and_is_tried_again(world):
    class Card:
        """A file on a card that is out; ``attachments`` are copied when put, so the outbox's own file stands for it."""

        def readinto(self, view):
            raise OSError(5)

        def close(self):
            pass

    from umail import Attachment
    from umail.delivery import Delivery

    message = world.message("log", attachments=[Attachment(Card(), "log.csv")])
    steps = Delivery(Route("192.0.2.1", 25, security="plain"), 30, 120).send(message)
    error = raises(MailError, world.server.run, steps)
    equal((error.stage, error.kind, error.key), ("body", "temporary", "flash_read"))
    inside("an attachment cannot be read", str(error))
    world.start()
    entry = world.put("log", attachments=[Attachment(b"x" * 3000, "log.csv")])
    usual = spool.Stored.open
    spool.Stored.open = lambda self: Card()
    try:
        world.put("other")
        equal((world.flush(), world.box.wait() <= 60), (0, True))
        world.time += world.box.wait()
        equal((world.flush(), world.subjects()), (1, ["other"]))
        equal((entry.state, entry.attempts), ("deferred", 2))
    finally:
        spool.Stored.open = usual
    world.drain()
    equal(world.subjects(), ["other", "log"])


@cleaned
def test_a_recipient_whom_only_a_person_can_help_waits_is_told_with_the_next_mail_and_gets_it_once_helped(world):
    refused = "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
    recipient = world.server._recipient

    def relay(address):
        world.server._say(refused) if "outside" in address else recipient(address)

    world.start()
    world.server._recipient = relay
    entry = world.put("alert", ["ops@example.org", "outside@example.net"])
    equal(world.flush(), 1)
    equal((entry.state, entry.left, entry.gone, world.box.dead()), ("deferred", ["outside@example.net"], [], []))
    world.start()
    for i in range(3):
        world.put("next %d" % i)
        world.flush()
        world.time += 2 * HOUR
    told = [octets for _, _, octets in world.server.taken if b"wait until a person changes something" in octets]
    equal((len(told), field(told[0], "Subject")), (1, "next 0"))
    inside(b"The last: outside@example.net: 550 5.7.54", told[0].replace(b"=\r\n", b""))
    world.server._recipient = recipient
    world.box.retry()
    world.flush()
    equal((world.box.entries, world.server.taken[-1][1]), ([], ["outside@example.net"]))


@cleaned
def test_whom_one_route_must_not_reach_the_next_one_is_asked_to_soon(world):
    routes = [Route(host, 25, security="plain") for host in ("inside", "anywhere")]
    recipient, connect = world.server._recipient, world.server.connect
    now = [""]

    def where(address, port, buffer):
        now[0] = address
        connect(address, port, buffer)

    def relay(address):
        if now[0] == "inside" and "outside" in address:
            world.server._say("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain")
        else:
            recipient(address)

    world.server.lookup = lambda host: [host]
    world.server.connect, world.server._recipient = where, relay
    world.start(route=routes, policy=dict(QUIET, first=20, ceiling=900))
    world.put("alert", ["ops@example.org", "outside@example.net"])
    at = world.time
    world.drain()
    equal([people for _, people, _ in world.server.taken], [["ops@example.org"], ["outside@example.net"]])
    equal(world.time - at <= 60, True, str(world.time - at))


@cleaned
def test_a_route_tells_that_a_mail_went_by_it(world):
    routes = [Route(host, 25, security="plain") for host in ("down", "up")]
    connect = world.server.connect

    def where(address, port, buffer):
        if address == "down":
            raise OSError(111)
        connect(address, port, buffer)

    world.server.lookup = lambda host: [host]
    world.server.connect = where
    world.start(route=routes)
    world.put("alert")
    equal([route.took for route in routes], [False, False])
    world.flush()
    equal([route.took for route in routes], [False, True])


@cleaned
def test_a_refusal_for_a_person_that_follows_a_grey_list_is_told_and_once(world):
    world.start()
    entry = world.put("alert", "soft@example.org")
    world.flush()
    world.server._recipient = lambda address: world.server._say("550 computer says no")
    for _ in range(4):
        world.time += world.box.wait()
        world.flush()
    kinds = [error.kind for _, error in world.results]
    equal((kinds, entry.attempts), (["temporary", "configuration"], 5))
    # After a reset, too.
    del world.server._recipient
    world.start()
    world.put("next")
    world.flush()
    inside(b"wait until a person changes something, or do so for some of their recipients: 1.", last(world))
    world.start()
    world.server._recipient = lambda address: world.server._say("550 computer says no")
    world.time += world.box.wait()
    world.flush()
    del world.server._recipient
    world.put("after")
    world.flush()
    equal(b"wait until a person" in last(world), False)
    equal([error.kind for _, error in world.results if isinstance(error, MailError)], kinds)


@cleaned
def test_who_is_refused_for_now_does_not_wait_for_a_person_because_another_does(world):
    recipient = world.server._recipient
    world.server._recipient = lambda address: (
        world.server._say("550 computer says no") if "odd" in address else recipient(address)
    )
    world.start(policy=dict(QUIET, first=20, ceiling=900))
    world.put("alert", ["ops@example.org", "soft@example.org", "odd@example.org"])
    world.flush()
    equal(world.box.wait() <= 20, True)
    world.server.calm = True
    world.time += 20
    world.flush()
    equal([people for _, people, _ in world.server.taken], [["ops@example.org"], ["soft@example.org"]])
    equal((world.box.pending()[0].left, world.box.wait() > 900), (["odd@example.org"], True))


def last(world):
    """The last mail that arrived, with its lines whole."""
    return world.server.taken[-1][2].replace(b"=\r\n", b"")
