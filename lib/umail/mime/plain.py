"""A plain mail as it travels in one flight with its envelope, and quoted-printable for any mail.

Plain is a line and a short text, of one sender to one recipient; whatever else a mail has, fields.py writes it, and a
plain one the same. None of its lines can be a command (see smtp/flight.py): each header has a name of umail's and is
not folded, and the text is quoted-printable.
"""

from umail import load_transient


def render(message, limit=4096):
    """Return the bytes of a ``Message`` (bytearray); None if it is not plain, or has more than ``limit`` of them.

    Before them are ``message.space`` bytes for the envelope, behind them QUIT for the last of a connection.
    """
    subject = message.subject.encode()
    for name in "headers attachments importance notify ret cc reply_to smtputf8".split():
        if getattr(message, name):
            return None
    author, sender = message.author
    name, to = message.to[0] if len(message.to) == 1 else ("", "")
    if author or name or message.html is not None or len(subject) > 60 or message.recipients != [to]:
        return None
    # What is not ASCII, could be an encoded word, or has spaces that readers would change.
    if not subject or max(subject) > 126 or b"=?" in subject or b"  " in b" %s " % subject:
        return None
    text = message.text.encode() if message.text else subject
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    sender = sender.encode()
    to = to.encode()
    message.space = len(sender) + len(to) + 99
    limit += message.space
    # Last, so that nothing lies behind it and it can grow.
    buf = bytearray(message.space)
    buf += b"From: %s\r\nTo: %s\r\nSubject: %s\r\n" % (sender, to, subject)
    buf += load_transient("mime.date").fields(message)
    buf += b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    buf += b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    quoted_printable(text, True, limit, buf)
    if buf[-2:] != b"\r\n":
        buf += b"\r\n"
    if len(buf) > limit:
        return None
    buf += b"QUIT\r\n"
    return buf


def quoted_printable(data, inert=False, limit=1 << 28, buf=None):
    """Return text with LF line ends as quoted-printable with CRLF (RFC 2045, section 6.7), behind what is in ``buf``.

    ``inert``: no line begins with a letter or a blank, so that none can be a command. What is longer than ``limit``
    bytes is cut off there: nobody wants it, and it need not fit in the memory.
    """
    if buf is None:
        buf = bytearray()
    column = 0
    last = len(data) - 1
    for i, c in enumerate(data):
        if c == 10 or column > 71:
            if len(buf) > limit:
                break
            if c == 10:
                buf += b"\r\n"
                column = 0
                continue
        # A space or tab at the end of a line may be lost on the way.
        plain = 32 < c < 127 and c != 61 or (c == 32 or c == 9) and i != last and data[i + 1] != 10
        if column + (1 if plain else 3) > 75:
            buf += b"=\r\n"
            column = 0
        if inert and not column and (c <= 32 or 65 <= c <= 90 or 97 <= c <= 122):
            plain = False
        column += 1 if plain else 3
        if plain:
            buf.append(c)
        else:
            buf += b"=%02X" % c
    return buf
