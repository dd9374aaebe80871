"""Mails on their way: in order, each failure answered by its kind, nothing sent twice in haste."""

from alertnode.clock import Uptime
from alertnode.mailer import Mailer
from check import equal, inside
from firmware_fakes import MailError, Port, Said, Umail


def mailer():
    port, said, umail = Port(), Said(), Umail()
    limits = {"timeout": 30, "deadline": 120, "tick": None}
    return Mailer(umail, "route", "a@x", ["ops@contoso.com", "b@x"], Uptime(port), said, limits), port, said, umail


def put(post, name):
    post.put(name, "text\n", "temperature 38 °C is above 37 °C", "alert")


def test_a_mail_goes_and_the_console_says_so():
    post, _, said, umail = mailer()
    put(post, "one")
    post.flush()
    equal([m.subject for m in umail.sent], ["one"])
    equal(said.lines, [
        "temperature 38 °C is above 37 °C: alert mailed to ops@contoso.com, b@x in 5 round trips"
    ])  # fmt: skip
    equal((post.pending(), post.due()), (0, False))


def test_several_go_in_order_over_one_connection():
    post, _, _, umail = mailer()
    for name in ("one", "two", "three"):
        put(post, name)
    post.flush()
    equal([m.subject for m in umail.sent], ["one", "two", "three"])
    equal(umail.connections, 1)


def test_a_temporary_failure_waits_longer_each_time_and_loses_nothing():
    post, port, said, umail = mailer()
    umail.failures = [MailError("temporary"), MailError("temporary"), MailError("temporary")]
    put(post, "one")
    for longest in (30, 60, 120):
        post.flush()
        equal(post.due(), False)
        inside("temporary failure at rcpt: 451 later", said.lines[-2])
        inside("Do something about it. Now 1 waiting, tried again in", said.lines[-1])
        port.pass_time(longest / 2 - 1)
        equal(post.due(), False)
        port.pass_time(longest / 2 + 1)
        equal(post.due(), True)
    post.flush()
    equal(len(umail.sent), 1)


def test_a_failure_in_the_middle_keeps_the_rest_and_repeats_nothing():
    post, port, _, umail = mailer()
    umail.failures = [None, MailError("temporary")]
    for name in ("one", "two", "three"):
        put(post, name)
    post.flush()
    equal(post.pending(), 2)
    port.pass_time(60)
    post.flush()
    equal([m.subject for m in umail.sent], ["one", "two", "three"])


def test_a_configuration_failure_rests_for_hours_with_one_notice():
    for kind in ("configuration", "security"):
        post, port, said, umail = mailer()
        umail.failures = [MailError(kind)]
        put(post, "one")
        post.flush()
        lines = len(said.lines)
        for _ in range(5):
            port.pass_time(3600)
            put(post, "more")
            post.flush()
        equal((umail.connections, len(said.lines)), (1, lines))
        port.pass_time(3600)
        post.flush()
        equal(len(umail.sent), 6)


def test_a_permanent_failure_gives_up_that_mail_only():
    post, _, said, umail = mailer()
    umail.failures = [MailError("permanent")]
    put(post, "one")
    put(post, "two")
    post.flush()
    equal([m.subject for m in umail.sent], ["two"])
    inside("the alert is given up", said.text())


def test_an_uncertain_mail_is_tried_again_with_the_same_message_a_few_times():
    post, port, said, umail = mailer()
    umail.failures = [MailError("uncertain"), MailError("uncertain"), MailError("uncertain")]
    put(post, "one")
    for _ in range(5):
        post.flush()
        port.pass_time(301)
    equal((umail.connections, post.pending(), umail.sent), (3, 0, []))
    inside("may have arrived, and is not sent again", said.text())


def test_a_full_queue_drops_the_oldest_and_the_next_mail_tells_it():
    post, _, _, umail = mailer()
    for number in range(25):
        put(post, str(number))
    post.flush()
    equal([m.subject for m in umail.sent], [str(number) for number in range(5, 25)])
    inside("5 earlier mails were dropped", umail.sent[-1].text)


def test_a_recipient_that_is_refused_is_named():
    post, _, said, umail = mailer()
    umail.refused = [("b@x", "550 5.1.1 unknown")]
    put(post, "one")
    post.flush()
    inside("alert mailed to ops@contoso.com in", said.lines[0])
    equal(said.lines[1], "b@x was refused by the server: 550 5.1.1 unknown")
