"""What the outbox does with the policy: storms become few mails, limits outlive resets, what is too much is told."""

from check import equal, inside
from outbox_world import DATE, World, cleaned, field
from umail import Attachment

STORM = {"per_minute": 0, "per_hour": 0}


@cleaned
def test_when_it_is_full_the_oldest_of_the_lowest_priority_is_dropped_and_told(world):
    world.start(most=3)
    for subject, priority in (("old", 1), ("high", 2), ("mid", 1), ("new", 1)):
        world.put(subject, priority=priority)
    equal(world.put("low", priority=0), None)
    world.flush()
    equal(world.subjects(), ["high", "mid", "new"])
    inside(b"Mails that were dropped, as the outbox was full: 2.", world.server.taken[0][2])
    equal(b"dropped" in world.server.taken[1][2], False)


@cleaned
def test_dead_mails_make_room_first_and_are_not_counted_as_dropped(world):
    world.start(most=2)
    world.put("dead", "hard@example.org", priority=9)
    world.flush()
    world.put("one")
    world.put("two")
    world.flush()
    equal(world.subjects(), ["one", "two"])
    equal((world.box.dead(), b"dropped" in world.server.taken[0][2]), ([], False))


@cleaned
def test_octets_are_bounded_too(world):
    world.start(most_bytes=10000)
    for i in range(5):
        world.put(str(i), attachments=[Attachment(b"x" * 3500, "x")])
    equal(len(world.box.pending()), 2)


@cleaned
def test_alerts_of_one_key_become_one_mail_and_then_one_that_tells_how_many_more(world):
    world.start(policy=STORM)
    for i in range(6):
        world.put("open %d" % i, key="door")
        world.flush()
        world.time += 60
    equal(world.subjects(), ["open 0"])
    equal((len(world.box.pending()), world.box.wait()), (1, 540))
    world.start(policy=STORM)
    world.put("open 6", key="door")
    world.put("other", key="window")
    world.drain()
    equal(world.subjects(), ["open 0", "other", "open 6"])
    octets = world.server.taken[-1][2]
    inside(b"Such mails that were held back in 14 minutes: 6; this is the last of them.", octets)
    equal(field(octets, "In-Reply-To"), world.server.taken[0][0])


@cleaned
def test_a_storm_of_a_day_is_a_handful_of_mails(world):
    world.start(policy=STORM)
    for i in range(24 * 12):
        world.put("open %d" % i, key="door")
        world.put("closed %d" % i, key="door", recovery=True)
        world.flush()
        world.time += 300
    world.drain()
    if not 8 < len(world.server.taken) < 14:
        raise AssertionError(world.subjects())
    equal(world.subjects()[-1], "closed 287")


@cleaned
def test_a_recovery_refers_to_its_alert(world):
    world.start(policy=STORM)
    world.put("open", key="door")
    world.put("closed", key="door", recovery=True)
    world.flush()
    equal(world.subjects(), ["open", "closed"])
    equal(field(world.server.taken[1][2], "References"), world.server.taken[0][0])


@cleaned
def test_beyond_the_cap_an_hour_there_is_one_digest(world):
    world.start(policy={"per_minute": 0, "per_hour": 3})
    for i in range(8):
        world.put("event %d" % i, key="key %d" % i)
    world.put("fire", key="fire", priority=2)
    world.flush()
    equal(world.subjects(), ["fire", "event 0", "event 1", "event 2"])
    world.drain()
    equal(world.subjects()[4:], ["5 more mails"])
    inside(b"event 3\r\nevent 4\r\nevent 5\r\nevent 6\r\nevent 7\r\n", world.server.taken[-1][2])


@cleaned
def test_limits_outlive_a_reset(world):
    policy = {"per_minute": 4, "per_day": 0, "per_hour": 0, "window": 0}
    world.start(policy=policy)
    for i in range(4):
        world.put(str(i))
    equal(world.flush(), 2)
    world.start(policy=policy)
    equal(world.flush(), 0)
    equal(world.box.wait(), 30)
    world.drain()
    equal(len(world.server.taken), 4)


@cleaned
def test_storms_outlive_a_reset(world):
    for i in range(5):
        world.start(policy=STORM)
        world.put("restarted %d" % i, key="boot")
        world.flush()
    equal(world.subjects(), ["restarted 0"])


@cleaned
def test_a_heartbeat_goes_every_week_and_warns_of_what_expires(world):
    def beat():
        return world.message("all is well")

    expires = (("The client certificate", DATE + 40 * 86400), ("The token", DATE + 400 * 86400))
    more = {"heartbeat": beat, "expires": expires}
    world.start(**more)
    for _ in range(30 * 24):
        world.flush()
        world.time += 3600
        if world.time % 7:
            world.start(**more)
    if not 3 <= len(world.server.taken) <= 4:
        raise AssertionError(world.subjects())
    equal(b"expires" in world.server.taken[0][2], False)
    inside(b"The client certificate expires in 1", world.server.taken[-1][2])
    equal(b"The token expires" in world.server.taken[-1][2], False)


