"""Reports on the delivery: asked for where they are offered, and never a parameter that a server does not know."""

from check import equal, inside, raises
from scripted import Drive
from umail import Message, Route
from umail.errors import Retry
from umail.net.transport import Buffer
from umail.smtp.session import Session

OK = b"250 ok\r\n"


def commands(features, script=None, **arguments):
    message = Message("a@x.org", ["b@y.org", "c@y.org"], "s", "t", date=0, message_id="<1@x.org>", **arguments)
    session = Session(Route("h.example"), 30, Buffer())
    session.features = features
    session.enter("ready")
    sent = []

    class Listen(Drive):
        def _client_said(self):
            if self.sent:
                sent.append(self.sent)
            self.sent = b""

    drive = Listen(session.buffer, script or [("S", OK * 3 + b"354 go\r\n"), ("S", OK)])
    try:
        drive.run(session.send(message))
    except Retry:
        equal("DSN" in session.without, True)
    return sent[0].split(b"\r\n")[:3]


def test_what_is_asked_for_is_said_once_to_the_sender_and_to_every_recipient():
    mail, first, second = commands({"PIPELINING": [], "DSN": []}, notify=("success", "delay"), ret="hdrs")
    equal(mail, b"MAIL FROM:<a@x.org> RET=HDRS ENVID=1@x.org")
    equal(first, b"RCPT TO:<b@y.org> NOTIFY=SUCCESS,DELAY")
    equal(second, b"RCPT TO:<c@y.org> NOTIFY=SUCCESS,DELAY")
    mail, first, second = commands({"PIPELINING": [], "DSN": []}, notify="never")
    equal(first, b"RCPT TO:<b@y.org> NOTIFY=NEVER")
    equal(mail, b"MAIL FROM:<a@x.org> ENVID=1@x.org")
    equal(commands({"PIPELINING": [], "DSN": []}, ret="full")[1], b"RCPT TO:<b@y.org>")


def test_nothing_is_said_where_it_is_not_offered_or_not_asked_for():
    equal(commands({"PIPELINING": []}, notify="never", ret="full")[0], b"MAIL FROM:<a@x.org>")
    equal(commands({"PIPELINING": [], "DSN": []})[0], b"MAIL FROM:<a@x.org>")


def test_a_server_that_refuses_what_it_offered_is_asked_again_without():
    script = [("S", b"555 5.5.4 no\r\n" + OK * 2 + b"354 go\r\n")]
    commands({"PIPELINING": [], "DSN": []}, script, notify="never")


def test_what_the_standard_does_not_know_is_refused_at_construction():
    for notify in ("maybe", ("never", "success"), ("success\r\nDATA",)):
        inside("notify: ", str(raises(ValueError, Message, "a@x.org", "b@y.org", "s", notify=notify)))
    inside("ret: ", str(raises(ValueError, Message, "a@x.org", "b@y.org", "s", ret="half")))
