"""The SMTP dialogue (RFC 5321), written once, without a socket: generators that any driver can run.

How it works. Each public generator here is one thing a client does: ``open`` (greeting, EHLO, STARTTLS, login),
``send`` (one mail), ``quit``. It yields to its driver one of

- a number: receive into ``buffer.space()``, tell ``buffer.add(count)`` and send the count back, 0 at the end of the
  stream. A positive number begins a wait of at most that many seconds; 0 goes on with the wait that is under way, so
  that a reply dripped octet by octet has no more time than one that does not come;
- a bytes-like object: send all of it, and meanwhile receive what the server says, so that a server that stops reading
  until it is read cannot lock both sides;
- ``("tls", route, host)``: turn the connection to TLS, verified as the route says, for a server of that name;
- ``FINAL``: the last octet of the message has left; the deadline of the sending is met, and what follows has 600
  seconds (RFC 5321, 4.5.3.2.6).

I/O errors come in through ``throw`` as OSError. ``StopIteration.value`` is the result. A failure leaves as
``MailError``; ``in_step`` then tells whether the connection can be used further: only where every reply that was owed
has been read.

``uncertain``: from the moment the last octet is handed to the driver until the final reply is read, the server may have
the message and we may not know it. ``sent`` marks that stretch. A reply that refuses MAIL or every recipient ends it.
"""

from . import sasl
from .dialogue import Dialogue
from .reply import printable


class Session(Dialogue):
    """One connection's dialogue.

    Args:
        route (Route): where to, and how.
        timeout (float): seconds to wait for each reply before the final one.
    """

    # Called just before the last octets of a message are handed over, to mark them durably. A MailError stops them.
    leaving = None

    def leaves(self):
        """From here on the server may have the message, whatever becomes of the connection."""
        if self.leaving:
            self.leaving()
        self.sent = True

    def open(self, ehlo, secret=None):
        """Greeting, EHLO, STARTTLS and login, as the route wants them (generator).

        Args:
            ehlo (str): the name to greet with.
            secret (str): the password or access token, where the route has a login.
        """
        security = self.route.security
        if security == "tls":
            yield from self._tls()
        self.stage = "greeting"
        self.take((yield from self.reply(self.timeout)), 220)
        yield from self._ehlo(ehlo)
        if security in ("starttls", "opportunistic"):
            yield from self._starttls(ehlo)
        if secret is not None:
            yield from self._auth(secret)
        self.in_step = True

    def _ehlo(self, name):
        self.stage = "ehlo"
        self.features = {}
        name = name.encode()
        reply = yield from self.command(b"EHLO " + name)
        route = self.route
        if reply.code in (500, 501, 502, 504) and route.security in ("plain", "opportunistic") and not self.secure:
            # RFC 5321, 3.2: a server from before EHLO. Without it there is neither TLS nor login.
            reply = yield from self.command(b"HELO " + name)
        self.take(reply, 250)
        for line in reply.lines[1:]:
            self._feature(printable(line).upper())

    def _feature(self, line):
        # "AUTH LOGIN", "AUTH=LOGIN" (before RFC 4954) and several AUTH lines mean the same.
        words = line.replace("AUTH=", "AUTH ", 1).split() if line[:4] == "AUTH" else line.split()
        if words and words[0] not in self.without:
            self.features[words[0]] = self.features.get(words[0], []) + words[1:]

    def _starttls(self, ehlo):
        self.stage = "starttls"
        required = self.route.security == "starttls"
        if "STARTTLS" not in self.features:
            if required:
                raise self.error("security", "the server offers no STARTTLS", "starttls_missing")
            return
        reply = yield from self.command(b"STARTTLS")
        if reply.code != 220:
            if required:
                raise self.refusal(reply)
            return
        yield from self._tls()
        # RFC 3207, 4.2: what was learned before TLS is void.
        yield from self._ehlo(ehlo)

    def _tls(self):
        self.stage = "starttls"
        if len(self.buffer):
            # Octets that came with the reply would be read as if TLS had protected them.
            raise self.error("security", "the server sent clear text where TLS begins", "starttls_injection")
        yield ("tls", self.route, self.host)
        self.secure = True

    # -- login (RFC 4954) -------------------------------------------------------------------------------------------

    def _auth(self, secret):
        self.stage = "auth"
        if not self.secure:
            raise self.error("security", "no login without TLS", "login_in_clear")
        offered = self.features.get("AUTH", ())
        mechanism = sasl.choose(offered, self.route.token is not None)
        if mechanism is None:
            what = "AUTH " + " ".join(offered) if offered else "no AUTH"
            raise self.error("configuration", "the server offers %s" % what[:100], "auth_none_offered")
        self.secret = secret.encode()
        username = self.route.username.encode()
        command = b"AUTH " + mechanism.encode()
        exchange = sasl.answers(mechanism, username, self.secret)
        answer = sasl.encode(next(exchange))
        # RFC 4954, 4: a line of 512 octets at the most, where the provider does not document more.
        initial = self.route.long_auth or len(command) + len(answer) < 510
        reply = yield from self.command(command + b" " + answer if initial else command)
        if initial and reply.code in (500, 501):
            initial = False
            reply = yield from self.command(command)
        while reply.code == 334:
            if initial:
                try:
                    answer = sasl.encode(exchange.send(sasl.decode(reply.lines[0])))
                except sasl.Refused as error:
                    raise self.error("security", "the login stopped: %s" % error, "auth_dialogue")
            initial = True
            reply = yield from self.command(answer)
        self.take(reply, 235)

    def send(self, message, last=False):
        """Send one mail (generator); returns a ``Receipt`` (see transaction.py).

        Args:
            message (Message): what to send.
            last (bool): nothing follows: QUIT travels with it, and the connection is not to be used again.

        Raises:
            MailError: refused, broken off or uncertain.
            Mend: try again, on this connection where ``in_step``.
        """
        from .transaction import Transaction

        return (yield from Transaction(self, message, last).run())

    def quit(self):
        """QUIT (generator); the driver bounds how long its reply is waited for."""
        self.stage = "quit"
        self.in_step = False
        yield from self.command(b"QUIT")
