"""What a mail is on flash: the lines behind its content, and its state in two places that take turns.

A file holds the text, the HTML and the attachments, one after the other as they were given; then a line that describes
the mail and has the checksum of what stands before it; then two lines of equal length, padded, for the mail's state. A
new state overwrites the older of the two, so that a file never grows, however often a mail is tried; the whole one that
was written last counts. Its name is a number, which orders the mails, and the length of what stands before the lines.

Lines are those of durable.py: a version, a checksum, JSON. Files of the version before are read by format1.py.
"""

from binascii import crc32

from ..durable import seal, unseal

# A state takes so many bytes, and one for each recipient.
_STATE = 400
# More lines than this do not fit: so many bytes of addresses and header fields.
MOST_LINES = 32768
# The file of what an outbox remembers.
STATE = "state"


class Entry:
    """A mail in the outbox.

    Attributes:
        state (str): ``"pending"``, ``"deferred"``, ``"sending"``, ``"uncertain"`` or ``"dead"``.
        until (int): not before this time of ``Outbox.now``.
        since (int): when it was put.
        attempts (int), doubts (int): failed attempts; how often it may have arrived.
        date: seconds of ``time.time()``, or None while the clock was never set since.
        left: recipients (list of str) that have not got it; None: nobody has.
        gone (list): ``[address, reply]`` of those refused for good.
        why (str): of the last failure.
        priority (int), group (str or None), more (int): as put; how many were held back in it.
        number (int), size (int): which mail it is, and the bytes of its file.
        tried (int): since when it counts as being tried: ``since``, or later if the board was off for long.
        turn (int), slot (int): how often its state was written, and the bytes that it may take.
        people: all recipients (list of str), once it is not the same for all.
        asked (bool): it waits for a person, who was told.
    """

    ending = ".mail"
    state = "pending"
    until = attempts = doubts = turn = slot = since = tried = more = 0
    priority = 1
    date = group = None
    left: "list | None" = None
    people: "list | None" = None
    why = ""
    asked = False

    def __init__(self, number, length):
        self.number = number
        self.length = length
        self.size = length
        self.gone = []

    @property
    def name(self):
        """The name of its file (str)."""
        return "%06x-%x%s" % (self.number, self.length, self.ending)

    def describe(self, head):
        """Return the line (bytes) that describes the mail: what an Entry knows, then ``head``."""
        return seal([self.number, self.slot, self.priority, self.group, self.more, self.since] + head)

    def reserve(self, people):
        """Fix how many bytes the state may take; ``people`` is the number of recipients."""
        self.slot = _STATE + people

    def line(self, now, date, turn):
        """Return the state as a line of ``slot`` bytes; ``date`` at ``now`` tells later how long the board was off."""
        whom, replies = self._fates()
        why = self.why
        while True:
            line = seal(
                [turn, now, date, self.state, self.until, self.attempts, self.doubts, self.date, self.tried]
                + [whom, why, replies, int(self.asked)]
            )
            if len(line) <= self.slot:
                return line[:-1] + b" " * (self.slot - len(line)) + b"\n"
            # Who is refused counts; all the words of a server do not.
            if len(replies) > 1:
                replies.pop()
            elif why:
                why = why[: len(why) // 2]
            elif replies and replies[0]:
                replies[0] = replies[0][: len(replies[0]) // 2]
            else:
                # EFBIG: what was read was of another version.
                raise OSError(27)

    def _fates(self):
        # What became of each recipient, as a letter: "." waits, "+" has got it, a number is its reply's in the list.
        whom = ""
        replies = []
        if self.people:
            gone = dict(self.gone)
            left = self.left or ()
            for address in self.people:
                mark = "." if address in left else "+"
                if address in gone:
                    reply = gone[address]
                    if reply not in replies:
                        replies.append(reply)
                    mark = str(min(replies.index(reply), 9))
                whom += mark
        return whom, replies

    def take(self, octets):
        """Read the lines behind the content; return (what ``describe`` was given, (now, date) of the state).

        None if they are damaged, ``()`` if only a later version can read them. Any exception if they are whole and not
        ours.
        """
        lines = octets.split(b"\n")
        value = unseal(lines[0] + b"\n")
        if not value or value[0] != self.number:
            return () if value == () else None
        _, self.slot, self.priority, self.group, self.more, self.since = value[:6]
        self.size = self.length + len(lines[0]) + 1 + 2 * self.slot
        found = None
        for line in lines[1:3]:
            state = unseal(line.rstrip() + b"\n")
            if state and (found is None or state[0] > found[0]):
                found = state
        if found is None:
            # On FAT a cut may have torn both: perhaps it was under way.
            self.state = "sending"
            self.tried = self.since
            self.check(self.since, None)
            return value[6:], (self.since, None)
        self.turn, now, date, self.state, self.until, self.attempts, self.doubts, self.date, self.tried = found[:9]
        whom, self.why, replies = found[9:12]
        self.asked = 1 in found[12:13]
        self.check(now, date)
        if whom:
            _, _, _, _, _, people = value[6:12]
            self.people = everybody = recipients(people)
            self.left = []
            self.gone = []
            for address, mark in zip(everybody, whom):
                if mark == ".":
                    self.left.append(address)
                elif mark != "+":
                    self.gone.append([address, replies[min(int(mark), len(replies) - 1)]])
        return value[6:], (now, date)

    def check(self, now, date):
        """Raise ValueError if the values cannot be those of a mail, though their checksum holds."""
        good = isinstance(self.why, str) and isinstance(self.group or "", str) and isinstance(self.state, str)
        for value in (
            self.slot, self.more, self.since, self.turn, self.until, self.attempts, self.doubts, self.tried, now,
            date or 0, self.date or 0, abs(self.priority),
        ):  # fmt: skip
            good = good and isinstance(value, int) and 0 <= value < 1 << 40
        if not good or self.slot > MOST_LINES:
            raise ValueError()

    def know(self, people):
        """Remember all recipients, ``people`` (list of str), once they no longer share one state."""
        self.people = self.people or list(people)


def recipients(people):
    """Return the bare addresses of ``[author, to, cc, bcc, reply_to]``, in the order of ``Message.recipients``."""
    found = []
    for pairs in people[1:4]:
        for _, bare in pairs:
            if bare not in found:
                found.append(bare)
    return found


def read(file, left, crc, write=None):
    """Read up to ``left`` bytes through one buffer; return (count, CRC). What is read also goes to ``write``."""
    buffer = memoryview(bytearray(512))
    total = 0
    while total < left:
        count = file.readinto(buffer[: min(512, left - total)])
        if not count:
            break
        total += count
        crc = crc32(buffer[:count], crc)
        if write:
            write(buffer[:count])
    return total, crc
