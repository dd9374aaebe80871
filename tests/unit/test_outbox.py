"""What becomes of mails in the outbox: delivered once, tried again, given up, told; over resets and jumping clocks."""

from check import equal, inside
from outbox_world import cleaned, field
from umail import Attachment, MailError, Route
from umail.queue import spool


@cleaned
def test_a_mail_survives_a_reset_whole(world):
    world.start()
    message = world.message(
        "Tür offen",
        ["ops@example.org", "Night <night@example.org>"],
        text="text\nü",
        html="<p>html</p>",
        cc="cc@example.org",
        bcc="bcc@example.org",
        reply_to="desk@example.org",
        headers=[("X-Board", "7")],
        importance="high",
        notify=["failure", "delay"],
        ret="hdrs",
    )
    message.attachments = [Attachment(b"\0\1binary" * 100, "a.bin"), Attachment(b"x,y\n", "b.csv")]
    world.box.put(message)
    before = world.box.read(world.box.pending()[0])
    world.start()
    after = world.box.read(world.box.pending()[0])
    for name in ("author", "to", "cc", "bcc", "reply_to", "recipients"):
        equal([tuple(x) for x in getattr(after, name)], [tuple(x) for x in getattr(message, name)], name)
    for name in ("subject", "text", "html", "message_id", "date", "importance", "notify", "ret"):
        equal(getattr(after, name), getattr(message, name), name)
        equal(getattr(before, name), getattr(message, name), name)
    equal([tuple(pair) for pair in after.headers], message.headers)
    equal(
        [(a.name, a.type, a.size()) for a in after.attachments],
        [(a.name, a.type, a.size()) for a in message.attachments],
    )
    equal(world.flush(), 1)
    octets = world.server.taken[0][2]
    equal(field(octets, "Message-ID"), message.message_id)
    inside(b"AAFiaW5hcnkAAWJpbmFyeQ", octets.replace(b"\r\n", b""))
    equal(world.files(), [])


@cleaned
def test_the_highest_priority_goes_first_then_the_oldest_over_one_connection_that_ends_with_the_last(world):
    world.start()
    for subject, priority in (("a", 1), ("b", 2), ("c", 0), ("d", 2)):
        world.put(subject, priority=priority)
    equal(world.flush(), 4)
    equal(world.subjects(), ["b", "d", "a", "c"])
    equal(world.server.connects, 1)
    equal(world.server.lines[-1], "QUIT")
    equal(world.box.wait(), None)


@cleaned
def test_the_mark_is_on_flash_before_the_server_can_have_the_mail(world):
    for chunking in (True, False):
        for size in (10, 9000):
            world.server.chunking = chunking
            world.start()
            world.put("alert", attachments=[Attachment(b"x" * size, "x")])
            states = []
            world.server.seen = lambda: states.append(spool.Spool(world.path).scan()[0][0].state)
            world.flush()
            equal(states, ["sending"], (chunking, size))
            equal(world.box.pending(), [])


@cleaned
def test_a_partial_acceptance_narrows_the_envelope_and_tells_who_was_refused_for_good(world):
    world.start()
    entry = world.put("alert", ["ops@example.org", "soft@example.org", "hard@example.org"])
    equal(world.flush(), 1)
    world.start()
    entry = world.box.pending()[0]
    equal((entry.state, entry.left, entry.gone[0][0]), ("deferred", ["soft@example.org"], "hard@example.org"))
    world.server.calm = True
    world.time += entry.until
    world.flush()
    equal([people for _, people, _ in world.server.taken], [["ops@example.org"], ["soft@example.org"]])
    equal(world.box.pending(), [])
    world.start()
    dead = world.box.dead()[0]
    inside("no such user", dead.gone[0][1])
    world.put("next")
    world.flush()
    octets = world.server.taken[-1][2]
    inside(b"Mails that could not be delivered, or not to all: 1.\r\nThe last: hard@example.org: 550", octets)
    world.put("after")
    world.flush()
    equal(b"could not be delivered" in world.server.taken[-1][2], False)
    world.box.purge()
    equal(world.files(), [])


