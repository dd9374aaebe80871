"""The SMTP dialogue (RFC 5321), written once, without a socket: generators that any driver can run.

How it works. Each public generator here is one thing a client does: ``open`` (greeting, EHLO, STARTTLS, login; see
opening.py), ``send`` (one mail; see transaction.py), ``quit``. It yields to its driver one of

- a number: receive into ``buffer.space()``, tell ``buffer.add(count)`` and send the count back, 0 at the end of the
  stream. A positive number begins a wait of at most that many seconds; 0 goes on with the wait that is under way, so
  that a reply dripped octet by octet has no more time than one that does not come;
- a bytes-like object: send all of it, and meanwhile receive what the server says, so that a server that stops reading
  until it is read cannot lock both sides;
- ``("tls", route, host)``: turn the connection to TLS, verified as the route says, for a server of that name;
- ``("limit", 600)``: the last octet of the message has left; the deadline of the sending is met, and what follows has
  600 seconds (RFC 5321, 4.5.3.2.6).

I/O errors come in through ``throw`` as OSError. ``StopIteration.value`` is the result. A failure leaves as
``MailError``, made by trouble.py; ``in_step`` then tells whether the connection can be used further: only where every
reply that was owed has been read.

``uncertain``: from the moment the last octet is handed to the driver until the final reply is read, the server may have
the message and we may not know it. ``sent`` marks that stretch. A reply that refuses MAIL or every recipient ends it.
"""

from umail import borrow

from .reply import Broken, Buffer, read


class Mend(Exception):
    """The server refused a parameter that it had offered, now in ``without``: the same mail can be tried again."""


class Session:
    """One connection's dialogue.

    Args:
        route (Route): where to, and how.
        timeout (float): seconds to wait for each reply before the final one.

    Attributes:
        stage (str): what is being done, as ``MailError.stage`` names it.
        features (dict): what EHLO announced, of what is used here: keyword → its words, upper case.
        round_trips (int): how often the server had answered and waited for us.
        in_step (bool): every reply that was owed has been read; the connection can be used further.
        sent (bool): the last octet of the message has been handed over, and what became of it is not known.
        dirty (bool): a transaction was left open; RSET comes before the next.
    """

    # Called just before the last octets of a message are handed over, to mark them durably. A MailError stops them.
    leaving = None

    def __init__(self, route, timeout):
        self.timeout = timeout
        self.buffer = Buffer()
        self.use(route)
        self.begin()

    def use(self, route):
        """From the next connection on, take this route."""
        self.route = route
        # The name that the server's certificate must carry.
        self.host = route.host
        # Extensions the server offers but refused when used; kept over a reconnection.
        self.without = set()

    def begin(self):
        """A new connection: forget what the old one said."""
        self.buffer.clear()
        self.features = {}
        self.stage = "greeting"
        self.round_trips = 0
        self.in_step = self.secure = self.sent = self.asked = self.dirty = False

    def open(self, ehlo, secret=None):
        """Greeting, EHLO, STARTTLS and login, as the route wants them (generator).

        Args:
            ehlo (str): the name to greet with.
            secret (str): the password or access token, where the route has a login.
        """
        return borrow("smtp.handshake").run(self, ehlo.encode(), secret)

    def send(self, message, last=False):
        """Send one mail (generator); returns a ``Receipt``.

        Args:
            message (Message): what to send.
            last (bool): nothing follows: QUIT travels with it, and the connection is not to be used again.

        Raises:
            MailError: refused, broken off or uncertain.
            Mend: try again, on this connection where ``in_step``.
        """
        from .transaction import send

        return send(self, message, last)

    def quit(self):
        """QUIT (generator); the driver bounds how long its reply is waited for."""
        self.stage = "quit"
        self.in_step = False
        return self.command(b"QUIT")

    # -- what each step is made of ------------------------------------------------------------------------------------

    def put(self, octets, last=False, owed=0):
        """Send what the server is to answer (generator).

        Args:
            last (bool): the message's last octet is among it.
            owed (int): how many replies are to come still.
        """
        if len(self.buffer) and not owed:
            # A reply that came before its command would be taken for the answer to another.
            raise self.refusal((yield from self.reply()))
        if last:
            self.leaves()
        self.asked = True
        yield octets

    def leaves(self):
        """From here on the server may have the message, whatever becomes of the connection."""
        if self.leaving:
            self.leaving()
        self.sent = True

    def command(self, line, code=0):
        """Send one command, read its reply as ``reply`` does (generator)."""
        yield from self.put(line + b"\r\n")
        return (yield from self.reply(code))

    def reply(self, code=0, seconds=0):
        """Read one reply (generator).

        Args:
            code (int): the only one that fits here, any other is raised; 0: any. 421 is an error wherever it comes
                (RFC 5321, 3.8).
            seconds (float): to wait for it, other than ``timeout``.
        """
        if self.asked:
            self.asked = False
            self.round_trips += 1
        try:
            reply = yield from read(self.buffer, seconds or self.timeout)
        except Broken as error:
            raise self.error("desync", str(error))
        if reply is None:
            raise self.error("closed")
        if reply.code == 421 or code and reply.code != code:
            raise self.refusal(reply)
        return reply

    def error(self, key, text=""):
        """The MailError for what is no server's refusal; ``key`` and its kind: see trouble.py."""
        return borrow("smtp.failure").error(self, key, text)

    def refusal(self, reply):
        """The MailError for a reply that refuses, or that does not belong here."""
        return borrow("smtp.failure").refusal(self, reply)

    def failure(self, error):
        """The MailError for an OSError that ended the dialogue."""
        return borrow("smtp.failure").failure(self, error)
