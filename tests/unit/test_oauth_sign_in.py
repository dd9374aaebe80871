"""A sign-in with a code (RFC 8628), against an endpoint that loses questions, asks for patience, or is in trouble."""

from check import equal, raises
from oauth_world import Store, answered
from umail import MailError, oauth


class Asked:
    """An endpoint for a sign-in, which answers each question with the next of ``answers``; None: it is lost."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.now = 0
        self.asked = []
        self.answer = b""
        self.buffer = None

    def ticks(self):
        return self.now

    def left(self, end, now):
        return end - now

    def after(self, now, milliseconds):
        return now + milliseconds

    def run(self, steps):
        value = error = None
        while True:
            try:
                what = steps.throw(error) if error else steps.send(value)
            except StopIteration as stop:
                return stop.value
            value = error = None
            if isinstance(what, tuple):
                if what[0] == "connect":
                    self.asked.append(self.now // 1000)
                    self.answer = self.answers.pop(0) if self.answers else None
                    if self.answer is None:
                        error = OSError(113)
                    self.buffer = what[3]
                elif what[0] == "lookup":
                    value = ["192.0.2.1"]
                elif what[0] == "pause":
                    self.now += what[1] * 1000
            elif isinstance(what, (int, float)):
                space = self.buffer.space()
                value = min(len(space), len(self.answer))
                space[:value] = self.answer[:value]
                self.answer = self.answer[value:]
                self.buffer.end += value


def sign_in(*answers):
    code = answered(b'{"device_code":"d","user_code":"u","verification_uri":"v","interval":5,"expires_in":900}')
    store = Store(None)
    world = Asked(code, *answers)
    token = oauth.DeviceCode("t", "c", store, lambda address, code: None, host="localhost")
    before = oauth.sockets
    oauth.sockets = world
    try:
        return world, store, raises(MailError, world.run, token.steps()) if not answers else world.run(token.steps())
    finally:
        oauth.sockets = before


def test_a_sign_in_outlives_lost_questions_and_an_endpoint_in_trouble_and_asks_less_often_after_them():
    waits = answered(b'{"error":"authorization_pending"}').replace(b"200 OK", b"400 No")
    slow = answered(b'{"error":"slow_down"}').replace(b"200 OK", b"400 No")
    busy = answered(b'{"error":"temporarily_unavailable"}').replace(b"200 OK", b"503 Busy")
    html = answered(b"<html>").replace(b"200 OK", b"502 Bad")
    done = answered(b'{"access_token":"a","expires_in":3599,"refresh_token":"two"}')
    world, store, token = sign_in(waits, None, None, waits, slow, busy, html, done)
    equal((token, store.value), ("a", "two"))
    equal(world.asked, [0, 5, 10, 20, 40, 60, 85, 135, 195])


def test_a_sign_in_ends_when_its_code_does_though_nothing_ever_answers():
    world, _, error = sign_in()
    equal((error.kind, 800 <= world.asked[-1] <= 900), ("temporary", True), str(world.asked))
