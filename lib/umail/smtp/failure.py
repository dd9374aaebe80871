"""What a session makes of whatever goes wrong: errors in words, refusals understood, transactions mended or ended."""

from umail import borrow

from ..errors import MailError
from .reply import Broken, complete, read
from .session import Mend

# The advice's key → kind and words; the others are "temporary" and come with their words.
_ERRORS = {
    "auth_dialogue": ("security", ""),
    "auth_none_offered": ("configuration", ""),
    "clock": ("temporary", "clock not set: sync NTP first"),
    "closed": ("temporary", "the server closed the connection"),
    "configuration": ("configuration", ""),
    "dns_no_name": ("configuration", ""),
    "login_in_clear": ("security", "no login without TLS"),
    "mx_foreign": ("security", ""),
    "size": ("permanent", ""),
    "smtputf8": ("permanent", "the server takes only ASCII addresses"),
    "source": ("permanent", ""),
    "starttls_injection": ("security", "the server sent clear text where TLS begins"),
    "starttls_missing": ("security", "the server offers no STARTTLS"),
    "timeout": ("temporary", "no answer in time"),
}


def error(session, key, text=""):
    """A MailError that is not a server's refusal; ``uncertain`` where the message may have been taken."""
    kind, words = _ERRORS.get(key, ("temporary", ""))
    if session.sent:
        kind = key = "uncertain"
    return MailError(session.stage, kind, text or words, key=key)


def refusal(session, reply):
    """The MailError for a reply that refuses, or that does not belong here."""
    text = reply.text
    if reply.code < 400:
        # The two sides no longer talk about the same thing, and the next mail must not go into what was begun here.
        session.in_step = False
        return error(session, "desync", "reply out of place: %d %s" % (reply.code, text))
    session.sent = False
    code = enhanced(reply.lines[0])
    kind, key = borrow("replies").classify(session.stage, reply.code, code, text)[:2]
    if kind == "permanent" and session.stage in ("greeting", "ehlo", "starttls", "auth"):
        # Not the message's fault: it goes when the set-up has been mended.
        kind = "configuration"
    return MailError(session.stage, kind, text, reply.code, code, key)


def failure(session, problem):
    """The MailError for an OSError that ended the dialogue."""
    # A server that hangs up has often said why: 421 at any time, another refusal before the message had left.
    # In one flight at least two replies come before the final one, to MAIL and to RCPT.
    before = 2 if session.stage == "mail" else 0
    while complete(session.buffer):
        try:
            next(read(session.buffer, 0))
            break
        except StopIteration as stop:
            reply = stop.value
        except Broken:
            break
        if reply.code == 421 or (reply.code >= 400 and not session.sent):
            return refusal(session, reply)
        if session.sent and not before:
            # That may have been the final reply, or one is behind it.
            break
        before -= 1
    if session.stage in ("greeting", "ehlo") and "ALERT" in str(problem):
        # With TLS 1.3 our side of the handshake is over before the server has looked at our certificate.
        return borrow("net.tls_failure").meaning(problem, session.route)
    from errno import ETIMEDOUT

    if problem.args and problem.args[0] == ETIMEDOUT:
        return error(session, "timeout")
    return error(session, "closed", "the connection broke: %s" % problem)


def enhanced(line):
    """The enhanced status code at the start of a reply's text (``"2.1.5"``), or ``""`` (RFC 2034)."""
    word = line.split(b" ", 1)[0]
    parts = word.split(b".")
    # RFC 2034, 4: the class agrees with the code's first digit. Exchange breaks that at times: the form counts.
    if len(parts) == 3 and len(word) < 10 and parts[0] in (b"2", b"4", b"5"):
        if parts[1].isdigit() and parts[2].isdigit():
            return word.decode()
    return ""


def again(session, problem, refresh, fresh):
    """What a failed sending comes to: whether the next try wants a new access token; raises where there is none.

    ``fresh``: the connection was made for it.
    """
    if isinstance(problem, Mend):
        return refresh
    if isinstance(problem, OSError):
        problem = failure(session, problem)
    elif isinstance(problem, ValueError):
        if session.stage == "resolve":
            problem = error(session, "dns_no_name", str(problem))
        elif session.stage == "auth":
            # What was asked for a token, or what it gave.
            problem = error(session, "configuration", str(problem))
        else:
            # The message's source: a file that is gone, a reader that was read before.
            session.sent = False
            problem = error(session, "source", str(problem))
    # In the first round trip after a receipt: the server had closed the idle connection, which only shows now. Nothing
    # but the envelope has left.
    if not fresh and session.stage == "mail" and session.round_trips < 2 and getattr(problem, "key", 0) == "closed":
        return refresh
    # 535: the access token may have expired before its time; one new one is worth a try (RFC 4954, 6).
    if getattr(problem, "code", 0) == 535 and session.route.token:
        if not refresh:
            return True
        problem.kind = "configuration"
    raise problem


def mail_refused(session, line, reply):
    """What to raise for the reply to ``line``, a MAIL command."""
    session.stage = "mail"
    if reply.code == 555 or (reply.code == 501 and reply.enhanced in ("", "5.5.4", "5.5.2")):
        # RFC 5321, 4.1.1.11: a parameter that is not known. The costliest first: binary, then the rest.
        used = []
        for word in line.split()[2:]:
            name, _, value = word.decode().partition("=")
            name = {"BODY": value, "RET": "DSN", "ENVID": "DSN"}.get(name, name)
            if name != "SMTPUTF8":
                used.append(name)
        if "BINARYMIME" in used:
            used = ("BINARYMIME",)
        if used:
            return mend(session, *used)
    return refusal(session, reply)


def mend(session, *names):
    """A ``Mend``, after which the extensions called ``names`` are not used again."""
    for name in names:
        session.without.add(name)
        session.features.pop(name, None)
    session.sent = False
    return Mend()


def nobody(session, refused, together, last, chunking):
    """Every recipient was ``refused``: ends the transaction and raises the MailError that counts (generator).

    Args:
        together, chunking: the message, or the command to begin it, is under way: by BDAT, else DATA.
        last: QUIT is under way.
    """
    # Whatever the server says to the message, nobody gets it.
    session.sent = False
    session.dirty = True
    if together:
        reply = yield from session.reply()
        if reply.code == 354 and not chunking:
            # RFC 2920, 3.1: the server waits for a message all the same; it gets an empty one, for nobody.
            yield from session.put(b".\r\n")
            reply = yield from session.reply()
        # 500–503 to BDAT: the server may run the message as commands; 354: it waits for one. Then the connection is not
        # used again.
        session.in_step = not chunking or not (last or reply.code == 354 or 500 <= reply.code <= 503)
    errors = [refusal(session, reply) for _, reply in refused]
    chosen = errors[0]
    for one in errors:
        # What may still go outweighs what never will.
        if one.kind == "temporary" or chosen.kind == "permanent":
            chosen = one
    chosen.refused = refused
    raise chosen
