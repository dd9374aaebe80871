"""What lies on flash beside whole mails: torn, damaged, foreign and changed files; none is sent, none blocks."""

from check import equal, inside, raises
from outbox_world import QUIET, cleaned
from umail import Attachment
from umail.queue import spool


@cleaned
def test_a_damaged_file_is_never_sent_and_the_next_mail_tells(world):
    for content, at in ((True, 3), (False, 4), (False, 20)):
        world.start()
        entry = world.put("alert")
        spoil(world.path + "/" + entry.name, at if content else entry.length + at, b"?")
        world.start()
        world.put("next")
        world.flush()
        equal("alert" in world.subjects(), False)
        inside(b"Mails that were damaged on flash and could not be sent: 1.", world.server.taken[-1][2])


def spoil(path, at, octets):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(octets)


@cleaned
def test_a_mail_that_is_on_flash_is_kept_though_memory_fails_after_it(world):
    # Otherwise whoever put it keeps it too, and it goes twice.
    box = world.start()

    def fails(*_):
        raise MemoryError

    box.save = fails
    entry = world.put("alert")
    del box.save
    equal([one.number for one in world.box.pending()], [entry.number])
    # The other way round: without its file it is not counted.
    write = box.spool.write
    box.spool.write = fails
    raises(MemoryError, world.put, "next")
    box.spool.write = write
    equal([one.number for one in world.box.pending()], [entry.number])
    equal([one.number for one in world.start().pending()], [entry.number])


@cleaned
def test_a_torn_state_is_passed_over_and_the_one_before_it_counts(world):
    world.start()
    world.put("later")
    world.flush()
    entry = world.box.pending()[0]
    equal((entry.attempts, entry.turn), (1, 2))
    path = world.path + "/" + entry.name
    for turn, state in ((2, "sending"), (1, "sending")):
        # In the place where the state of that turn stands.
        spoil(path, entry.size - entry.slot * (2 - turn % 2) + 20, b"torn")
        entry = world.start().pending()[0]
        equal((entry.state, entry.doubts), ("uncertain", 1))
        world.start()


@cleaned
def test_a_file_never_grows_however_often_its_mail_is_tried_and_however_many_recipients_are_refused(world):
    policy = dict(QUIET, ceiling=300)
    world.start(policy=policy)
    people = ["hard%d@example.org" % i for i in range(30)] + ["soft@example.org", "ops@example.org"]
    world.put("later", people)
    size = world.box.pending()[0].size
    for i in range(60):
        world.flush()
        world.time += max(world.box.wait() or 0, 1)
        if i % 20 == 0:
            world.start(policy=policy)
        entry = world.box.entries[0]
        equal((entry.size, spool.os.stat(world.path + "/" + entry.name)[6]), (size, size))
    equal((entry.left, len(entry.gone)), (["soft@example.org", "ops@example.org"], 30))
    inside("no such user", entry.gone[29][1])
    world.server.calm = True
    world.time += 86400
    world.flush()
    equal([people for _, people, _ in world.server.taken], [["soft@example.org", "ops@example.org"]])


@cleaned
def test_what_is_none_of_its_files_and_what_is_damaged_is_put_aside_and_told_and_never_deleted(world):
    world.start()
    world.put("alert")
    names = ["Z", "000001-zz", "000003~1"]
    for name in ["new.tmp"] + names:
        with open(world.path + "/" + name, "wb") as file:
            file.write(b"x")
    spoil(world.path + "/" + world.box.entries[0].name, 2, b"?")
    names.append(world.box.entries[0].name)
    world.start()
    world.flush()
    equal(world.files(), sorted([name + ".bad" for name in names]))
    world.put("next")
    world.flush()
    inside(b"Mails that were damaged on flash and could not be sent: 4.", world.server.taken[-1][2])


@cleaned
def test_nothing_is_left_of_a_mail_that_cannot_be_kept(world):
    world.start(most_bytes=4000)
    raises(ValueError, world.put, "big", attachments=[Attachment(b"x" * 4001, "x")])
    raises(ValueError, world.put, "gone", attachments=[Attachment("/no/such/file")])

    class Endless:
        def readinto(self, view):
            return len(view)

    raises(ValueError, world.put, "endless", attachments=[Attachment(Endless(), "x")])
    equal((world.files(), world.box.pending()), ([], []))


@cleaned
def test_an_attachment_that_stays_where_it_is_goes_only_unchanged(world):
    world.start()
    path = world.path + ".log"
    for content, attached in ((b"one,two\n", True), (b"one,tvo\n", False), (None, False)):
        with open(path, "wb") as file:
            file.write(b"one,two\n")
        world.put("log", attachments=[Attachment(path, "log.csv")], copy=False)
        with open(path, "wb") as file:
            file.write(content or b"")
        world.flush()
        octets = world.server.taken[-1][2]
        equal((b'filename="log.csv"' in octets, b"log.csv is not attached" in octets), (attached, not attached))
    spool.os.remove(path)
