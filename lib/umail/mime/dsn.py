"""Reports on the delivery (RFC 3461): which of them a mail asks for, as parameters of MAIL and RCPT."""

from .fields import refuse


def check(message):
    """Refuse with a ValueError what RFC 3461, sections 4.1 and 4.3, do not know in ``notify`` and ``ret``."""
    for word in message.notify:
        alone = word == "never" and len(message.notify) == 1
        if not alone and word not in ("success", "failure", "delay"):
            refuse("notify", word, 'is none of "success", "failure", "delay", nor "never" alone')
    if message.ret not in (None, "full", "hdrs"):
        refuse("ret", message.ret, 'is neither "full" nor "hdrs"')


def parameters(message):
    """What follows MAIL, and what follows each RCPT: both bytes that begin with a space, or empty."""
    mail = b""
    if message.ret:
        mail = b" RET=" + message.ret.upper().encode()
    # So a report names the mail it is about (4.4). A message id is ASCII without spaces; xtext spares + and = as well.
    name = message.message_id[1:-1].encode()
    if len(name) <= 100 and b"+" not in name and b"=" not in name:
        mail += b" ENVID=" + name
    notify = b",".join([word.upper().encode() for word in message.notify])
    return mail, b" NOTIFY=" + notify if notify else b""
