"""A mail: checked when it is made, so that nothing in it becomes a command or a header, encoded when it is sent.

What a plain alert does not need is loaded when a message needs it: in mime/ names (addresses.py), other scripts
(encoded_words.py), further headers (optional_fields.py), HTML and attachments (multipart.py; attachment.py), texts that
must be encoded (transfer_encoding.py).
"""

import os
from binascii import hexlify

from umail import load_transient

from .mime.fields import clean, encode_text, header, is_ascii, now, refuse, words
from .mime.fields import date as date_of


def address(argument, value):
    """Turn ``"Name <local@domain>"``, ``"local@domain"`` or a pair into a checked pair (name, address).

    Raises:
        ValueError: control characters, more or less than one ``@``, a special character, or a part longer than
            RFC 5321, section 4.5.3.1 allows (64 and 255 bytes).
    """
    name = ""
    bare = value
    if not isinstance(value, str) or value[-1:] == ">":
        name, bare = load_transient("mime.addresses").split(argument, value)
    local, _, domain = clean(argument, bare).partition("@")
    rest = domain[1:-1].replace(":", "") if domain[:1] + domain[-1:] == "[]" else domain
    wrong = not local or not rest or len(local.encode()) > 64 or len(domain.encode()) > 255
    for c in ' "(),:;<>@[\\]':
        wrong = wrong or c in local or c in rest
    if wrong:
        refuse(argument, bare, "is not one address, local@domain of at most 64 and 255 bytes")
    return name, bare


def _addresses(argument, values):
    if isinstance(values, str):
        values = (values,)
    return [address(argument, value) for value in values]


def _people(name, pairs, bare_only):
    """Return the header field of an address list: bytes. ``bare_only``: none around a lone address without a name."""
    tokens = []
    for who, bare in pairs:
        bare = bare.encode()
        if who:
            tokens += load_transient("mime.addresses").phrase(who)
        if who or not bare_only or len(pairs) > 1:
            bare = b"<" + bare + b">"
        tokens.append(bare + b",")
    tokens[-1] = tokens[-1][:-1]
    return header(name, tokens)


class Body:
    """The bytes of a mail, as one server is to get them.

    ``size`` is their number, or None if a part's length is unknown; ``body`` is what they need of the server:
    "7bit", "8bit" or "binary". ``dots`` tells whether the chunk last yielded may hold a dot.
    """

    dots = True

    def __init__(self, head, data):
        self._pieces = (head, data)
        self.size = len(head) + len(data)
        self.body = "7bit" if is_ascii(head) and is_ascii(data) else "8bit"

    def chunks(self):
        """Yield the bytes as bytes-like pieces: CRLF line ends, no dot stuffed. May be called again."""
        yield from self._pieces


class Message:
    """A mail to one or several people.

    Args:
        sender, to, cc, bcc, reply_to: "local@domain", "Name <local@domain>" or a pair (name, address); all but
            the sender may be a list of them. Bcc gets a copy and appears nowhere in it.
        subject: any Unicode on one line.
        text, html: the body, str with any line ends; with both, readers see the one they can show; without either, the
            subject stands as the text.
        headers: further (name, value) pairs. They cannot replace what the other arguments write.
        attachments: `Attachment` objects.
        date: seconds as ``time.time()`` counts them; None: now, or when the mail is first encoded with a set
            clock. A clock before 2025 counts as unset and writes no Date.
        message_id: "<unique@domain>"; None: 128 random bits at the sender's domain, the same at every attempt.
        importance: "high", "normal" or "low".
        notify: which reports on the delivery the sender is to get, if the server offers them (RFC 3461; elsewhere
            the server's own habit holds): "never", or one or several of "success", "failure", "delay".
        ret: what such a report holds of the mail: "full" or "hdrs" (its headers).

    Attributes:
        sender, recipients: the envelope: bare addresses, each recipient once.
        smtputf8: whether an address is not ASCII (RFC 6531).

    Raises:
        ValueError: an argument, which the sentence names, holds control characters or is not an address.
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
        notify=(),
        ret=None,
    ):
        self.author = address("sender", sender)
        self.sender = self.author[1]
        self.to = _addresses("to", to)
        self.cc = _addresses("cc", cc)
        self.bcc = _addresses("bcc", bcc)
        self.reply_to = _addresses("reply_to", reply_to or ())
        self.recipients = []
        for _, bare in self.to + self.cc + self.bcc:
            if bare not in self.recipients:
                self.recipients.append(bare)
        if not self.recipients:
            refuse("to", to, "names no recipient")
        self.smtputf8 = not is_ascii("".join(self.recipients + [a for _, a in self.reply_to + [self.author]]).encode())
        self.subject = clean("subject", subject)
        self.text = text
        self.html = html
        self.headers = list(headers)
        self.attachments = list(attachments)
        self.date = date
        self.message_id = message_id
        self.importance = importance
        self.notify = (notify,) if isinstance(notify, str) else notify
        self.ret = ret
        if date is not None and not isinstance(date, (int, float)):
            refuse("date", date, "is not a number of seconds")
        rare = headers or html or attachments or message_id or importance or notify or ret
        # 0xED begins the halves of surrogate pairs, which are not UTF-8.
        if rare or not isinstance(text, str) or b"\xed" in text.encode():
            load_transient("mime.optional_fields").check(self)
        if not message_id:
            domain = "umail.invalid" if self.smtputf8 else self.sender.partition("@")[2]
            self.message_id = "<%s@%s>" % (hexlify(os.urandom(16)).decode(), domain)
        self._stamp()

    def _stamp(self):
        if self.date is None:
            self.date = now()

    def head(self):
        """Return the headers up to MIME-Version, without those of the content: bytes."""
        self._stamp()
        out = []
        for name, pairs in ((b"From", [self.author]), (b"To", self.to), (b"Cc", self.cc), (b"Reply-To", self.reply_to)):
            if pairs:
                # Filters count a bare address against a mail with HTML.
                out.append(_people(name, pairs, self.html is None))
        if not self.to and not self.cc:
            out.append(b"To: undisclosed-recipients:;\r\n")
        out.append(header(b"Subject", words(self.subject)))
        if self.date is not None:
            out.append(b"Date: %s\r\n" % date_of(self.date).encode())
        out.append(b"Message-ID: %s\r\n" % self.message_id.encode())
        if self.headers or self.importance:
            out += load_transient("mime.optional_fields").fields(self)
        else:
            # RFC 3834, section 5: keeps absence notices from answering.
            out.append(b"Auto-Submitted: auto-generated\r\n")
        out.append(b"MIME-Version: 1.0\r\n")
        return b"".join(out)

    def encode(self, eightbit=False, binary=False, buffer=None):
        """Encode for a server that offers 8BITMIME (``eightbit``) and BINARYMIME (``binary``); returns a `Body`.

        ``buffer``: a bytearray to stream through; without it one is made if attachments need it.
        """
        if self.html is not None or self.attachments:
            return load_transient("mime.multipart").encode(self, eightbit, binary, buffer)
        # Filters count an empty body against a mail.
        encoding, data = encode_text(self.text or self.subject, eightbit)
        if data[-2:] != b"\r\n":
            data += b"\r\n"
        head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n" % encoding
        return Body(self.head() + head, data)
