"""Replies are read whole however they are cut, and what is not a reply is refused."""

from check import equal, inside, raises
from umail import Route
from umail.errors import Broken
from umail.net.transport import Buffer
from umail.smtp.bdat import complete
from umail.smtp.enhanced import printable
from umail.smtp.session import Session, read

GOOD = (
    (b"220 mail.example.org ESMTP\r\n", 220, [b"mail.example.org ESMTP"]),
    (b"250\r\n", 250, [b""]),
    (b"250 \r\n", 250, [b""]),
    (b"250-one\r\n250-two\r\n250 three\r\n", 250, [b"one", b"two", b"three"]),
    (b"250-\r\n250\r\n", 250, [b"", b""]),
    (b"354 go\n", 354, [b"go"]),
    (b"550 5.1.1 \xff\x00 no\r\n", 550, [b"5.1.1 \xff\x00 no"]),
)
BAD = (
    b"25\r\n",
    b"2500 x\r\n",
    b"abc\r\n",
    b"\r\n",
    b"150 x\r\n",
    b"650 x\r\n",
    b"290 x\r\n",
    b"250_x\r\n",
    b"250-one\r\n251 two\r\n",
    b"250-one\r\nrubbish\r\n",
    b"250-one\r\n",
    b"250 unfinished",
    b"HTTP/1.1 400 Bad Request\r\n",
    b"SSH-2.0-x\r\n",
)


def feed(octets, cut, size=1024):
    # What `read` makes of bytes that come `cut` at a time, and what is left in the buffer.
    buffer = Buffer(size)
    steps = read(buffer, 30)
    answer = None
    while True:
        try:
            steps.send(answer)
        except StopIteration as stop:
            return stop.value, buffer
        space = buffer.space()
        part = octets[: min(cut, len(space))]
        octets = octets[len(part) :]
        space[: len(part)] = part
        buffer.end += len(part)
        answer = len(part)


def test_a_reply_is_the_same_wherever_it_is_cut():
    for octets, code, lines in GOOD:
        for cut in range(1, len(octets) + 1):
            reply, buffer = feed(octets, cut)
            equal((reply.code, reply.lines, len(buffer)), (code, lines, 0))


def test_what_follows_a_reply_stays_for_the_next_one():
    for octets, code, lines in GOOD:
        reply, buffer = feed(octets + b"221 bye\r\n", 1000)
        equal((reply.code, reply.lines), (code, lines))
        equal(next_reply(buffer).code, 221)


def next_reply(buffer):
    try:
        next(read(buffer, 1))
    except StopIteration as stop:
        return stop.value


def test_what_is_not_a_reply_is_refused_wherever_it_is_cut():
    for octets in BAD:
        for cut in range(1, len(octets) + 1):
            raises(Broken, feed, octets, cut)


def test_the_end_of_the_stream_between_replies_is_not_a_reply():
    equal(feed(b"", 1)[0], None)


def test_a_line_longer_than_the_buffer_is_refused():
    error = raises(Broken, feed, b"250 " + b"x" * 65536 + b"\r\n", 4096, 512)
    inside("512", str(error))


def test_an_endless_reply_is_refused():
    raises(Broken, feed, b"250-x\r\n" * 10000, 100)
    raises(Broken, feed, (b"250-" + b"x" * 500 + b"\r\n") * 100, 100)


def test_the_longest_line_that_fits_is_read():
    octets = b"250 " + b"x" * 1018 + b"\r\n"
    equal(len(feed(octets, 7)[0].lines[0]), 1018)


def test_the_first_wait_is_the_whole_one_and_the_next_go_on_with_it():
    buffer = Buffer()
    steps = read(buffer, 30)
    equal(next(steps), 30)
    buffer.space()[:1] = b"2"
    buffer.end += 1
    equal(steps.send(1), 0)


def test_enhanced_codes_are_read_only_in_their_form():
    for line, wanted in (
        (b"250 2.1.5 ok", "2.1.5"),
        (b"550 5.7.606 banned", "5.7.606"),
        (b"550 5.7.x no", ""),
        (b"550 7.1.1 no", ""),
        (b"550 5.1 no", ""),
        (b"550 5.1.1.1 no", ""),
        (b"550", ""),
        (b"421 4.7.0: Sender IP rejected", "4.7.0"),
        (b"550 #5.1.0 Address rejected.", "5.1.0"),
        (b"553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "5.7.1"),
        (b"451 Resources temporarily unavailable [#4.16.1].", "4.16.1"),
        (b"550 see 5.7.1", ""),
        (b"550 #", ""),
    ):
        equal(feed(line + b"\r\n", 100)[0].enhanced, wanted, line)


def test_text_cannot_move_a_cursor():
    equal(feed(b"550 a\x1b[2Jb\x00\xc3\xa9\r\n", 9)[0].text, "a?[2Jb???")
    equal(printable(b"\x7f\x80 ~"), "?? ~")


def test_complete_tells_a_whole_line():
    session = Session(Route("h.example"), 30, Buffer())
    buffer = session.buffer
    buffer.space()[:3] = b"421"
    buffer.end += 3
    equal(complete(session), False)
    buffer.space()[:2] = b"\r\n"
    buffer.end += 2
    equal(complete(session), True)
