"""uMail's class ``SMTP``: its calls and return values, over this library's sessions (docs/coming-from-umail.md).

How it works. A mail that is being written is one ``Delivery.send`` that stands still: its message yields an empty chunk
if it wants more, and ``_until_asked`` then returns to the caller with the generator suspended. ``write`` puts the
next chunk there and lets it go on. So nothing is kept but that one chunk, and every check, time limit and error is the
library's own.
"""

from umail import load_transient

from .blocking import Wire
from .delivery import Delivery
from .errors import MailError
from .message import Message
from .mime.fields import ascii
from .route import Route

# Headers are looked for, and completed, in so many bytes at the beginning.
_HEAD = 4096
_INSTEAD = ": umail.Message with umail.send takes it"


class SMTP:
    """A connection to a server, made and logged in at once if a login is given; never in clear.

    Args:
        host (str), port (int): the server; its certificate must carry the name.
        ssl (bool): TLS from the first byte (port 465). Otherwise STARTTLS is required.
        username, password (str): the login; ``login`` does it later.
        trust: as of ``Route``.
        timeout, deadline, tick: as of ``Client``; the deadline, in seconds, holds for each call.

    Attributes:
        receipt (Receipt): of the mail sent last; ``receipt.refused`` says who does not get it.

    Raises:
        MailError: no connection, no verified TLS, or no login.
        ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        host,
        port,
        ssl=False,
        username=None,
        password=None,
        trust=None,
        timeout=30,
        deadline=120,
        tick=None,
    ):
        self.username = username
        self.receipt = None
        self._deadline = deadline
        self._wire = Wire(timeout, tick)
        self._steps = self._content = None
        security = "tls" if ssl else "starttls"
        login = (username, password) if username and password else (None, None)
        route = Route(host, port, security, login[0], login[1], trust=trust)
        self._delivery = Delivery(route, timeout, deadline)
        # What is written has no known length: DATA takes it as it comes.
        self._delivery.session.without.add("CHUNKING")
        self._run(self._delivery.connect(route, False))

    def login(self, username, password):
        """Log in, if the constructor was given no login; returns ``(235, [text])``.

        Raises:
            MailError: refused, or the server offers no way to log in.
            ValueError: logged in as somebody else already.
        """
        delivery = self._delivery
        session = delivery.session
        old = session.route
        if old.username is None:
            route = Route(old.host, old.port, old.security, username, password, trust=old.trust)
            session.route = route
            load_transient("smtp.ehlo").hide(session, password)
            try:
                self._run(
                    load_transient("smtp.login").login(session, password)
                    if delivery.connected
                    else delivery.connect(route, False)
                )
            except MailError:
                session.route = old
                raise
            delivery.routes = (route,)
        elif (old.username, old.password) != (username, password):
            raise ValueError("login: %r is logged in here; make another umail.SMTP" % old.username)
        self.username = username
        return 235, ["logged in"]

    def to(self, addrs, mail_from=None):
        """Begin a mail; returns ``(354, [text])``: it is ready for ``write`` and ``send``.

        Args:
            addrs: an address, or a list of them.
            mail_from (str): the sender; None: the user name.

        Raises:
            MailError: refused by the server, for the sender or for every recipient.
            ValueError: an argument is not an address, or the last mail was not ended by ``send``.
        """
        if self._steps:
            raise ValueError("to: the mail before is not ended: call send() first")
        if mail_from is None:
            mail_from = self.username
        if mail_from is None:
            raise ValueError("to: nobody is logged in: pass mail_from=")
        load_transient("making").address("mail_from", mail_from)
        self._content = _Content(mail_from, addrs)
        self._steps = self._delivery.send(self._content)
        self._go_on()
        return 354, ["ready"]

    def write(self, content):
        """Send a piece of the mail: str or bytes, with any line ends, headers first.

        Raises:
            MailError: refused or broken off; the mail is not delivered.
            ValueError: what cannot be in a mail as it is; the mail is not delivered.
        """
        self._give(content, False)

    def send(self, content=""):
        """End the mail, after one more piece: returns ``(250, text)``, the server's reply.

        Raises:
            MailError: not delivered; ``kind == "uncertain"``: perhaps delivered.
            ValueError: as ``write``.
        """
        self._give(content, True)
        self._content.chunk = None
        self.receipt = self._go_on()
        self._steps = None
        return self.receipt.reply.code, self.receipt.reply.text

    def quit(self):
        """QUIT and close. A mail that was begun and not ended is not delivered."""
        self._stop()
        self._wire.run(self._delivery.close())

    # -- how -----------------------------------------------------------------------------------------------------------

    def _run(self, steps):
        # Steps outside a mail; what fails in them closes the connection.
        delivery = self._delivery
        self._wire.limit(self._deadline)
        try:
            self._wire.run(steps)
            return
        except MailError as error:
            failure = error
        except OSError as error:
            failure = delivery.session.failure(error)
        delivery.connected = False
        self._wire.close()
        route = delivery.session.route
        if failure.key == "starttls_missing" and route.username is None:
            failure.text += ': umail.Client(umail.Route(%r, %d, security="plain")) goes without' % (
                route.host,
                route.port,
            )
        raise failure

    def _give(self, content, last):
        if not self._steps:
            raise ValueError("write, send: call to() first")
        try:
            if isinstance(content, str):
                content = content.encode()
            self._content.chunk = self._content.take(content, last)
        except ValueError:
            self._stop()
            raise
        if self._content.chunk:
            self._go_on()

    def _go_on(self):
        self._wire.limit(self._deadline)
        try:
            return self._wire.run(_until_asked(self._steps))
        except BaseException:
            # Without the end of the mail the connection is of no more use; the next to() makes another.
            self._stop()
            raise

    def _stop(self):
        if self._steps:
            self._steps.close()
            self._steps = None
            self._delivery.connected = False
            self._wire.close()


def _until_asked(steps):
    # Runs ``steps`` for a driver (generator) until they yield an empty chunk, and leaves them there.
    answer = error = None
    while True:
        try:
            what = steps.throw(error) if error else steps.send(answer)
        except StopIteration as stop:
            return stop.value
        if isinstance(what, bytes) and not what:
            return None
        answer = error = None
        try:
            answer = yield what
        except Exception as raised:
            error = raised


class _Content(Message):
    # The mail as it is written. ``chunk``: what is to be sent next, empty if more is awaited, None at the end.

    size = None
    dots = True

    def __init__(self, mail_from, addrs):
        super().__init__(mail_from, addrs, "", "")
        self.chunk: "bytes | None" = b""
        self._begun = b""
        self._column = 0
        self._cr = False

    def encode(self, eightbit, binary):  # type: ignore[override]
        self.body = "8bit" if eightbit else "7bit"
        return self

    def chunks(self):
        if self.chunk is None:
            # For further recipients in a second envelope: nothing of it was kept.
            raise ValueError("what was written is sent once only" + _INSTEAD)
        while self.chunk is not None:
            chunk, self.chunk = self.chunk, b""
            yield chunk

    def take(self, data, last):
        # A piece as it goes out.
        if self._cr:
            data = b"\r" + data
        self._cr = data[-1:] == b"\r" and not last
        if self._cr:
            data = data[:-1]
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._check(data)
        if self._begun is not None:
            data = self._begun + data
            end = 0 if data[:1] == b"\n" else data.find(b"\n\n") + 1
            if not end and len(data) < _HEAD and not last:
                self._begun = data
                return b""
            self._begun = None
            data = self._completed(data, end)
        return data.replace(b"\n", b"\r\n")

    def _check(self, data):
        if b"\0" in data:
            raise ValueError("write: a NUL cannot be in a mail as it is" + _INSTEAD)
        if self.body == "7bit" and not ascii(data):
            raise ValueError("write: the server takes ASCII only" + _INSTEAD)
        for number, line in enumerate(data.split(b"\n")):
            self._column = len(line) if number else self._column + len(line)
            if self._column > 998:
                # RFC 5321, 4.5.3.1.6
                raise ValueError("write: a line of more than 998 bytes" + _INSTEAD)

    def _completed(self, data, end):
        # The beginning of the mail with the headers it lacks (RFC 5322, 3.6). ``end``: where its headers end.
        head = data[:end] if end else data
        low = b"\n" + head.lower()
        name = head[: head.find(b":") + 1]
        given = name and not any(c <= 32 or c > 126 for c in name)
        given = given and any(b"\n" + one + b":" in low for one in (b"from", b"to", b"subject", b"content-type"))
        if given and not end and len(data) >= _HEAD:
            # Headers without an end so far.
            return data
        added = []
        keep = False
        for line in self.head().split(b"\r\n"):
            if line[:1] != b" ":
                name = line[: line.find(b":")].lower()
                keep = not given or name in (b"from", b"date", b"message-id", b"mime-version")
                keep = keep and not (given and b"\n" + name + b":" in low)
            if line and keep:
                added.append(line + b"\n")
        if not given or b"\ncontent-t" not in low:
            added.append(b"Content-Type: text/plain; charset=utf-8\n")
            added.append(b"Content-Transfer-Encoding: " + self.body.encode() + b"\n")
        if not given:
            added.append(b"\n")
        elif not end:
            data += b"\n\n"
        return b"".join(added) + data
