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
            text = text[:at] + bytes((c,)).decode() + text[at + 3 :]
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


def _failed(text, whose="token endpoint"):
    return MailError("auth", "temporary", "%s: %s" % (whose, text), key="token_endpoint")


class Reader:
    """Takes lines and counted bytes out of a buffer (generators); ``seconds`` are those of one wait.

    An answer has a body of ``most`` bytes at most, and is ``whose`` in a failure.
    """

    def __init__(self, buffer, seconds, most=_MAX_BODY, whose="token endpoint"):
        self.buffer = buffer
        self.seconds = seconds
        self.most = most
        self.whose = whose

    def failed(self, text):
        """Return the MailError of an answer that is of no use."""
        return _failed(text, self.whose)

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
                raise self.failed("the connection ended inside the answer")

    def take(self, count, into):
        # ``count`` bytes (None: all until the end) added to ``into``.
        buffer = self.buffer
        while count is None or count:
            there = len(buffer)
            if not there:
                if not (yield from self.more()):
                    if count is None:
                        return
                    raise self.failed("the connection ended inside the answer")
                continue
            if count is not None and there > count:
                there = count
            into += buffer.view[buffer.start : buffer.start + there]
            buffer.start += there
            count = None if count is None else count - there
            if len(into) > self.most:
                raise self.failed("an answer longer than %d bytes" % self.most)


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
        yield from connect(route, buffer)
        body = form(fields)
        head = "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nAccept: application/json\r\nConnection: close\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
        yield (head % (path, route.host, len(body))).encode() + body
        status, body, wait = yield from _answer(Reader(buffer, seconds))
    except (OSError, MailError) as error:
        yield ("close",)
        if isinstance(error, OSError):
            error = _failed("%s port %d: %s" % (route.host, route.port, load_transient("errno_words").text(error)))
        raise error
    yield ("close",)
    try:
        answer = json.loads(body) if load_transient("net.truncated_json").closed(body) else None
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
        yield from connect(route, buffer)
        host = route.host if route.port == 443 else "%s:%d" % (route.host, route.port)
        yield ("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nConnection: close\r\n\r\n" % (path, host)).encode()
        return (yield from _status(Reader(buffer, seconds)))
    finally:
        yield ("close",)


def connect(route, buffer):
    """Connect to the host of ``route``, by TLS unless that is plain (generator); OSError, or MailError, if it fails."""
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
            if route.security != "plain":
                yield ("tls", route, route.host)
            return
        except OSError as error:
            failure = error
    raise failure


def _answer(reader):
    status, headers = yield from head(reader)
    body = yield from content(reader, headers, bytearray())
    wait = headers.get(b"retry-after", b"")
    # A day at the most, and not the form that is a date: the clock may be wrong.
    return status, body, min(int(wait), 86400) if wait.isdigit() else 0


def _status(reader):
    words = (yield from reader.line()).split(b" ")
    if len(words) < 2 or words[0][:7] != b"HTTP/1." or not words[1].isdigit():
        raise reader.failed("this is not HTTP")
    return int(words[1])


def head(reader):
    """Return the status (int) of an answer and those of its headers that count, by their names in small letters."""
    status = yield from _status(reader)
    headers = {}
    for _ in range(100):
        line = yield from reader.line()
        if not line:
            return status, headers
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in (b"content-length", b"retry-after", b"transfer-encoding", b"etag"):
            headers[name] = value.strip()
    raise reader.failed("more than 100 headers")


def content(reader, headers, into):
    """Add the body of an answer to ``into``, which knows ``+=`` and its length, and return it."""
    if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
        length = headers.get(b"content-length", b"")
        yield from reader.take(int(length) if length.isdigit() else None, into)
        return into
    while True:
        size = (yield from reader.line()).split(b";")[0].strip()
        try:
            size = int(size, 16)
        except ValueError:
            raise reader.failed("a chunk without its size")
        if size <= 0:
            return into
        yield from reader.take(size, into)
        yield from reader.line()
