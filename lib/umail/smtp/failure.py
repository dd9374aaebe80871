"""What goes wrong in a session, as a ``MailError``: its kind, its words, the key of its advice."""

from umail import load_transient

from ..errors import Broken, MailError

# The advice's key → kind and words; the others are "temporary" and come with their words.
_ERRORS = {
    "auth_dialogue": ("security", ""),
    "auth_none_offered": ("configuration", ""),
    "clock": ("temporary", "clock not set: sync NTP first"),
    "closed": ("temporary", "the server closed the connection"),
    "configuration": ("configuration", ""),
    "dns_no_name": ("configuration", ""),
    "login_in_clear": ("security", "no login without TLS"),
    "size": ("permanent", ""),
    "smtputf8": ("permanent", "the server takes only ASCII addresses"),
    "source": ("permanent", ""),
    "starttls_injection": ("security", "the server sent clear text where TLS begins"),
    "starttls_missing": ("security", "the server offers no STARTTLS"),
    "timeout": ("temporary", "no answer in time"),
}


def error(session, key, text=""):
    """Make a MailError that is not a server's refusal; ``uncertain`` if the message may have been taken."""
    kind, words = _ERRORS.get(key, ("temporary", ""))
    if session.state == "sent":
        kind = key = "uncertain"
    return MailError(session.stage, kind, text or words, key=key)


def refusal(session, reply):
    """Make the MailError for a reply that refuses, or that does not belong here; None: the stream has ended."""
    if reply is None:
        return error(session, "closed")
    text = reply.text
    if reply.code < 400:
        # The two sides no longer talk about the same thing, and the next mail must not go into what was begun here.
        wrong = error(session, "desync", "reply out of place: %d %s" % (reply.code, text))
        session.enter("over")
        return wrong
    if session.state == "sent":
        session.enter("busy")
    kind, key = load_transient("replies").classify(session.stage, reply.code, reply.enhanced, text)
    return MailError(session.stage, kind, text, reply.code, reply.enhanced, key)


def refused(session, problem, pairs):
    """Note in a MailError which recipients were refused before it: (address, reply) ``pairs``."""
    if isinstance(problem, MailError):
        problem.refused = pairs


def broken(session, problem):
    """Return what to raise for ``problem``, with which the reading of a reply ended."""
    return error(session, "desync", str(problem)) if isinstance(problem, Broken) else problem


def final(session, reply):
    """Raise the MailError for a reply behind which another stands, if it is not the final one."""
    # It speaks of an address (RFC 3463, 3.2), or a refusal follows.
    buffer = session.buffer
    after = bytes(buffer.view[buffer.start : min(buffer.end, buffer.start + 3)])
    if reply.lines[0][:4] == b"2.1." or (after[:1] in (b"4", b"5") and after != b"421"):
        raise error(session, "desync", "a reply out of place: %s" % reply)


def failure(session, problem):
    """Make the MailError for an OSError that ended the dialogue."""
    # A server that hangs up has often said why: 421 at any time, another refusal before the message had left.
    # In one flight at least two replies come before the final one, to MAIL and to RCPT.
    sent = session.state == "sent"
    before = 2 if session.stage == "mail" else 0
    while True:
        try:
            next(session.read(session.buffer, 0))
            break
        except StopIteration as stop:
            reply = stop.value
        except Broken:
            break
        if reply.code == 421 or (reply.code >= 400 and not sent):
            if session.stage == "mail" and before < 2:
                # MAIL was taken: this one is about a recipient.
                session.stage = "rcpt"
            return refusal(session, reply)
        if sent and not before:
            # That may have been the final reply, or one is behind it.
            break
        before -= 1
    from errno import ETIMEDOUT

    if problem.args and problem.args[0] == ETIMEDOUT:
        return error(session, "timeout")
    return error(session, "closed", "the connection broke: " + load_transient("errno_words").text(problem))


def unreachable(session, problem):
    """Make the MailError for an OSError with which the last address could not be connected to."""
    from errno import ECONNREFUSED

    key = "refused" if problem.args[0] == ECONNREFUSED else "unreachable"
    text = load_transient("errno_words").text(problem)
    return error(session, key, "%s port %d: %s" % (session.host, session.route.port, text))


def unreadable(error, path=None):
    """Raise the MailError, or the ValueError, for the OSError of an attachment's source, or of the file ``path``."""
    # No failure of the network, for which it would be taken; and a card may come back, but for a path that is wrong.
    if path and load_transient("durable").for_a_person(error):
        load_transient("checks").refuse("attachments", path, "can't be read: %s" % error)
    raise MailError("body", "temporary", "an attachment cannot be read: %s" % error, key="flash_read")
