"""One HTTP GET that streams what it gets, bounded in time and size, over the library's own transport (RFC 9110)."""

from umail import load_transient

from ..errors import MailError
from .http import Reader, connect, content, head
from .transport import Buffer

# Of an entity tag that is kept; a longer one is as good as none.
_LONGEST_TAG = 100


def get(route, path, tag, into, most, seconds):
    """Get ``path`` unless it is still what has the entity tag ``tag`` (generator): returns (status, tag).

    Args:
        route (Route): host, port and trust; its security is ``"tls"`` or ``"plain"``.
        path (str): of the request.
        tag (str): the ETag of what is known, ``""`` for none (RFC 9110, 13.1.2).
        into: is added to with ``+``, and says by ``len()`` how much there is: the body, if the status is 200.
        most (int): bytes of the body.
        seconds (float): for each wait.

    Raises:
        MailError: there is no connection or no such answer.
    """
    buffer = Buffer(1024)
    whose = route.host
    try:
        yield from connect(route, buffer)
        asked = "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nConnection: close\r\n" % (path, _host(route))
        if tag:
            asked += "If-None-Match: %s\r\n" % tag
        yield (asked + "\r\n").encode()
        reader = Reader(buffer, seconds, most, whose)
        status, headers = yield from head(reader)
        if status == 200:
            yield from content(reader, headers, into)
        yield ("close",)
        return status, _tag(headers.get(b"etag", b""))
    except (OSError, MailError) as error:
        yield ("close",)
        if isinstance(error, OSError):
            text = "%s port %d: %s" % (whose, route.port, load_transient("errno_words").text(error))
            error = MailError("connect", "temporary", text)
        raise error


def _host(route):
    usual = 80 if route.security == "plain" else 443
    return route.host if route.port == usual else "%s:%d" % (route.host, route.port)


def _tag(value):
    good = len(value) <= _LONGEST_TAG and not [c for c in value if not 32 < c < 127]
    return value.decode() if good else ""
