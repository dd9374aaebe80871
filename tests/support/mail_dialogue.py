"""One mail over a scripted session, shared by the tests of its transaction: a message of known bytes, its sender."""

from check import equal, raises
from scripted import Drive
from umail import MailError, Route
from umail.net.transport import Buffer
from umail.smtp.session import Session

OK = b"250 2.0.0 ok\r\n"
TEXT = b"Subject: s\r\n\r\n"


class Text:
    # A message of known bytes: what the dialogue does must not depend on how a real one is encoded.
    sender = "a@x.org"
    message_id = "<1@x.org>"
    smtputf8 = False
    notify = ()
    ret = None

    def __init__(self, octets=b"42\r\n", recipients=("b@y.org",), body="7bit", size=True, pieces=None):
        self.recipients = list(recipients)
        self.body = body
        self.dots = True
        self.pieces = pieces or [octets]
        self.size = sum([len(piece) for piece in self.pieces]) if size is True else size

    def encode(self, eightbit, binary):
        self.offered = (eightbit, binary)
        return self

    def chunks(self):
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def session_with(*features):
    session = Session(Route("h.example"), 30, Buffer())
    for feature in features:
        words = feature.split()
        session.features[words[0]] = words[1:]
    session.enter("ready")
    return session


def sends(session, message, script, last=False, cut=None):
    drive = Drive(session.buffer, script, cut)
    receipt = drive.run(session.send(message, last))
    drive.finish()
    equal(session.in_step, not last)
    return receipt


def fails(session, message, script, last=False, kind=MailError):
    drive = Drive(session.buffer, script)
    error = raises(kind, drive.run, session.send(message, last))
    drive.finish()
    if isinstance(error, OSError):
        error = session.failure(error)
    return error


def envelope(*recipients):
    return b"MAIL FROM:<a@x.org>\r\n" + b"".join([b"RCPT TO:<" + one + b">\r\n" for one in recipients])


ONE = envelope(b"b@y.org")
