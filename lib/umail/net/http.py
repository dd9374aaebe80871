"""One HTTPS request, bounded in time and size, over the library's own transport (RFC 9112; no redirects)."""

import json

from umail import load_transient

from ..errors import MailError
from .transport import Buffer

# Token endpoints answer with a few kilobytes; more is not taken.
_MAX_BODY = 16384
_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def _quote(text):
    return b"".join([bytes((c,)) if c in _SAFE else b"%%%02X" % c for c in text.encode()])


def form(fields):
    """Return ``application/x-www-form-urlencoded`` bytes of (name, value) pairs of str; None leaves a pair out."""
    return b"&".join([_quote(name) + b"=" + _quote(value) for name, value in fields if value is not None])


def _decoded(text):
    # Without percent-encoding, however often it was applied.
    at = text.find("%")
    while at >= 0:
        try:
            c = int(text[at + 1 : at + 3], 16) if len(text) > at + 2 else 0
        except ValueError:
            c = 0
        if 32 <= c < 127:
            text = text[:at] + chr(c) + text[at + 3 :]
        else:
            at += 1
        at = text.find("%", at)
    return text


def hidden(text, secret):
    """Cut ``text`` (str) before what shows a ``secret`` (str or None), as it is, percent-encoded or in part."""
    if not secret:
        return text
    # Six characters in a row are not there by chance.
    size = min(6, len(secret))
    plain = _decoded(text)
    end = len(plain)
    for i in range(len(secret) - size + 1):
        at = plain.find(secret[i : i + size])
        if 0 <= at < end:
            end = at
    return text if end == len(plain) else plain[:end] + "***"


def _failed(text, key="token_endpoint"):
    return MailError("auth", "temporary", "token endpoint: " + text, key=key)


class _Reader:
    # Takes lines and counted bytes out of a buffer (generators); the seconds are those of one wait.
    def __init__(self, buffer, seconds):
        self.buffer = buffer
        self.seconds = seconds

    def more(self):
        return (yield self.seconds)

    def line(self):
        # A line without its end; what is longer than the buffer loses its middle, as no header that counts is.
        kept = b""
        while True:
            line = self.buffer.line()
            if line is not None:
                return kept or line
            if len(self.buffer) == len(self.buffer.data):
                kept = kept or bytes(self.buffer.view[:64])
                self.buffer.start = self.buffer.end = 0
            if not (yield from self.more()):
                raise _failed("the connection ended inside the answer")

    def take(self, count, into):
        # ``count`` bytes (None: all until the end) added to ``into``.
        buffer = self.buffer
        while count is None or count:
            there = len(buffer)
            if not there:
                if not (yield from self.more()):
                    if count is None:
                        return
                    raise _failed("the connection ended inside the answer")
                continue
            if count is not None and there > count:
                there = count
            into += buffer.view[buffer.start : buffer.start + there]
            buffer.start += there
            count = None if count is None else count - there
            if len(into) > _MAX_BODY:
                raise _failed("an answer longer than %d bytes" % _MAX_BODY)


def post(route, path, fields, seconds):
    """POST a form and take the JSON object that answers (generator): returns (status, dict).

    The object's ``retry_after`` is the header's: seconds (int), 0 if there is none (RFC 9110, 10.2.3).

    Args:
        route (Route): host, port and trust; its security is ``"tls"``.
        path (str): of the request.
        fields: (name, value) pairs.
        seconds (float): for each wait.

    Raises:
        MailError: stage auth, if there is no connection or no such answer; resolve or starttls, if these fail.
    """
    buffer = Buffer(1024)
    try:
        yield from _connect(route, buffer)
        body = form(fields)
        head = "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nAccept: application/json\r\nConnection: close\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
        yield (head % (path, route.host, len(body))).encode() + body
        status, body, wait = yield from _answer(_Reader(buffer, seconds))
    except (OSError, MailError) as error:
        yield ("close",)
        if isinstance(error, OSError):
            error = _failed("%s port %d: %s" % (route.host, route.port, load_transient("errno_words").text(error)))
        raise error
    yield ("close",)
    try:
        answer = json.loads(body) if load_transient("net.whole_json").closed(body) else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        failure = _failed("HTTP %d without a JSON object" % status)
        failure.retry_after = wait
        raise failure
    answer["retry_after"] = wait
    return status, answer


def get(route, path, seconds):
    """GET ``path`` (generator), and return the status (int) of the answer; arguments and errors as of ``post``."""
    buffer = Buffer(1024)
    try:
        yield from _connect(route, buffer)
        host = route.host if route.port == 443 else "%s:%d" % (route.host, route.port)
        yield ("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nConnection: close\r\n\r\n" % (path, host)).encode()
        return _status((yield from _Reader(buffer, seconds).line()))
    finally:
        yield ("close",)


def _connect(route, buffer):
    failure = None
    try:
        addresses = yield from load_transient("net.resolve").resolve(route.host)
    except MailError as error:
        if error.kind == "configuration" and route.reached:
            # A router whose line is down says of every name that there is none.
            error.kind = "temporary"
        raise error
    for address in addresses:
        try:
            yield ("connect", address, route.port, buffer)
            route.reached = True
            yield ("tls", route, route.host)
            return
        except OSError as error:
            failure = error
    raise failure


def _status(line):
    words = line.split(b" ")
    if len(words) < 2 or words[0][:7] != b"HTTP/1." or not words[1].isdigit():
        raise _failed("this is not HTTP")
    return int(words[1])


def _answer(reader):
    # The status line, the headers that say how long the body is and when to come back, the body.
    status = _status((yield from reader.line()))
    length = None
    wait = 0
    chunked = False
    for _ in range(100):
        line = yield from reader.line()
        if not line:
            break
        name, _, value = line.partition(b":")
        name = name.lower()
        value = value.strip().lower()
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"retry-after" and value.isdigit():
            # A day at the most, and not the form that is a date: the clock may be wrong.
            wait = min(int(value), 86400)
        elif name == b"transfer-encoding" and value == b"chunked":
            chunked = True
    else:
        raise _failed("more than 100 headers")
    body = bytearray()
    if not chunked:
        yield from reader.take(length, body)
    while chunked:
        size = (yield from reader.line()).split(b";")[0].strip()
        try:
            size = int(size, 16)
        except ValueError:
            raise _failed("a chunk without its size")
        if size <= 0:
            break
        yield from reader.take(size, body)
        yield from reader.line()
    return status, body, wait
