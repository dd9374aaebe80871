"""A node that stays awake holds what mails only while a mail waits or is about to."""

import gc
import sys

import alertnode
from alertnode import mail_setup
from alertnode.app import App, Later
from alertnode.mailer import Mailer
from alertnode.rest import Rest
from alertnode.rules import Rule
from check import equal, raises
from firmware_fakes import NOON, MailError, Outbox, Port, Said, Sensor, Umail, Wifi, clock

if not hasattr(gc, "threshold"):
    gc.threshold = lambda count: None


class Notes:
    def __init__(self):
        self.dropped = 0

    def dump(self):
        return [self.dropped, 0, 0, "", "", 0]


class Spool:
    unread = 0


class Box(Outbox):
    """An outbox that can be closed, and has a heartbeat at ``beat``."""

    late = 0

    def __init__(self, uptime, beat=None):
        Outbox.__init__(self, uptime)
        self.notes, self.spool = Notes(), Spool()
        self.beat = beat
        self.saved = []

    def wait(self):
        if self.entries or self.beat is None:
            return Outbox.wait(self)
        return max(0, self.beat - self.now())

    def save(self):
        self.saved.append("saved")

    def close(self):
        self.saved.append("closed")


class Post:
    """Stands for the module alertnode.mail_setup, whose outbox is on flash: it is the same each time."""

    # (It stands in the place of the module.)
    ONCE = ()

    def __init__(self, box):
        self.box = box
        # Seconds without it, at each opening.
        self.made = []

    def add(self, node, settings, way, slept, uptime):
        self.made.append((way, slept))
        node.mailer = Mailer(Umail(), self.box, "a@x", ["ops@x"], node.log.say)


class Failing:
    """Stands for the module alertnode.mailer while memory is short, or flash fails."""

    def __init__(self, fault):
        self._fault = fault

    def Mailer(self, *_):
        raise self._fault()


class Journal:
    def __init__(self):
        self.say = self.show = Said()
        self.note = str


class Library:
    """Stands for the modules of the library, which are back after the test."""

    def __enter__(self):
        # (Other tests may have used parts of their own.)
        gone = [name for name in sys.modules if name.split(".")[0] == "umail" or name[-4:] == ".own"]
        self._kept = {name: sys.modules[name] for name in gone}
        for name in self._kept:
            del sys.modules[name]
        sys.modules["umail"] = sys.modules["umail.outbox"] = alertnode
        self._kept["alertnode.mail_setup"] = mail_setup

    def __exit__(self, *error):
        for name in [name for name in sys.modules if name.split(".")[0] == "umail"]:
            del sys.modules[name]
        sys.modules.update(self._kept)
        alertnode.mail_setup = mail_setup


def node(values, beat=None):
    port = Port(NOON)
    port.servers["pool"] = lambda: port.unix()
    journal = Journal()
    time = clock(port, journal.say)
    box = Box(time.uptime, beat)
    made = App("b", Sensor(time, values), [Rule("t", "above", 37, 1)], None, time, Wifi(), journal, str, port.sleep)
    made.port = None
    sys.modules["alertnode.mail_setup"] = alertnode.mail_setup = stand_in = Post(box)
    stand_in.add(made, {}, "way", 0, None)
    made.rest = Rest(made, {})
    return made, box, stand_in


def test_a_node_with_nothing_to_mail_lets_go_of_the_library_and_an_alert_brings_it_back():
    with Library():
        app, box, stand_in = node([20, 38, 20])
        app.sense()
        app.wait(61000)
        equal(isinstance(app.mailer, Later), True)
        equal(box.saved, ["saved", "closed"])
        equal([name for name in sys.modules if name.split(".")[0] == "umail"], [])
        equal(stand_in.made, [("way", 0)])
        app.wait(600000)
        equal((len(stand_in.made), app.mailer.pending(), app.mailer.due()), (1, 0, False))
        app.sense()
        app.flush()
        equal(len(box.sent), 1)
        # What was away for ten minutes knows it.
        equal(stand_in.made[1:], [(None, 601)])
        app.wait(61000)
        equal(isinstance(app.mailer, Later), True)
        app.sense()
        app.wait(1000)
        equal(len(box.sent), 2)
        # A summary counts them.
        app.wait(61000)
        equal((isinstance(app.mailer, Later), app.mailer.sent), (True, 2))


def test_what_mails_stays_while_a_mail_waits():
    with Library():
        app, box, _ = node([38])
        box.failures = [MailError("temporary")] * 3
        app.sense()
        app.wait(150000)
        equal((isinstance(app.mailer, Later), len(box.entries), box.saved), (False, 1, []))
        app.wait(120000)
        equal((isinstance(app.mailer, Later), len(box.sent)), (True, 1))


def test_what_only_this_outbox_knows_keeps_it_open():
    for change in (
        lambda box: setattr(box.notes, "dropped", 1),
        lambda box: setattr(box.spool, "unread", 1),
        lambda box: setattr(box, "late", 5),
        lambda box: setattr(box, "settle", lambda: False),
    ):
        with Library():
            app, box, _ = node([20])
            change(box)
            app.wait(130000)
            equal((isinstance(app.mailer, Later), box.saved), (False, []))
            equal("umail" in sys.modules, True)


def test_a_heartbeat_that_is_due_brings_it_back_and_one_that_is_due_soon_keeps_it():
    with Library():
        app, box, stand_in = node([20], beat=3600)
        app.wait(61000)
        equal((isinstance(app.mailer, Later), app.mailer.wait()), (True, 3539))
        app.wait(3500000)
        equal((len(stand_in.made), app.mailer.wait()), (1, 39))
        app.wait(60000)
        equal((len(stand_in.made), box.budgets[:1]), (2, [None]))
    with Library():
        app, box, _ = node([20], beat=100)
        app.wait(61000)
        equal(isinstance(app.mailer, Later), False)


def test_a_part_of_the_users_own_may_have_kept_the_library_which_stays_then():
    with Library():
        app, _, _ = node([20])
        sys.modules["alertnode.sensors.own"] = alertnode
        try:
            app.wait(61000)
        finally:
            del sys.modules["alertnode.sensors.own"]
        equal((isinstance(app.mailer, Later), "umail" in sys.modules), (True, True))


def test_an_alert_is_kept_though_what_mails_cannot_be_loaded_just_then():
    for fault in (MemoryError, OSError):
        with Library():
            app, box, stand_in = node([20, 38, 20])
            app.sense()
            app.wait(61000)
            add = stand_in.add

            def refuse(*_, fault=fault):
                raise fault()

            stand_in.add = refuse
            app.sense()
            app.wait(1000)
            app.sense()
            app.wait(1000)
            equal((len(box.sent), app.mailer.pending(), app.mailer.due()), (0, 2, False))
            stand_in.add = add
            app.wait(61000)
            equal(len(box.sent), 2)


def test_an_outbox_whose_mailer_cannot_be_made_is_closed_so_that_the_next_attempt_gets_one():
    app, box, _ = node([20])
    made, real = mail_setup._outbox, mail_setup.mailer
    mail_setup._outbox = lambda *_: box
    for fault in (MemoryError, OSError):
        mail_setup.mailer = Failing(fault)  # type: ignore[assignment]
        try:
            raises(fault, mail_setup.add, app, {"mail": {"sender": "a@x", "to": ()}, "storm": ()}, "way", 0, None)
        finally:
            mail_setup.mailer = real
        equal(box.saved.pop(), "closed")
    mail_setup._outbox = made
