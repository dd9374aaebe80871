"""An attachment that is made when it is sent: on flash there is its name alone, and each attempt makes it anew."""

from io import BytesIO

from check import equal, inside
from outbox_world import cleaned
from umail import Attachment


class Made(Attachment):
    """Counts how often it is made."""

    again = True
    opened = 0

    def size(self):
        return None

    def open(self):
        Made.opened += 1
        return BytesIO(b"made %d " % Made.opened * 1000)


@cleaned
def test_it_is_made_at_each_attempt_and_after_a_reset_and_takes_no_room_on_flash(world):
    Made.opened = 0
    world.start().spool.made = Made
    kept = Attachment(b"kept", "kept.bin")
    entry = world.put("a", attachments=[Made(":chart/1", "a.csv", "text/csv", "c"), kept])
    equal((Made.opened, entry.size < 2500), (0, True))
    world.start().spool.made = Made
    world.server.down = True
    equal(world.flush(), 0)
    world.server.down = False
    world.time += 4000
    equal(world.flush(), 1)
    octets = world.server.taken[0][2].replace(b"\r\n", b"")
    inside(b'filename="a.csv"', octets)
    inside(b"Content-ID: <c>", octets)
    # "made " in base64, at the beginning of a group of three.
    inside(b"bWFkZS", octets)
    inside(b"a2VwdA==", octets)
    equal(world.files(), [])


@cleaned
def test_without_anything_that_makes_it_the_mail_goes_and_says_so(world):
    world.start().spool.made = Made
    world.put("a", attachments=[Made(":chart/1", "a.csv", "text/csv")])
    world.start()
    equal(world.flush(), 1)
    inside(b"a.csv is not attached", world.server.taken[0][2])
