"""Sorts the recipients into those that the server accepted and the others, and ends the mail if nobody gets it.

What a refusal means, umail/replies.py judges by its code and words; whether the mail is tried again, policy.py.
"""

from umail import load_transient


def sort(session, people, line, replies, mode, final):
    """Return whom of ``people`` the server has accepted, and the others as ``(address, reply)`` (generator): two lists.

    ``line``: the MAIL command; ``replies``: to it, and to each RCPT; ``mode``, ``final``: as of sending.py.
    Raises the MailError, or Retry, if MAIL was refused or all of them were.
    """
    if replies[0].code != 250:
        raise load_transient("smtp.retry").mail(session, line, replies[0])
    accepted = []
    refused = []
    for address, reply in zip(people, replies[1:]):
        if 250 <= reply.code <= 252:
            accepted.append(address)
        else:
            refused.append((address, reply))
    if not accepted:
        yield from end(session, refused, mode, final)
    return accepted, refused


def end(session, refused, mode, final):
    """End it and raise the MailError that counts (generator).

    Args:
        refused (list): ``(address, reply)`` pairs.
        mode (str), final (bool): as in sending.py: in "flight" the message is under way, and with ``final`` QUIT;
            in "asked" the command that begins it.
    """
    # Whatever the server says to the message, nobody gets it.
    after = "stale"
    if mode in ("flight", "asked"):
        session.enter("busy")
        reply = yield from session.reply()
        if mode == "asked":
            if reply.code == 354:
                # RFC 2920, 3.1: the server waits for a message all the same; it gets an empty one, for nobody.
                yield from session.put(b".\r\n")
                yield from session.reply()
        elif final or reply.code == 354 or 500 <= reply.code <= 503:
            # 500–503 to BDAT: the server may run the message as commands; 354: it waits for one.
            after = "over"
    session.enter(after)
    errors = [session.refusal(reply) for _, reply in refused]
    # The one that leaves the mail most hope: each recipient may have been refused for another reason.
    chosen = min(errors, key=lambda one: ("temporary", "configuration", "permanent").index(one.kind))
    chosen.refused = refused
    raise chosen
