"""What lies on flash beside whole mails: torn, damaged, foreign and changed files; none is sent, none blocks."""

from check import equal, inside, raises
from outbox_world import cleaned
from umail import Attachment
from umail.queue import spool


@cleaned
def test_a_damaged_file_is_never_sent_and_the_next_mail_tells(world):
    for at in (3, -60):
        world.start()
        world.put("alert")
        name = world.path + "/" + world.files()[0]
        with open(name, "rb") as file:
            octets = bytearray(file.read())
        octets[at] ^= 1
        with open(name, "wb") as file:
            file.write(octets)
        world.start()
        world.put("next")
        world.flush()
        equal("alert" in world.subjects(), False)
        inside(b"1 mails were damaged on flash", world.server.taken[-1][2])


@cleaned
def test_a_torn_line_at_the_end_is_passed_over(world):
    world.start()
    world.put("later")
    world.flush()
    name = world.path + "/" + world.files()[0]
    with open(name, "ab") as file:
        file.write(b'\n01234567 [99, null, "de')
    world.start()
    equal((world.box.pending()[0].state, world.box.pending()[0].attempts), ("deferred", 1))
    world.time += 60
    world.flush()
    world.start()
    equal(world.box.pending()[0].attempts, 2)


@cleaned
def test_files_that_are_none_of_its_mails_are_removed(world):
    world.start()
    for name in ("new.tmp", "Z", "000001-zz", "000003~1"):
        with open(world.path + "/" + name, "wb") as file:
            file.write(b"x")
    world.start()
    equal(world.files(), [])


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