@cleaned
def test_recipients_of_whom_nobody_was_accepted_are_told_apart(world):
    world.start()
    world.put("alert", ["soft@example.org", "hard@example.org"])
    world.flush()
    entry = world.box.pending()[0]
    equal((entry.left, len(entry.gone)), (["soft@example.org"], 1))


@cleaned
def test_those_who_were_accepted_before_a_refusal_of_the_message_are_not_forgotten(world):
    world.start()
    world.put("later", ["ops@example.org", "hard@example.org"])
    world.flush()
    equal(world.box.pending()[0].left, ["ops@example.org"])
    world.server.calm = True
    world.drain()
    equal([people for _, people, _ in world.server.taken], [["ops@example.org"]])


@cleaned
def test_a_mail_refused_for_now_waits_and_does_not_hold_up_the_others(world):
    world.start()
    world.put("later")
    world.put("other")
    equal(world.flush(), 1)
    entry = world.box.pending()[0]
    equal((entry.state, entry.attempts), ("deferred", 1))
    equal(world.box.wait(), 31)
    connects = world.server.connects
    world.flush()
    equal(world.server.connects, connects)
    world.time += 31
    world.flush()
    equal(world.box.pending()[0].attempts, 2)
    world.server.calm = True
    world.drain()
    equal(world.subjects(), ["other", "later"])


@cleaned
def test_a_mail_refused_for_good_is_dead_until_it_is_revived_or_purged(world):
    world.start()
    world.put("alert", "hard@example.org")
    world.drain()
    world.start()
    dead = world.box.dead()[0]
    inside("550", dead.why)
    equal((world.box.pending(), world.box.wait()), ([], None))
    equal([result.kind for _, result in world.results], ["permanent"])
    world.box.retry(dead)
    equal(dead.state, "pending")
    world.flush()
    world.box.purge()
    equal((world.box.dead(), world.files()), ([], []))


@cleaned
def test_a_wrong_configuration_is_told_once_and_never_becomes_a_loop(world):
    world.start()
    world.server.refusal = b"530 5.7.57 Client not authenticated to send mail\r\n"
    world.put("alert")
    for _ in range(400):
        world.flush()
        world.time += 60
    equal(world.server.connects, 2)
    equal([(message.subject, result.kind) for message, result in world.results], [("alert", "configuration")])
    world.start()
    world.flush()
    equal(world.server.connects, 2)
    # A person has changed something, or says so.
    world.start(config="new password")
    world.flush()
    equal(world.server.connects, 3)
    world.server.refusal = None
    world.box.retry()
    equal(world.flush(), 1)


@cleaned
def test_the_pause_that_a_token_endpoint_asks_for_is_kept(world):
    asked = []

    def busy(refresh=False):
        asked.append(world.time)
        error = MailError("auth", "temporary", "busy", key="token_busy")
        error.retry_after = 1200
        raise error

    world.start(route=Route("192.0.2.1", 465, "tls", username="board@example.org", token=busy))
    world.put("alert")
    for _ in range(30):
        world.flush()
        world.time += 60
    equal(len(asked), 2)
    equal(1200 <= asked[1] - asked[0] < 1800, True, str(asked))


@cleaned
def test_one_mail_to_where_the_route_may_not_send_does_not_hold_up_the_others(world):
    world.start()
    world.put("outside", "external@example.net")
    world.put("inside")
    recipient = world.server._recipient

    def refuse(address):
        if address[:8] == "external":
            world.server._say("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain")
        else:
            recipient(address)

    world.server._recipient = refuse
    equal((world.flush(), world.subjects(), world.server.connects), (1, ["inside"], 1))
    equal((world.box.pending()[0].state, world.box.wait() >= 3600), ("deferred", True))


@cleaned
def test_a_clock_that_was_not_set_holds_nothing_up_once_it_is(world):
    world.start()
    world.put("alert")
    world.box.policy.why, world.box.policy.until = "clock", world.box.now() + 1800
    equal(world.flush(), 1)


