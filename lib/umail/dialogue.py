"""What every step of the SMTP dialogue is made of: commands, replies, and the errors these become (see session.py)."""

from . import sasl
from .errors import MailError
from .reply import Broken, Buffer, complete, printable, read

FINAL = ("limit", 600)


class Dialogue:
    """One connection's octets and state, for the steps in ``Session`` and ``transaction``.

    Attributes:
        stage (str): what is being done, as ``MailError.stage`` names it.
        features (dict): what EHLO announced: keyword → list of its words, upper case.
        round_trips (int): how often the server had answered and waited for us.
        in_step (bool): every reply that was owed has been read; the connection can be used further.
        sent (bool): the last octet of the message has been handed over, and what became of it is not known.
        dirty (bool): a transaction was left open; RSET comes before the next.
    """

    def __init__(self, route, timeout):
        self.route = route
        self.timeout = timeout
        # The name that the server's certificate must carry.
        self.host = route.host
        self.buffer = Buffer()
        # Extensions the server offers but refused when used; kept over a reconnection.
        self.without = set()
        self.begin()

    def begin(self):
        """A new connection: forget what the old one said."""
        self.buffer.clear()
        self.features = {}
        self.stage = "greeting"
        self.round_trips = 0
        self.in_step = self.secure = self.sent = self.asked = self.dirty = False
        self.secret = b""

    def put(self, octets, last=False):
        """Send what the server is to answer (generator); ``last``: the message's last octet is among it."""
        if len(self.buffer):
            # A reply that came before its command would be taken for the answer to another.
            raise self.refusal((yield from self.reply(self.timeout)))
        if last:
            self.leaves()
        self.asked = True
        yield octets

    def command(self, line):
        """Send one command, read its reply (generator)."""
        yield from self.put(line + b"\r\n")
        return (yield from self.reply(self.timeout))

    def reply(self, seconds):
        """Read one reply, waiting ``seconds`` for it (generator). 421 is an error wherever it comes (RFC 5321, 3.8)."""
        if self.asked:
            self.asked = False
            self.round_trips += 1
        try:
            reply = yield from read(self.buffer, seconds)
        except Broken as error:
            raise self.error("temporary", str(error), "desync")
        if reply is None:
            raise self.error("temporary", "the server closed the connection", "closed")
        if reply.code == 421:
            raise self.refusal(reply)
        return reply

    def take(self, reply, code):
        """Go on where ``reply`` has the only ``code`` that fits here; raise otherwise."""
        if reply.code != code:
            raise self.refusal(reply)

    def failure(self, error):
        """The MailError for an OSError that ended the dialogue."""
        # A server that hangs up has often said why: 421 at any time, another refusal before the message had left.
        while complete(self.buffer):
            try:
                next(read(self.buffer, 0))
                break
            except StopIteration as stop:
                reply = stop.value
            except Broken:
                break
            if reply.code == 421 or (reply.code >= 400 and not self.sent):
                return self.refusal(reply)
        if is_timeout(error):
            return self.error("temporary", "no answer in time", "timeout")
        return self.error("temporary", "the connection broke: %s" % error, "closed")

    def error(self, kind, text, key):
        """A MailError that is not a server's refusal; ``uncertain`` where the message may have been taken."""
        if self.sent:
            kind = key = "uncertain"
        return MailError(self.stage, kind, text, key=key)

    def refusal(self, reply):
        """The MailError for a reply that refuses, or that does not belong here."""
        text = self._masked(reply.text)
        if reply.code < 400:
            # The two sides no longer talk about the same thing.
            return self.error("temporary", "reply out of place: %d %s" % (reply.code, text), "desync")
        from .replies import classify

        self.sent = False
        kind, key = classify(self.stage, reply.code, reply.enhanced, text)[:2]
        if kind == "permanent" and self.stage in ("greeting", "ehlo", "starttls", "auth"):
            # Not the message's fault: it goes when the set-up has been mended.
            kind = "configuration"
        return MailError(self.stage, kind, text, reply.code, reply.enhanced, key)

    def _masked(self, text):
        # A server may repeat what it was told.
        secret = self.secret
        if secret:
            user = self.route.username.encode()
            for octets in (secret, b"\0" + user + b"\0" + secret):
                text = text.replace(sasl.encode(octets).decode(), "***")
            text = text.replace(printable(secret), "***")
        return text


def is_timeout(error):
    """Whether an OSError says that the time ran out."""
    from errno import ETIMEDOUT

    return bool(error.args) and error.args[0] == ETIMEDOUT