@cleaned
def test_a_heartbeat_tells_the_last_two_days_and_what_is_over_in_words(world):
    def beat():
        return world.message("all is well")

    world.start(heartbeat=beat, expires=(("The token", DATE + 86400), ("The key", DATE - 9 * 86400)))
    while not world.server.taken:
        world.flush()
        world.time += 3600
    for name in (b"token", b"key"):
        inside(b"The %s expires within two days, or has expired: renew it." % name, world.server.taken[0][2])
    equal(b" days:" in world.server.taken[0][2], False)


@cleaned
def test_what_befell_a_mail_is_told_by_a_heartbeat_within_a_day_though_no_other_mail_comes(world):
    def given_up():
        world.put("alert", "hard@example.org")
        world.flush()

    def damaged():
        name = world.put("alert").name
        with open(world.path + "/" + name, "wb") as file:
            file.write(b"?")

    def well():
        return world.message("well")

    for befalls, words in ((given_up, b"could not be delivered, or not to all: 1."), (damaged, b"damaged on flash")):
        world.start(heartbeat=well)
        befalls()
        begin = world.time
        # A reset changes nothing.
        box = world.start(heartbeat=well)
        world.time += box.wait()
        world.flush()
        inside(words, world.server.taken[-1][2])
        equal((world.time - begin <= 86400, world.subjects()[-1]), (True, "well"))
        # The next one comes when it always does.
        equal(box.wait() >= 7 * 86400, True)


@cleaned
def test_a_heartbeat_that_is_given_up_itself_is_followed_by_one_a_day_until_one_tells(world):
    world.start(heartbeat=lambda: world.message("well"))
    world.put("alert", "hard@example.org")
    recipient = world.server._recipient
    world.server._recipient = lambda address: world.server._say("550 5.1.1 no such user")
    begin, count = world.time, len(world.server.lines)
    while world.time < begin + 10 * 86400:
        world.flush()
        world.time += max(world.box.wait(), 1)
    tries = len([line for line in world.server.lines[count:] if line[:4] == "MAIL"])
    equal(10 <= tries <= 13, True, str(tries))
    world.server._recipient = recipient
    world.flush()
    inside(b"could not be delivered, or not to all: %d." % tries, world.server.taken[0][2])
    equal((len(world.server.taken), world.box.wait() >= 7 * 86400 - 1), (1, True))


@cleaned
def test_the_wait_is_until_the_next_thing_that_is_due(world):
    world.start()
    equal(world.box.wait(), None)
    world.put("alert")
    equal(world.box.wait(), 0)
    world.start(heartbeat=lambda: world.message("well"))
    world.flush()
    equal(world.box.wait() > 6 * 86400, True)


@cleaned
def test_a_note_is_escaped_in_a_mail_that_is_only_html(world):
    world.start()
    world.put("alert", "hard@example.org")
    world.flush()
    world.box.notes.why = "<b> & co"
    message = world.message("html")
    message.text, message.html = None, "<p>hi</p>"
    world.box.put(message)
    world.flush()
    octets = world.server.taken[-1][2].replace(b"=\r\n", b"")
    inside(b"&lt;b> &amp; co", octets)


REPLIES = (
    "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
    "451 4.7.0 Temporary server error. Please try again later. PRX4",
    "451 4.7.500 Server busy. Please try again later",
    "451 4.5.127 Excessive message rate from sender",
    "450 4.7.26 Service does not accept messages sent over IPv6",
    "452 4.5.3 Too many recipients",
    "550 5.2.121 Recipient's per hour message receive limit exceeded",
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
    "421 4.3.2 Service not available",
)


def test_after_each_temporary_reply_everything_arrives_the_urgent_first_and_few_were_the_attempts():
    for reply in REPLIES:
        for stage in ("_recipient", "_message"):
            world = World()
            world.start(policy={"window": 0, "per_hour": 0})
            usual = getattr(world.server, stage)
            refused = []

            def refuse(*_, reply=reply, world=world, refused=refused):
                refused.append(world.time)
                world.server._say(reply)
                world.server.up = reply[:3] != "421"

            setattr(world.server, stage, refuse)
            try:
                for subject, priority in (("a", 1), ("b", 2), ("c", 1)):
                    world.put(subject, priority=priority)
                end = world.time + 1800
                while world.time < end:
                    world.flush()
                    world.time += max(60, world.box.wait())
                if len(refused) > 30:
                    raise AssertionError("%d attempts in half an hour: %s" % (len(refused), reply))
                setattr(world.server, stage, usual)
                world.box.retry()
                world.drain()
                subjects = world.subjects()
                equal((subjects[0], sorted(subjects), world.box.dead()), ("b", ["a", "b", "c"], []), reply + stage)
            finally:
                world.remove()