@cleaned
def test_a_server_that_cannot_be_reached_costs_no_write_and_is_asked_less_and_less(world):
    world.start()
    world.server.down = True
    for i in range(3):
        world.put("alert %d" % i)
    files = world.files()
    sizes = [entry.size for entry in world.box.pending()]
    for _ in range(3 * 24 * 60):
        world.flush()
        world.time += 60
    equal((world.files(), [entry.size for entry in world.box.pending()]), (files, sizes))
    if not 70 < world.server.connects < 200:
        raise AssertionError(world.server.connects)
    # Told at once, and once more when it has lasted.
    equal([(error.key, error.lasts >= 6 * 3600) for _, error in world.results], [("refused", False), ("refused", True)])
    world.server.down = False
    world.drain()
    equal(world.subjects(), ["alert 0", "alert 1", "alert 2"])
    inside(b"hours no mail could be sent: connect: ", world.server.taken[0][2])
    equal(b"no mail could be sent" in world.server.taken[1][2], False)


@cleaned
def test_a_mail_that_may_have_arrived_goes_again_with_the_same_message_id_and_not_for_ever(world):
    world.start()
    world.put("lost")
    world.flush()
    equal(world.box.pending()[0].state, "uncertain")
    world.flush()
    equal(len(world.server.taken), 1)
    world.drain()
    equal(len(world.server.taken), 3)
    equal(len({mid for mid, _, _ in world.server.taken}), 1)
    equal(len({field(octets, "Date") for _, _, octets in world.server.taken}), 1)
    equal(world.box.dead()[0].doubts, 3)


@cleaned
def test_sending_that_is_stopped_from_outside_leaves_the_mail_in_doubt(world):
    world.start()
    world.put("alert")
    steps = world.box.flushing()
    world.server.seen = lambda: raises_stop()

    def raises_stop():
        raise KeyboardInterrupt()

    try:
        world.server.run(steps)
    except KeyboardInterrupt:
        steps.close()
    equal((world.box.pending()[0].state, world.box.busy), ("uncertain", False))
    world.server.seen = None
    world.drain()
    equal(len(world.server.taken), 1)


@cleaned
def test_a_mail_in_doubt_is_tried_in_time_though_the_board_starts_ever_again_meanwhile(world):
    world.start()
    world.put("alert")
    world.server.seen = stopped
    try:
        world.flush()
    except KeyboardInterrupt:
        pass
    world.server.seen = None
    # As a board on battery does, which wakes for each reading.
    starts = 0
    while not world.server.taken:
        world.time += 120
        world.start()
        equal(world.box.pending()[0].state, "uncertain")
        world.flush()
        starts += 1
        if starts > 20:
            raise AssertionError("never tried")
    equal(world.box.pending(), [])


def stopped():
    raise KeyboardInterrupt()


@cleaned
def test_only_one_flush_runs_at_a_time(world):
    world.start()
    world.put("alert")
    first = world.box.flushing()
    next(first)
    equal(world.flush(), 0)
    first.close()
    equal(world.flush(), 1)


@cleaned
def test_what_is_put_while_another_leaves_goes_too(world):
    world.start()
    world.put("one")
    world.put("two")
    todo = ["three"]
    world.server.seen = lambda: world.put(todo.pop()) if todo else None
    world.drain()
    equal(sorted(world.subjects()), ["one", "three", "two"])


@cleaned
def test_a_budget_begins_no_mail_after_it(world):
    world.start()
    for i in range(5):
        world.put(str(i))

    def slow():
        world.time += 10

    world.server.seen = slow
    equal(world.flush(budget=25), 3)
    equal(len(world.box.pending()), 2)


@cleaned
def test_a_mail_older_than_its_life_is_given_up_at_the_next_failure_and_not_before(world):
    world.start()
    world.put("later")
    world.server.down = True
    world.put("other")
    world.time += 5 * 86400 + 1
    equal(len(world.box.pending()), 2)
    world.flush()
    equal([entry.state for entry in world.box.entries], ["dead", "dead"])
