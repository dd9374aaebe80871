"""Token requests and their answers without a network: however an answer is cut, and what is kept of them."""

from check import equal, inside, raises
from oauth_world import Store, answered, exchange
from umail import MailError, Route, dns, oauth
from umail.net.http import form, post

BODY = b'{"access_token":"tok","expires_in":3599}'
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n" + BODY[:5] + b"\r\n%x\r\n" % (len(BODY) - 5)
CHUNKED += BODY[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
CLOSED = b"HTTP/1.0 200 OK\r\nX: " + b"long" * 2000 + b"\r\n\r\n" + BODY


def request(answer, cut=100000):
    found, sent, _ = exchange(post(Route("localhost", 443, "tls"), "/t", [("a", "b c")], 5), answer, cut)
    return found, sent


def test_an_answer_is_read_however_it_is_framed_and_cut():
    for answer in (LENGTH, CHUNKED, CLOSED):
        for cut in (1, 2, 3, 7, 64, 100000):
            (status, found), sent = request(answer, cut)
            equal((status, found["access_token"]), (200, "tok"))
            equal(sent.split(b"\r\n\r\n")[1], b"a=b%20c")
            inside(b"Content-Length: 7\r\n", sent)


def test_the_pause_that_an_endpoint_asks_for_is_in_seconds_and_bounded():
    for value, seconds in (
        (b"120", 120),
        (b" 7 ", 7),
        (b"9" * 30, 86400),
        (b"-5", 0),
        (b"Fri, 31 Dec 1999 23:59:59 GMT", 0),
        (b"", 0),
    ):
        head = b"HTTP/1.1 429 Slow\r\nretry-After:" + value + b"\r\n"
        body = b'{"error":"slow_down","retry_after":5}'
        (status, found), _ = request(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        equal((status, found["retry_after"]), (429, seconds), value)
        error = raises(MailError, request, head + b"Content-Length: 4\r\n\r\nbusy")
        equal((error.kind, error.retry_after), ("temporary", seconds), value)
    (_, found), _ = request(LENGTH)
    equal(found["retry_after"], 0)


def test_an_answer_that_breaks_off_or_is_none_is_an_error():
    for answer in (LENGTH, CHUNKED):
        for end in range(0, len(answer) - 30, 7):
            error = raises(MailError, request, answer[:end])
            equal((error.stage, error.kind), ("auth", "temporary"))
    for answer in (
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 99999,
    ):
        raises(MailError, request, answer)


def test_an_answer_that_is_cut_off_is_never_taken_for_a_token_without_its_refresh_token():
    # MicroPython up to 1.25 takes what stands before the cut for the whole object.
    body = b'{"access_token": "tok", "expires_in": 3600, "refresh_token": "next", "more": {"a": [1]}}'
    for end in range(len(body)):
        error = raises(MailError, request, b"HTTP/1.1 200 OK\r\n\r\n" + body[:end])
        equal((error.stage, error.kind), ("auth", "temporary"), body[:end])
    equal(request(b"HTTP/1.1 200 OK\r\n\r\n" + body + b"\r\n")[0][1]["refresh_token"], "next")


def test_a_form_cannot_be_broken_out_of():
    equal(form([("a", "&=+ \r\n\u00fc"), ("b", None), ("c", "~-._")]), b"a=%26%3D%2B%20%0D%0A%C3%BC&c=~-._")


def test_a_token_is_fetched_once_and_kept():
    token = oauth.ClientCredentials("contoso.com", "app-1", "s3cret", host="localhost")
    equal(token.left(), 0)
    got, sent, _ = exchange(token.steps(), LENGTH)
    equal((got, token.left()), ("tok", 3299))
    inside(b"POST /contoso.com/oauth2/v2.0/token HTTP/1.1\r\nHost: localhost\r\n", sent)
    inside(b"grant_type=client_credentials", sent)
    equal(exchange(token.steps(), b"")[0], "tok")
    raises(MailError, exchange, token.steps(True), b"")
    equal("s3cret" in repr(token) + str(token), False)


def test_an_expired_token_is_never_taken_for_valid_though_ticks_wrap():
    class Time:
        """Milliseconds of a board: its ticks wrap at 2**30, the date may be set and jump."""

        now = 1073741824 - 1000
        jump = 0

        def ticks(self):
            return self.now % 1073741824

        def left(self, until, now):
            return (until - now + 536870912) % 1073741824 - 536870912

        def time(self):
            return self.now // 1000 + self.jump

    clock = Time()
    before = oauth.sockets, oauth.time
    oauth.sockets = oauth.time = clock
    try:
        for seconds, jump, valid in (
            (3200, 0, True), (3400, 0, False), (6 * 86400, 0, False), (7 * 86400, 0, False), (12 * 86400, 0, False),
            (1073742 + 60, 0, False), (2 * 1073742 + 60, 0, False), (60, 800000000, False), (60, -60, True),
            (60, -3600, False),
        ):  # fmt: skip
            token = oauth.ClientCredentials("t", "c", "s", host="localhost")
            exchange(token.steps(), LENGTH)
            clock.now += seconds * 1000
            clock.jump += jump
            equal(token.left(), 3299 - seconds if valid else 0)
            sent = exchange(token.steps(), LENGTH)[1]
            equal(sent == b"", valid, (seconds, jump))
    finally:
        oauth.sockets, oauth.time = before


def test_the_new_refresh_token_is_stored_and_used_next():
    store = Store("one")
    token = oauth.RefreshToken("t", "c", store, host="localhost")
    body = b'{"access_token":"a","expires_in":3599,"refresh_token":"two"}'
    exchange(token.steps(), answered(body))
    equal(store.value, "two")
    inside(b"refresh_token=two", exchange(token.steps(True), answered(body))[1])


class Worn(Store):
    # A flash that refuses as long as it is told to.
    refuses = True

    def set(self, key, value):
        if self.refuses:
            raise OSError(28)
        self.value = value


def test_a_rotated_refresh_token_that_the_flash_refuses_is_used_from_memory_and_stored_later():
    body = b'{"access_token":"a","expires_in":3599,"refresh_token":"%s"}'
    for kind in (oauth.RefreshToken, oauth.DeviceCode):
        store = Worn("one")
        token = kind("t", "c", store, *([] if kind is oauth.RefreshToken else [None]), host="localhost")
        equal(exchange(token.steps(), answered(body % b"two"))[0], "a")
        inside(b"refresh_token=two", exchange(token.steps(True), answered(body % b"three"))[1])
        equal(store.value, "one")
        store.refuses = False
        # As soon as it takes it, though no new token is needed.
        exchange(token.steps(), b"")
        equal(store.value, "three")
        store.refuses = True
        error = raises(
            MailError, exchange, token.steps(True), answered(b'{"error":"invalid_grant","error_description":"three"}')
        )
        equal("three" in str(error), False)


def test_the_name_of_microsofts_token_endpoint_is_never_taken_for_a_slip_and_another_one_until_it_was_found():
    for host, kind in (("login.microsoftonline.com", "temporary"), ("login.microsoftonlin.com", "configuration")):
        token = oauth.ClientCredentials("t", "c", "s", host=host)
        real = dns.servers, dns.lookup

        def lookup(name, kind, servers):
            raise MailError("resolve", "configuration", "there is no name", key="dns_no_name")
            yield

        dns.servers, dns.lookup = lambda: ["192.0.2.53"], lookup
        try:
            error = raises(MailError, exchange, token.steps(), b"")
            equal((error.kind, error.key), (kind, "dns_no_name"), host)
        finally:
            dns.servers, dns.lookup = real


def test_what_the_endpoint_says_is_cleaned_of_the_secret_and_of_controls():
    token = oauth.ClientCredentials("t", "c", "s3cret", host="localhost")
    body = b'{"error":"invalid_client","error_description":"AADSTS7000215: s3cret \\u001b[2J wrong"}'
    error = raises(MailError, exchange, token.steps(), answered(body).replace(b"200 OK", b"401 No"))
    equal((error.kind, error.key), ("configuration", "token_secret"))
    equal("s3cret" in str(error) or "\x1b" in str(error), False)


def test_an_endpoint_that_repeats_the_refresh_token_shows_it_to_nobody():
    token = oauth.RefreshToken("t", "c", Store("ya29-refresh"), host="localhost")
    error = raises(
        MailError, exchange, token.steps(), answered(b'{"error":"invalid_grant","error_description":"ya29-refresh"}')
    )
    equal(str(error).count("ya29"), 0)


def test_whatever_types_an_answer_has_it_gives_a_token_or_an_error():
    for seconds in (b"null", b"[]", b'"soon"', b"1e999", b'"60"', b"-1"):
        token = oauth.ClientCredentials("t", "c", "s3cret", host="localhost")
        equal(exchange(token.steps(), answered(b'{"access_token":"a","expires_in":%s}' % seconds))[0], "a")
    for octets in (b'""', b"1", b"[1]", b"null", b'"\\ud800"', b'"a\\u000a"'):
        store = Store("one")
        token = oauth.RefreshToken("t", "c", store, host="localhost")
        raises(MailError, exchange, token.steps(), answered(b'{"access_token":%s,"error":%s}' % (octets, octets)))
        exchange(token.steps(), answered(b'{"access_token":"a","refresh_token":%s}' % octets))
        equal(store.value, "one")


def test_a_tenant_or_client_that_could_change_the_request_is_refused():
    for bad in ("a/b", "a b", "a\r\nHost: x", "a?b", "\u010d\u010a", ""):
        if bad:
            raises(ValueError, oauth.ClientCredentials, bad, "c", "s")
            raises(ValueError, oauth.ClientCredentials, "t", bad, "s")
    raises(MailError, exchange, oauth.RefreshToken("t", "c", Store(None), host="localhost").steps(), b"")


def test_a_secret_that_is_none_is_refused_and_not_shown():
    for bad in ("hunter2\n", "hunter2\0", "hunter2" + chr(0xD83D), b"hunter2"):
        for kind, arguments in (
            (oauth.ClientCredentials, ("t", "c", bad)),
            (oauth.RefreshToken, ("t", "c", Store(None), bad)),
        ):
            equal("hunter2" in str(raises(ValueError, kind, *arguments)), False)
        raises(ValueError, oauth.ClientCredentials, "t", "c", "s", bad)


def test_a_secret_that_an_endpoint_repeats_is_never_shown():
    from umail.net.http import hidden

    secret = "q/8~Zc+V x=4uN%7.Ab1_long"
    coded = "".join(["%%%02X" % c for c in secret.encode()])
    twice = coded.replace("%", "%25")
    for said in (secret, coded, coded.lower(), twice, secret[:8], secret[5:], secret[3:12], coded[:24], coded[9:40]):
        text = hidden("invalid_client: the secret '%s' is wrong" % said, secret)
        equal(text[:30], "invalid_client: the secret '**", said)
        equal("Zc" in text or "%5A" in text, False, text)
    equal(hidden("invalid_client: 100% wrong", secret), "invalid_client: 100% wrong")
    equal(hidden("anything", None), "anything")


def test_a_time_out_that_is_none_is_a_sentence():
    for value in (None, float("nan"), float("inf"), -1, 0, "5", 1e9):
        error = raises(ValueError, oauth.ClientCredentials, "t", "c", "s", timeout=value)
        inside("timeout: %r is not a number of seconds" % (value,), str(error))


def test_two_tasks_fetch_a_token_one_after_the_other():
    token = oauth.RefreshToken("t", "c", Store("first"))
    asked = []

    def fetch():
        asked.append(token._current())
        yield 5
        token._token, token._valid, token._ticks = "access", 3600, oauth.sockets.ticks()
        token._date = int(oauth.time.time())

    token._fetch = fetch
    one, other = token.steps(), token.steps()
    equal(next(one), 5)
    # (It asks again each second.)
    equal((next(other), next(other)), (("pause", 1), ("pause", 1)))
    equal(ended(one), "access")
    equal(ended(other), "access")
    equal(asked, ["first"])


def test_a_task_that_is_cancelled_while_it_fetches_a_token_holds_nobody_up():
    token = oauth.RefreshToken("t", "c", Store("first"))

    def fetch():
        yield 5

    token._fetch = fetch
    one = token.steps()
    next(one)
    one.close()
    equal(next(token.steps()), 5)
    # One that is never ended, whatever became of it, holds another up for two minutes at the most.
    token._busy = True
    steps = token.steps()
    equal([next(steps) for _ in range(121)][-2:], [("pause", 1), 5])


def ended(steps):
    try:
        next(steps)
    except StopIteration as stop:
        return stop.value
    return None
