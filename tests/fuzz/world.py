"""The library made repeatable: chance, DNS servers and clock stand still but for pauses, every module stays loaded.

On either interpreter. ``World`` is a context; after it everything is as it was.
"""

import sys
import time

import umail
from fuzz.hostile import elapsed
from fuzz.script import said

PASSWORD = "hunter2/Winter-7"
TOKEN = "ya29.a0AfH6SMB-tokentoken-0123456789"
DATE = 1800000000
# fmt: off
_MODULES = (
    "attachment", "mime.fields", "mime.plain", "delivery", "dns", "net.dns_tcp", "smtp.recipient_batches",
    "mime.optional_fields", "net.http", "m365", "message", "mime.multipart", "net.mx", "oauth", "smtp.handshake",
    "smtp.ehlo", "smtp.login", "m365_other",
    "replies", "tables.replies", "route", "smtp.session",
    "net.transport", "queue.format", "net.tls_failure", "tables.tokens", "smtp.transaction",
    "smtp.sending", "smtp.flight", "smtp.unexpected", "smtp.enhanced", "connecting", "fallback", "checks",
    "smtp.failure", "smtp.data", "smtp.bdat",
    "making", "mime.parts", "mime.files", "mime.date",
    "mime.encoded_words", "mime.addresses", "smtp.retry", "smtp.accepted_recipients", "net.resolve", "durable",
)
# fmt: on


class Chance:
    """Stands for ``os``: the same "random" bytes in every run."""

    def __init__(self):
        self.count = 0

    def urandom(self, size):
        self.count += 1
        return bytes([self.count & 255]) * size


class _Clock:
    # Stands for time: a clock that is set.
    def __getattr__(self, name):
        return getattr(time, name)

    def gmtime(self, seconds=DATE):
        return time.gmtime(seconds)


class World:
    """While it is entered, runs repeat. ``chance`` starts anew by ``restart``."""

    def __enter__(self):
        self.made = []
        for name in _MODULES:
            if "umail." + name not in sys.modules:
                self.made.append(name)
            # CPython binds the module to its package too, where ``load_transient`` does not look.
            __import__("umail." + name)
        self.kept = []
        clock = _Clock()
        self._put("dns", "servers", lambda: ["192.0.2.53", "192.0.2.54"])
        self._put("", "time", clock)
        self._put("mime.date", "time", clock)
        self._put("net.transport", "ticks", lambda: elapsed[0])
        for name in ("dns", "mime.parts", "making"):
            self._put(name, "os", None)
        self.restart()
        return self

    def restart(self):
        """Begin the "random" numbers and the time anew."""
        elapsed[0] = 0
        chance = Chance()
        for name in ("dns", "mime.parts", "making"):
            sys.modules["umail." + name].os = chance

    def _put(self, name, attribute, value):
        module = sys.modules[("umail." + name).rstrip(".")]
        self.kept.append((module, attribute, getattr(module, attribute)))
        setattr(module, attribute, value)

    def __exit__(self, kind, error, trace):
        for module, attribute, value in self.kept:
            setattr(module, attribute, value)
        for name in self.made:
            del sys.modules["umail." + name]
            package, _, leaf = ("umail." + name).rpartition(".")
            sys.modules[package].__dict__.pop(leaf, None)


class Stream:
    """An attachment's source whose length nobody knows."""

    def __init__(self, octets):
        self.octets = octets

    def readinto(self, room):
        count = min(len(room), len(self.octets))
        room[:count] = self.octets[:count]
        self.octets = self.octets[count:]
        return count


def routes(number):
    """One of the kinds of route (a list)."""
    Route = umail.Route
    login = {"username": "a@x.org", "password": PASSWORD}
    token = {"username": "a@x.org", "token": lambda refresh: TOKEN + "r" * refresh}
    makers = (
        lambda: [Route("h.x.org", 25, "plain")],
        lambda: [Route("h.x.org", **login)],
        lambda: [Route("h.x.org", 465, "tls", **login)],
        lambda: [Route("h.x.org", **token)],
        lambda: [Route("h.x.org", 25, "opportunistic")],
        lambda: [umail.m365.submission("a@x.org", token=lambda refresh: TOKEN * 15 + "r" * refresh)],
        lambda: [Route("h.x.org", trust="insecure", **login)],
        lambda: [umail.m365.submission("a@x.org", PASSWORD), Route("two.x.org", 465, "tls", **login)],
        lambda: [Route("h.x.org", **login), Route("two.x.org", 25, "plain")],
        lambda: [umail.m365.relay("x.org", "a@x.org", host="x-org.mail.protection.outlook.com")],
        lambda: [umail.m365.hve("a@x.org", PASSWORD)],
        lambda: [umail.m365.direct_send("x.org", "a@x.org")],
    )
    return makers[number % len(makers)]()


def messages(number):
    """One of the kinds of message, always alike."""
    number %= len(_MESSAGES)
    text, more = _MESSAGES[number]
    if number not in _made:
        more = dict(more)
        to = more.pop("to", "b@y.org")
        _made[number] = umail.Message("a@x.org", to, "s", text, date=DATE, message_id="<1@x.org>", **more)
        if number == _WITH_FILE:
            _made[number].attachments = [umail.Attachment(bytes(range(256)) * 8, "a.bin", "image/png")]
    if number == _STREAMED:
        # It can be read once only.
        _made[number].attachments = [umail.Attachment(Stream(b"\n." * 3000), "a.bin", "image/png")]
    return _made[number]


_made = {}
_WITH_FILE = 3
_STREAMED = 4
_MESSAGES = (
    ("Look after it.\r\n.\r\n..\r\n", {}),
    ("t", {"to": ("b0@y.org", "b1@y.org", "b2@y.org")}),
    ("10 °C, " * 700, {}),
    ("t", {}),
    ("t", {}),
    ("MAIL FROM:<x@x.org>\r\nDATA\r\nQUIT\r\n", {"notify": ("failure", "delay"), "ret": "hdrs"}),
    ("t", {"to": "bö@y.org"}),
    ("1 °C", {"to": ("b0@y.org", "b1@y.org"), "bcc": "b2@y.org"}),
    ("t", {"to": ["b%d@y.org" % i for i in range(52)]}),
    ("t", {"html": "<p>1 °C</p>", "importance": "high", "headers": [("X-A", "b")]}),
)


def scripted(*turns):
    """A script in which the server says each of these (bytes) in its turn."""
    return b"\x1e".join([said(turn) for turn in turns])
