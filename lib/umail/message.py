"""A mail: checked when it is made, so that nothing in it becomes a command or a header, encoded when it is sent."""

import os
import time
from binascii import hexlify

from . import codec

# Characters that would end an address or begin another one in a header or a command.
_SPECIAL = ' "(),:;<>[\\]'
# Headers that arguments of Message or the encoder write.
_OWN = " from sender to cc bcc reply-to subject date message-id mime-version importance x-priority return-path "


def refuse(argument, value, why):
    """Raise the ValueError for a faulty ``argument``."""
    raise ValueError("%s: %r %s" % (argument, value, why))


def clean(argument, value):
    """Return ``value``, a str without control characters; a ValueError names the ``argument`` otherwise."""
    if not isinstance(value, str):
        refuse(argument, value, "is not a str")
    for c in value:
        c = ord(c)
        if c < 32 or 127 <= c < 160:
            refuse(argument, value, "holds the control character U+%04X" % c)
    try:
        value.encode()
    except ValueError:
        refuse(argument, value, "is not valid Unicode")
    return value


def address(argument, value):
    """``"Name <local@domain>"``, ``"local@domain"`` or a pair (name, address) → (name, address), both checked.

    Raises:
        ValueError: control characters, more or less than one ``@``, a special character, or a part longer than
            RFC 5321, section 4.5.3.1 allows (64 and 255 octets).
    """
    if isinstance(value, str):
        name, bare = "", clean(argument, value)
        if bare[-1:] == ">" and "<" in bare:
            name, _, bare = bare[:-1].rpartition("<")
            name = name.strip()
            if len(name) > 1 and name[0] == name[-1] == '"':
                name = "\\".join([part.replace('\\"', '"') for part in name[1:-1].split("\\\\")])
            elif "@" in name:
                refuse(argument, value, "is more than one address")
    else:
        name, bare = value
        clean(argument, name)
        clean(argument, bare)
    local, at, domain = bare.partition("@")
    literal = domain[1:-1] if domain[:1] == "[" and domain[-1:] == "]" else None
    if not at or not local or not domain or "@" in domain:
        refuse(argument, value, "is not an address: it needs one @ between a name and a domain")
    for c in local + (domain if literal is None else literal.replace(":", "")):
        if c in _SPECIAL:
            refuse(argument, value, "is not one address: %r can't stand in it" % c)
    if len(local.encode()) > 64 or len(domain.encode()) > 255:
        refuse(argument, value, "is too long: 64 octets before the @ and 255 after it are allowed")
    return name, bare


def _addresses(argument, values):
    if isinstance(values, str):
        values = (values,)
    return [address(argument, value) for value in values]


def _address_tokens(pairs):
    tokens = []
    for name, bare in pairs:
        tokens += codec.phrase(name) if name else []
        tokens.append((b"<%s>," if name else b"%s,") % bare.encode())
    tokens[-1] = tokens[-1][:-1]
    return tokens


class Body:
    """The octets of a mail, as one server is to get them.

    ``size`` is their number, or None where a part's length is unknown; ``body`` is what they need of the server:
    "7bit", "8bit" or "binary".
    """

    def __init__(self, head, data):
        self._head = head
        self._data = data
        self.size = len(head) + len(data)
        self.body = "7bit" if codec.is_ascii(head) and codec.is_ascii(data) else "8bit"

    def chunks(self):
        """Yield the octets as bytes-like pieces: CRLF line ends, no dot stuffed. May be called again."""
        if self.size <= 4096:
            yield self._head + self._data
            return
        yield self._head
        view = memoryview(self._data)
        for i in range(0, len(view), 2048):
            yield view[i : i + 2048]


