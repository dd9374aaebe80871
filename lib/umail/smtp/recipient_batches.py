"""A mail to more people than one envelope takes: further envelopes until everybody was asked, and one receipt."""

from ..errors import MailError
from .session import Receipt, Reply


class Part:
    """The same message for some of its recipients: what a transaction asks of a ``Message``."""

    def __init__(self, message, recipients):
        self.sender = message.sender
        self.recipients = recipients
        self.smtputf8 = message.smtputf8
        self.message_id = message.message_id
        self.notify = message.notify
        self.ret = message.ret
        self.encode = message.encode


def _too_many(reply):
    # RFC 5321, 4.5.3.1.10; servers from before it say 552, and Exchange 5.5.3 at times.
    return reply.enhanced in ("4.5.3", "5.5.3") or "too many recipients" in reply.text.lower()


def rest(delivery, message, final, outcome, once):
    """Send to whom the first envelope did not reach (generator).

    Args:
        delivery (Delivery): by which.
        message (Message): the whole of it.
        final (bool): as of ``Delivery.send``.
        once (callable): sends one envelope (see fallback.py).
        outcome: the ``Receipt`` of the first envelope, or the MailError that refused all of its recipients.

    Returns:
        One ``Receipt`` over all. If a later envelope failed as a whole, ``refused`` has what ended it as a ``Reply``,
        with code 0 if no server said it: the others have got the mail already.

    Raises:
        MailError: nobody gets it.
    """
    accepted = []
    refused = []
    left = message.recipients
    receipt = failure = None
    trips = 0
    while True:
        got = ()
        if isinstance(outcome, MailError):
            failure = outcome
        else:
            receipt = outcome
            trips += receipt.round_trips
            got = receipt.accepted
            accepted += got
        said = dict(outcome.refused)
        if failure is outcome and outcome.stage != "rcpt":
            # It failed as a whole; the next would too.
            said = dict.fromkeys(left, Reply(outcome.code, [outcome.text.encode()]))
        again = []
        for address in left:
            if address not in said:
                if address not in got:
                    again.append(address)
            elif got and _too_many(said[address]):
                again.append(address)
            else:
                refused.append((address, said[address]))
        left = again
        if not left:
            break
        try:
            outcome = yield from once(delivery, Part(message, left), final, None)
        except MailError as error:
            outcome = error
    if receipt is None:
        failure.refused = refused
        raise failure
    return Receipt(accepted, refused, receipt.reply, receipt.message_id, trips)
