"""What a plain alert does not have: further headers, importance, an ID or a date as given, HTML and attachments."""

from umail import load_transient


def update(message, more, fields, addresses):
    names = "html cc bcc reply_to headers attachments date message_id importance notify ret".split()
    values = dict(zip(names, more))
    odd = [name for name in fields if name not in names or name in values]
    if odd or len(more) > len(names):
        raise TypeError("Message: unknown or twice: %s" % odd)
    values.update(fields)
    for name in names:
        if name in values:
            value = values[name]
            if name in ("cc", "bcc", "reply_to"):
                value = addresses(name, value or ())
            elif name in ("headers", "attachments"):
                value = list(value)
            elif name == "notify" and isinstance(value, str):
                value = (value,)
            setattr(message, name, value)


def check(message, more, fields, addresses):
    """Give ``message`` its further arguments, those by position and those by name, and refuse what is wrong in any.

    ``addresses`` is the function of making.py. Raises ValueError; TypeError for one that is not there, or twice.
    """
    update(message, more, fields, addresses)
    checks = load_transient("checks")
    clean = checks.clean
    refuse = checks.refuse
    message.recipients = []
    for pairs in (message.to, message.cc, message.bcc):
        for _, bare in pairs:
            if bare not in message.recipients:
                message.recipients.append(bare)
    every = [bare for _, bare in message.reply_to] + message.recipients + [message.sender]
    message.smtputf8 = max("".join(every).encode()) > 127
    if not message.recipients:
        refuse("to", message.to, "names no recipient")
    clean("subject", message.subject)
    value = message.date
    if value is not None and not isinstance(value, (int, float)):
        refuse("date", value, "is not a number of seconds")
    # Headers that arguments of Message or the encoder write.
    own = " from sender to cc bcc reply-to subject date message-id mime-version importance x-priority return-path "
    for name, value in message.headers:
        clean("headers", name)
        clean("headers", value)
        # With a word of 900 bytes the line keeps to RFC 5322's 998 (2.1.1).
        if not 0 < len(name) < 77 or not all(32 < c < 127 and c != 58 for c in name.encode()):
            refuse("headers", name, "is not a header name")
        lower = name.lower()
        if " " + lower + " " in own or lower.encode()[:8] == b"content-":
            refuse("headers", name, "is written by umail itself: use the argument of Message for it")
    for argument in ("text", "html"):
        value = getattr(message, argument)
        if value is None:
            continue
        if not isinstance(value, str):
            refuse(argument, value, "is not a str")
        # Half a surrogate pair, which MicroPython has in a str, is not UTF-8; CPython does not encode it.
        data = value.encode()
        at = data.find(b"\xed")
        while at >= 0:
            if data[at + 1] > 0x9F:
                refuse(argument, value, "holds half a surrogate pair")
            at = data.find(b"\xed", at + 1)
    for value in message.attachments:
        if not hasattr(value, "open"):
            refuse("attachments", value, "is not an Attachment")
    value = message.message_id
    if value and (
        (clean("message_id", value)[:1] + value[-1:]).encode() != b"<>"
        or "@" not in value
        or not all(32 < c < 127 and c not in b"<>" for c in value[1:-1].encode())
        or len(value) > 250
    ):
        refuse("message_id", value, "is not of the form <unique@domain>")
    if message.importance and message.importance not in "high normal low".split():
        refuse("importance", message.importance, 'is not "high", "normal" or "low"')
    # RFC 3461, 4.1 and 4.3
    for word in message.notify:
        if word not in "success failure delay never".split()[: 4 if len(message.notify) == 1 else 3]:
            refuse("notify", word, 'is not "success", "failure", "delay", nor "never" alone')
    if message.ret not in (None, "full", "hdrs"):
        refuse("ret", message.ret, 'is neither "full" nor "hdrs"')


def fields(message, header, words):
    """Return the fields (list of bytes) of ``headers`` and ``importance``, and Auto-Submitted if it is not there.

    ``header`` and ``words`` are those of fields.py, which loads this module.
    """
    out = []
    if message.importance:
        # The first is Outlook's, the second that of others.
        out.append(b"Importance: " + message.importance.encode() + b"\r\n")
        out.append(b"X-Priority: %d\r\n" % (1 + 2 * "high normal low".split().index(message.importance)))
    own = False
    for name, value in message.headers:
        own = own or name.lower() == "auto-submitted"
        out.append(header(name.encode(), words(value, 900)))
    if not own:
        out.append(b"Auto-Submitted: auto-generated\r\n")
    return out


def notify(message):
    """Return what asks for reports (RFC 3461) after MAIL and after each RCPT: bytes, empty or with a space first."""
    mail = b""
    if message.ret:
        mail = b" RET=" + message.ret.upper().encode()
    # So a report names the mail it is about (4.4). A message id is ASCII without spaces; xtext spares + and = as well.
    name = message.message_id[1:-1].encode()
    if len(name) <= 100 and b"+" not in name and b"=" not in name:
        mail += b" ENVID=" + name
    notify = b",".join([word.upper().encode() for word in message.notify])
    return mail, b" NOTIFY=" + notify if notify else b""
