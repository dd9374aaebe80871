"""A mail: checked when it is made, dated as soon as the clock is set, encoded when it is sent.

Nothing in it becomes a command or a header. How it is made of its arguments is loaded to make it (making.py), and how
it is written to write it (mime/plain.py, mime/fields.py; mime/multipart.py for HTML and attachments).
"""

from umail import load_transient


def __getattr__(name):
    # address
    return getattr(load_transient("making"), name)


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

    recipients: list
    # What a plain alert does not have.
    html = date = importance = ret = None
    message_id = ""
    cc = bcc = reply_to = attachments = notify = ()
    smtputf8 = False

    def __init__(self, sender, to, subject, text=None, *more, **fields):
        load_transient("making").message(self, sender, to, subject, text, more, fields)

    def stamp(self):
        """Take the date of now, if there is none yet and the clock is set."""
        load_transient("mime.date").stamp(self)

    def head(self):
        """Return the headers up to MIME-Version, without those of the content: bytes."""
        return bytes(load_transient("mime.fields").head(self))

    def encode(self, eightbit=False, binary=False, buffer=None):
        """Encode for a server that offers 8BITMIME (``eightbit``) and BINARYMIME (``binary``); returns a ``Body``.

        ``buffer``: a bytearray to stream through; without it one is made if attachments need it.
        """
        if self.html is None and not self.attachments:
            return load_transient("mime.body").encode(self, eightbit)
        pieces, size, need = load_transient("mime.multipart").build(self, eightbit, binary)
        # (What built them is gone: what stays while it is sent is stream.py alone.)
        return load_transient("mime.stream").Body(pieces, size, need, buffer)
