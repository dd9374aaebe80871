"""Mails into the outbox and out of it: each outcome is a console line; a full flash loses no alert at once."""

from alertnode.clock import Uptime
from alertnode.mailer import Mailer
from check import equal, inside
from firmware_fakes import MailError, Outbox, Port, Receipt, Said, Umail


def mailer():
    port, said, umail = Port(), Said(), Umail()
    outbox = Outbox(Uptime(port))
    return Mailer(umail, outbox, "a@x", ["ops@contoso.com", "b@x"], said), port, said, umail, outbox


def put(post, name, what="alert"):
    post.put(name, "text\n", "temperature 38 °C is above 37 °C", what, "temperature")


def test_a_mail_goes_and_the_console_says_so():
    post, _, said, _, outbox = mailer()
    put(post, "one")
    equal((post.pending(), post.due()), (1, True))
    post.flush(20)
    equal([m.subject for m in outbox.sent], ["one"])
    equal(outbox.budgets, [20])
    equal(said.lines, [
        "temperature 38 °C is above 37 °C: alert mailed to ops@contoso.com, b@x in 5 round trips"
    ])  # fmt: skip
    equal((post.pending(), post.due(), post.wait()), (0, False, None))


def test_the_message_id_of_a_mail_that_was_taken_is_noted():
    _, port, said, umail, outbox = mailer()
    noted = []
    post = Mailer(umail, outbox, "a@x", ["ops@contoso.com"], said, noted.append)
    outbox.failures = [MailError("temporary")]
    put(post, "one")
    post.flush()
    equal(noted, [])
    port.pass_time(60)
    post.flush()
    equal(noted, ["Message-ID %s" % outbox.sent[0].message_id])


def test_alert_and_recovery_share_their_rules_key():
    post, _, _, _, outbox = mailer()
    put(post, "one")
    put(post, "two", "recovery")
    equal([(e.key, e.recovery) for e in outbox.entries], [("temperature", False), ("temperature", True)])


def test_a_failure_is_told_with_its_advice_and_what_comes_next():
    post, port, said, _, outbox = mailer()
    outbox.failures = [MailError("temporary")]
    put(post, "one")
    post.flush()
    equal(said.lines, [
        "temperature 38 °C is above 37 °C: alert not mailed, temporary failure at rcpt: 451 later",
        "Do something about it. Now 1 waiting, next try in 60 s.",
    ])  # fmt: skip
    equal((post.due(), post.wait()), (False, 60))
    port.pass_time(60)
    post.flush()
    equal(len(outbox.sent), 1)


def test_a_wrong_password_is_told_once_with_the_command_that_stores_another():
    post, _, said, _, outbox = mailer()
    outbox.failures = [MailError("configuration", "auth", "535 5.7.3 no (really)", "credentials")]
    put(post, "one")
    post.flush()
    equal(said.lines, [
        "temperature 38 °C is above 37 °C: alert not mailed, configuration failure at auth: 535 5.7.3 no (really)",
        "Do something about it. A new password: umail deploy --secret mail_password. Now 1 waiting, next try in 60 s.",
    ])  # fmt: skip


def test_a_mail_that_is_given_up_is_told():
    post, _, said, _, outbox = mailer()
    outbox.failures = [MailError("permanent", text="550 no")]
    put(post, "one")
    post.flush()
    inside("permanent failure at rcpt: 550 no", said.lines[0])
    inside("nothing waits any more", said.lines[1])
    equal(said.lines[2:], ["gave up on a mail; the next one will say so: rcpt: 550 no (permanent)"])


def test_a_mail_from_before_a_reset_is_told_by_its_subject():
    post, _, said, umail, outbox = mailer()
    outbox.put(umail.Message("a@x", ["b@x"], "freezer-3: old"), "k", False)
    post.flush()
    equal(said.lines, ["freezer-3: old: message mailed to b@x in 5 round trips"])


def test_a_mail_that_is_held_back_is_told():
    post, _, said, _, outbox = mailer()
    outbox.hold = 900
    put(post, "one")
    inside("held back with others of its kind, for 15 min at most", said.lines[0])


def test_what_is_held_back_for_hours_takes_no_more_memory():
    post, _, said, _, outbox = mailer()
    outbox.hold = 900
    for number in range(400):
        post.put(str(number), "text\n", "reading %d" % number, "alert", "temperature")
    equal(len(post._lines) <= 12, True)
    # The latest is told by its own line when it goes; one of before by its subject.
    post.report(outbox.entries[399].message, Receipt())
    inside("reading 399: alert mailed", said.lines[-1])
    post.report(outbox.entries[0].message, Receipt())
    inside("0: message mailed", said.lines[-1])


def test_short_memory_is_not_taken_for_a_full_flash():
    post, _, said, _, outbox = mailer()
    put_, outbox.put = outbox.put, short
    put(post, "one")
    inside("memory is short, the alert is kept in RAM only", said.lines[0])
    outbox.put = put_
    post.flush()
    equal([m.subject for m in outbox.sent], ["one"])
    equal((post.pending(), post.wait()), (0, None))


