"""A file is fetched over HTTP unless it is still the same, bounded whatever the server says."""

from check import equal, inside, raises
from oauth_world import exchange
from umail import MailError, Route
from umail.net.http_get import get

BODY = b"what is fetched, byte by byte " * 40


class Kept:
    """Keeps what is added to it."""

    def __init__(self):
        self.data = b""

    def __len__(self):
        return len(self.data)

    def __add__(self, data):
        self.data += bytes(data)
        return self


def fetched(answer, tag="", cut=100000, most=5000, port=80):
    """Run one request whose server says ``answer`` and closes; return (status, tag), body and what was sent."""
    into = Kept()
    secure = port == 443
    steps = get(Route("localhost", port, "tls" if secure else "plain"), "/a/b", tag, into, most, 5)
    found, sent, asked = exchange(steps, answer, cut)
    equal(asked, ["lookup", "connect"] + ["tls"] * secure + ["close"])
    return found, into.data, sent


def answered(status, headers, body=b""):
    return b"HTTP/1.1 %s\r\n%s\r\n" % (status, headers) + body


WHOLE = answered(b"200 OK", b'etag: "x1"\r\nContent-Length: %d\r\n' % len(BODY), BODY)
CHUNKED = answered(
    b"200 OK", b'ETag: "x1"\r\nTransfer-Encoding: Chunked\r\n', b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"
)
CLOSED = answered(b"200 OK", b'ETag: "x1"\r\n', BODY)


def test_a_body_is_fetched_however_it_is_framed_and_cut():
    for answer in (WHOLE, CHUNKED, CLOSED):
        for cut in (1, 7, 64, 100000):
            (status, tag), body, sent = fetched(answer, cut=cut)
            equal((status, tag, body), (200, '"x1"', BODY))
    inside(b"GET /a/b HTTP/1.1\r\nHost: localhost\r\n", sent)
    equal(b"If-None-Match" in sent, False)


def test_what_has_not_changed_costs_one_request_and_no_body():
    (status, tag), body, sent = fetched(answered(b"304 Not Modified", b'ETag: "x1"\r\n'), '"x1"')
    equal((status, tag, body), (304, '"x1"', b""))
    inside(b'If-None-Match: "x1"\r\n', sent)


def test_what_is_not_there_brings_no_body():
    equal(fetched(answered(b"404 Not Found", b"Content-Length: 5\r\n", b"never"))[:2], ((404, ""), b""))


def test_a_tag_that_could_break_a_request_is_not_kept():
    for tag in (b'"a b"', b'"' + b"x" * 200 + b'"', b'"\xc3\xa4"', b'"\0"'):
        equal(fetched(answered(b"200 OK", b"ETag: " + tag + b"\r\nContent-Length: 0\r\n"))[0], (200, ""))


def test_more_than_what_was_bargained_for_is_an_error_and_is_not_kept_in_memory():
    for answer in (WHOLE, CHUNKED, CLOSED):
        error = raises(MailError, fetched, answer, most=100)
        inside("localhost: an answer longer than 100 bytes", str(error))


def test_an_answer_that_breaks_off_is_an_error():
    for answer in (WHOLE, CHUNKED):
        for end in range(0, len(answer) - 30, 97):
            raises(MailError, fetched, answer[:end])


def test_another_port_is_named_and_tls_is_begun():
    equal(fetched(WHOLE, port=443)[1], BODY)
    inside(b"Host: localhost:8017\r\n", fetched(WHOLE, port=8017)[2])