class Message:
    """A mail to one or several people.

    Args:
        sender, to, cc, bcc, reply_to: "local@domain", "Name <local@domain>" or a pair (name, address); all but
            the sender may be a list of them. Bcc gets a copy and appears nowhere in it.
        subject: any Unicode on one line.
        text, html: the body, str with any line ends; with both, readers see the one they can show.
        headers: further (name, value) pairs. They cannot replace what the other arguments write.
        attachments: `Attachment` objects.
        date: seconds as ``time.time()`` counts them; None: now, or when the mail is first encoded with a set
            clock. A clock before 2025 counts as unset and writes no Date.
        message_id: "<unique@domain>"; None: 128 random bits at the sender's domain, the same at every attempt.
        importance: "high", "normal" or "low".

    Attributes: ``sender`` and ``recipients`` are the envelope's bare addresses; ``smtputf8`` tells that one of
    them is not ASCII (RFC 6531).

    Raises:
        ValueError: an argument, which the sentence names, holds control characters or is no address.
    """

    def __init__(
        self,
        sender,
        to,
        subject,
        text=None,
        html=None,
        cc=(),
        bcc=(),
        reply_to=None,
        headers=(),
        attachments=(),
        date=None,
        message_id=None,
        importance=None,
    ):
        self.author = address("sender", sender)
        self.to = _addresses("to", to)
        self.cc = _addresses("cc", cc)
        self.bcc = _addresses("bcc", bcc)
        self.reply_to = _addresses("reply_to", reply_to or ())
        self.subject = clean("subject", subject)
        self.text = text
        self.html = html
        self.headers = [_extra(name, value) for name, value in headers]
        self.attachments = list(attachments)
        for value in (text, html):
            if value is not None and not isinstance(value, str):
                refuse("text" if value is text else "html", value, "is not a str")
        for value in self.attachments:
            if not hasattr(value, "open"):
                refuse("attachments", value, "is not an Attachment")
        self.date = date
        self.importance = importance
        self.sender = self.author[1]
        self.recipients = []
        for _, bare in self.to + self.cc + self.bcc:
            if bare not in self.recipients:
                self.recipients.append(bare)
        if not self.recipients:
            refuse("to", to, "names no recipient")
        domain = self.sender.partition("@")[2]
        self.message_id = message_id or "<%s@%s>" % (hexlify(os.urandom(16)).decode(), domain)
        if message_id and (clean("message_id", message_id)[0] + message_id[-1] != "<>" or " " in message_id):
            refuse("message_id", message_id, "is not of the form <unique@domain>")
        if importance not in (None, "high", "normal", "low"):
            refuse("importance", importance, 'is none of "high", "normal", "low"')
        self._stamp()

    @property
    def smtputf8(self):
        """Whether an address of the envelope or of a header needs SMTPUTF8."""
        return not codec.is_ascii("".join([self.sender] + self.recipients + [a for _, a in self.reply_to]).encode())

    def _stamp(self):
        if self.date is None and time.gmtime()[0] >= 2025:
            self.date = int(time.time())

    def head(self):
        """The headers up to MIME-Version, without those of the content: bytes."""
        self._stamp()
        out = [codec.header(b"From", _address_tokens([self.author]))]
        for name, pairs in ((b"To", self.to), (b"Cc", self.cc), (b"Reply-To", self.reply_to)):
            if pairs:
                out.append(codec.header(name, _address_tokens(pairs)))
        if not self.to and not self.cc:
            out.append(b"To: undisclosed-recipients:;\r\n")
        out.append(codec.header(b"Subject", codec.words(self.subject)))
        if self.date is not None:
            out.append(b"Date: %s\r\n" % codec.date(self.date).encode())
        out.append(b"Message-ID: %s\r\n" % self.message_id.encode())
        if self.importance:
            priority = {"high": 1, "normal": 3, "low": 5}[self.importance]
            out.append(b"Importance: %s\r\nX-Priority: %d\r\n" % (self.importance.encode(), priority))
        extra = self.headers
        # RFC 3834, section 5: keeps absence notices from answering.
        if not any(name.lower() == "auto-submitted" for name, _ in extra):
            extra = extra + [("Auto-Submitted", "auto-generated")]
        for name, value in extra:
            out.append(codec.header(name.encode(), codec.words(value, 900)))
        out.append(b"MIME-Version: 1.0\r\n")
        return b"".join(out)

    def encode(self, eightbit=False, binary=False, buffer=None):
        """Encode for a server that offers 8BITMIME (``eightbit``) and BINARYMIME (``binary``); returns a `Body`.

        ``buffer``: a bytearray to stream through; without it one is made where attachments need it.
        """
        if self.html is not None or self.attachments:
            from . import multipart

            return multipart.encode(self, eightbit, binary, buffer)
        encoding, data = codec.text((self.text or "").encode(), eightbit)
        if data[-2:] != b"\r\n":
            data += b"\r\n"
        return Body(
            self.head() + b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n",
            data,
        )


def _extra(name, value):
    clean("headers", name)
    clean("headers", value)
    if not name or not all(32 < ord(c) < 127 and c != ":" for c in name):
        refuse("headers", name, "is not a header name")
    lower = name.lower()
    if " " + lower + " " in _OWN or lower.startswith("content-"):
        refuse("headers", name, "is written by umail itself: use the argument of Message for it")
    return name, value