def test_a_mail_of_html_alone_for_which_memory_is_short_goes_without_its_files_and_says_so():
    post, _, _, _, outbox = mailer()
    post.put("Own", "text\n", "Own", "alert", "")
    message = outbox.entries[0].message
    message.text, message.html, message.attachments = None, "<p>all</p>", ["a picture"]
    from alertnode import seldom

    outbox.flush = lambda budget: outbox.before_send(message)
    seldom.flush(post, None)
    equal((message.text, message.attachments, message.html[:10]), (None, (), "<p>all</p>"))
    inside("The pictures and the readings are missing", message.html)


def test_what_memory_is_too_short_for_goes_as_its_text_alone_which_says_so():
    post, _, said, _, outbox = mailer()
    post.put("Summary", "text\n", "Summary", "summary", "")
    flush = outbox.flush

    def flush_if_it_is_small(budget=None):
        message = outbox.entries[0].message
        message.html, message.attachments = "<p>text</p>", ["a picture"]
        if outbox.before_send:
            outbox.before_send(message)
        if message.attachments:
            raise MemoryError
        flush(budget)

    outbox.flush = flush_if_it_is_small
    post.flush()
    (message,) = outbox.sent
    equal((message.html, message.attachments), (None, ()))
    inside("text\n\nThe pictures and the readings are missing", message.text)
    equal(said.lines[0], "memory is short: mails go without pictures and readings")
    equal((outbox.before_send, len(said.lines)), (None, 2))


def test_a_mail_that_cannot_be_read_is_said_with_its_reason_and_the_next_try():
    post, _, said, _, outbox = mailer()
    put(post, "one")
    entry = outbox.entries[0]

    def flush(budget):
        entry.why = "memory is too short to read it"
        outbox.unread = entry
        outbox.until = outbox.now() + 60

    usual, outbox.flush = outbox.flush, flush
    post.flush()
    equal(said.lines, ["a mail was not sent: memory is too short to read it; next try in 60 s"])
    outbox.flush, outbox.unread, outbox.until = usual, None, 0
    post.flush()
    equal(len(said.lines), 2)
    inside("alert mailed", said.lines[1])


def test_a_pause_that_the_flash_refuses_to_note_holds_until_a_reset_all_the_same():
    post, _, _, _, outbox = mailer()
    outbox.store = short
    post.put("one", "text\n", "line", "alert", "temperature", hold=600)
    equal(outbox.entries[0].until, 600)


def short(*arguments, **more):
    raise MemoryError


def test_a_full_flash_keeps_mails_in_ram_sends_them_and_stores_them_when_there_is_room():
    post, port, said, umail, outbox = mailer()
    outbox.full = True
    put(post, "one")
    inside("flash is full or worn, the alert is kept in RAM only", said.lines[0])
    equal((post.pending(), post.due()), (1, True))
    umail.failures = [MailError("temporary")]
    post.flush()
    equal((post.pending(), post.due(), post.wait()), (1, False, 60))
    port.pass_time(60)
    post.flush()
    equal([m.subject for m in umail.sent], ["one"])
    equal((post.pending(), post.wait()), (0, None))
    put(post, "two")
    outbox.full = False
    post.flush()
    equal([m.subject for m in outbox.sent], ["two"])


def test_ram_holds_the_latest_few():
    post, _, _, umail, outbox = mailer()
    outbox.full = True
    for number in range(9):
        put(post, str(number))
    post.flush()
    equal([m.subject for m in umail.sent], ["4", "5", "6", "7", "8"])


def test_a_recipient_that_is_refused_is_named():
    post, _, said, _, outbox = mailer()
    outbox.refused = [("b@x", "550 5.1.1 unknown")]
    put(post, "one")
    post.flush()
    inside("alert mailed to ops@contoso.com in", said.lines[0])
    equal(said.lines[1], "b@x was refused by the server: 550 5.1.1 unknown")


def test_of_more_mails_than_ram_holds_the_oldest_is_dropped_and_the_next_mail_will_tell():
    post, _, said, _, outbox = mailer()
    outbox.full = True
    for i in range(7):
        put(post, "mail %d" % i)
    equal((post.pending(), outbox.notes.dropped, outbox.tells), (5, 2, 2))
    inside("temperature 38 °C is above 37 °C: dropped, as RAM is full of mails too", said.text())


def test_a_put_for_which_there_is_no_memory_is_tried_again_and_crashes_nothing():
    post, _, said, _, outbox = mailer()
    store = outbox.put

    def short(*args, **more):
        raise MemoryError()

    outbox.put = short
    put(post, "one")
    equal(post.pending(), 1)
    outbox.put = store
    post.flush()
    equal([m.subject for m in outbox.sent], ["one"])
