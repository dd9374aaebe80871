"""One mail that goes wrong: what a refusal or silence in any place means, and when nobody can know."""

from check import equal, raises
from mail_dialogue import OK, ONE, Text, envelope, fails, session_with
from scripted import Drive
from umail import MailError
from umail.errors import Retry


def test_all_refused_is_an_error_whatever_the_server_says_to_the_message():
    both = Text(recipients=("b@y.org", "c@y.org"))
    head = envelope(b"b@y.org", b"c@y.org")
    no = OK + b"550 5.1.1 no\r\n452 4.2.2 full\r\n"
    for answer, in_step in (
        (b"250 ok\r\n", True),
        (b"554 none\r\n", True),
        (b"503 5.5.1 no\r\n", False),
        (b"354 go\r\n", False),
    ):
        session = session_with("PIPELINING", "CHUNKING")
        error = fails(session, both, [("C", head + b"BDAT 4 LAST\r\n42\r\n"), ("S", no + answer)])
        equal((error.stage, error.kind, error.code, session.in_step), ("rcpt", "temporary", 452, in_step))
        equal([who for who, _ in error.refused], ["b@y.org", "c@y.org"])
    session = session_with("PIPELINING")
    script = [("C", head + b"DATA\r\n"), ("S", no + b"354 go\r\n"), ("C", b".\r\n"), ("S", b"250 ok\r\n")]
    equal(fails(session, both, script).stage, "rcpt")
    equal(session.in_step, True)
    for answer in (b"554 none\r\n", b"503 none\r\n"):
        session = session_with("PIPELINING")
        fails(session, both, [("C", head + b"DATA\r\n"), ("S", no + answer)])
        # Unlike a chunk, what DATA would begin was not sent: nothing of it can run as commands.
        equal(session.in_step, True)


def test_mail_refused_in_a_flight_is_its_error_and_not_uncertain():
    for features in (("PIPELINING", "CHUNKING"), ("PIPELINING",)):
        session = session_with(*features)
        flight = ONE + (b"BDAT 4 LAST\r\n42\r\n" if "CHUNKING" in features else b"DATA\r\n")
        error = fails(session, Text(), [("C", flight), ("S", b"550 5.7.60 SendAsDenied\r\n503 no\r\n503 no\r\n")])
        equal((error.stage, error.code, session.in_step), ("mail", 550, False))


def test_after_a_reply_that_fits_nothing_the_connection_is_not_used_again():
    for answer, stage in ((b"354 go\r\n" + OK, "mail"), (OK + b"354 go\r\n", "rcpt")):
        session = session_with("PIPELINING")
        error = fails(session, Text(b"x" * 5000), [("C", ONE), ("S", answer)])
        equal((error.stage, error.key, session.in_step), (stage, "desync", False))


def test_a_parameter_refused_is_dropped_and_the_mail_tried_again():
    for reply in (b"555 5.5.4 what?\r\n", b"501 what?\r\n", b"501 5.5.4 BODY\r\n"):
        session = session_with("PIPELINING", "CHUNKING", "BINARYMIME", "SIZE 0")
        message = Text(body="binary")
        head = b"MAIL FROM:<a@x.org> SIZE=4 BODY=BINARYMIME\r\nRCPT TO:<b@y.org>\r\n"
        fails(session, message, [("C", head), ("S", reply + b"503 no\r\n")], kind=Retry)
        equal((session.in_step, sorted(session.features)), (True, ["CHUNKING", "PIPELINING", "SIZE"]))
        fails(
            session,
            Text(),
            [("C", head.replace(b" BODY=BINARYMIME", b"") + b"BDAT 4 LAST\r\n42\r\n"), ("S", reply * 3)],
            kind=Retry,
        )
        equal((session.in_step, sorted(session.without)), (False, ["BINARYMIME", "SIZE"]))
    error = fails(session_with(), Text(), [("C", b"MAIL FROM:<a@x.org>\r\n"), ("S", b"501 what?\r\n")])
    equal(error.code, 501)
    error = fails(
        session_with("SIZE"), Text(), [("C", b"MAIL FROM:<a@x.org> SIZE=4\r\n"), ("S", b"501 5.1.7 bad sender\r\n")]
    )
    equal(error.enhanced, "5.1.7")


def test_after_the_last_octet_silence_and_loss_are_uncertain():
    whole = [("C", ONE + b"BDAT 4 LAST\r\n42\r\n")]
    data = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", b"42\r\n.\r\n")]
    for features, script in (
        (("PIPELINING", "CHUNKING"), whole),
        (("PIPELINING", "CHUNKING"), whole + [("S", OK * 2)]),
        (("PIPELINING",), data),
    ):
        for end in (("END",), ("S", b"rubbish\r\n"), ("S", b"354 go\r\n")):
            if end[0] == "S" and script is whole:
                continue
            session = session_with(*features)
            drive = Drive(session.buffer, script + [end])
            error = raises(MailError, drive.run, session.send(Text()))
            equal((error.kind, error.key), ("uncertain", "uncertain"))
        for problem in (OSError(104), OSError(110)):
            session = session_with(*features)
            error = fails(session, Text(), script + [("FAIL", problem)], False, OSError)
            equal(error.kind, "uncertain")


def test_before_the_last_octet_a_loss_is_temporary():
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2), ("FAIL", OSError(104))]
    equal(fails(session_with("PIPELINING"), Text(), script, False, OSError).kind, "temporary")
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"451 later\r\n")]
    equal(fails(session_with("PIPELINING"), Text(), script).kind, "temporary")


def test_a_final_refusal_is_not_a_delivery_and_is_classified():
    script = [("C", ONE + b"BDAT 4 LAST\r\n42\r\n"), ("S", OK * 2 + b"452 4.3.1 later\r\n")]
    error = fails(session_with("PIPELINING", "CHUNKING"), Text(), script)
    equal((error.stage, error.kind, error.enhanced), ("body", "temporary", "4.3.1"))


def test_250_for_354_sends_nothing_of_the_message():
    session = session_with("PIPELINING")
    error = fails(session, Text(), [("C", ONE + b"DATA\r\n"), ("S", OK * 3)])
    equal((error.stage, error.kind, error.key, session.in_step), ("data", "temporary", "desync", False))


def test_421_anywhere_ends_it_and_is_temporary():
    replies = [OK, OK, OK]
    for i in range(3):
        answer = b"".join(replies[:i]) + b"421 4.3.2 going down\r\n"
        error = fails(
            session_with("PIPELINING", "CHUNKING"), Text(), [("C", ONE + b"BDAT 4 LAST\r\n42\r\n"), ("S", answer)]
        )
        equal((error.kind, error.code), ("temporary", 421))


def test_a_refusal_while_the_message_is_sent_stops_the_sending():
    session = session_with("PIPELINING")

    def pieces():
        yield b"first\r\n"
        early = b"552 5.3.4 too big\r\n"
        session.buffer.space()[: len(early)] = early
        session.buffer.end += len(early)
        yield b"second\r\n"
        raise AssertionError("the message went on")

    message = Text(b"x" * 5000)
    message.chunks = pieces
    error = fails(
        session,
        message,
        [("C", ONE), ("S", OK * 2), ("C", b"DATA\r\n"), ("S", b"354 \r\n"), ("C", b"first\r\nsecond\r\n")],
    )
    equal((error.stage, error.code, session.in_step), ("body", 552, False))


def test_a_source_that_gives_other_than_it_promised_never_looks_whole():
    by_data = [("C", b"DATA\r\n"), ("S", b"354 \r\n"), ("C", b"short")]
    by_bdat = [("C", b"BDAT 4\r\nshor"), ("S", OK), ("C", b"BDAT 4996 LAST\r\nt")]
    for features, commands in ((("PIPELINING",), by_data), (("PIPELINING", "CHUNKING"), by_bdat)):
        session = session_with(*features)
        script = [("C", ONE), ("S", OK * 2)]
        error = fails(session, Text(pieces=[b"short"], size=5000), script + commands)
        equal((error.kind, error.key, session.in_step), ("permanent", "source", False))


def test_what_the_server_said_before_it_hung_up_is_the_error():
    for features, said, kind, code in (
        (("PIPELINING",), b"421 4.3.2 going down\r\n", "temporary", 421),
        (("PIPELINING",), OK + b"550 5.1.1 no\r\n", "permanent", 550),
        (("PIPELINING",), OK, "temporary", 0),
        (("PIPELINING", "CHUNKING"), OK + b"421 4.3.2 going down\r\n", "temporary", 421),
        (("PIPELINING", "CHUNKING"), OK + b"550 5.1.1 no\r\n", "uncertain", 0),
        (("PIPELINING", "CHUNKING"), b"rubbish\r\n", "uncertain", 0),
        # Behind a reply that may be the final one, 421 only says that the server hangs up.
        (("PIPELINING", "CHUNKING"), OK * 4 + b"421 4.3.2 going down\r\n", "uncertain", 0),
    ):
        session = session_with(*features)
        steps = session.send(Text(recipients=("b@y.org", "c@y.org")))
        next(steps)
        session.buffer.space()[: len(said)] = said
        session.buffer.end += len(said)
        error = session.failure(raises(OSError, steps.throw, OSError(104)))
        equal((error.kind, error.code), (kind, code))


def test_a_server_that_does_not_take_chunks_gets_no_line_it_could_run():
    for message in (Text(b"From: x\r\n" + b"x" * 5000), Text(b"42\r\n", body="binary")):
        session = session_with("PIPELINING", "CHUNKING", "BINARYMIME")
        commands = ONE.replace(b">\r\nRCPT", b"> BODY=BINARYMIME\r\nRCPT") if message.body == "binary" else ONE
        script = [("C", commands), ("S", OK * 2)]
        script += [("C", b"BDAT 4\r\n" + message.pieces[0][:4]), ("S", b"500 5.5.2 what?\r\n")]
        fails(session, message, script, kind=Retry)
        equal((session.in_step, session.state == "sent", "CHUNKING" in session.features), (False, False, False))


def test_replies_one_too_many_are_no_delivery():
    # The second reply to MAIL pushes each other one place on: what stands last belongs to the recipient.
    moved = b"250 2.1.0 a\r\n" * 2 + b"250 2.1.5 b\r\n"
    for replies in (moved, moved + b"554 5.6.0 no\r\n", OK * 3 + b"554 no\r\n"):
        session = session_with("PIPELINING", "CHUNKING")
        error = fails(session, Text(), [("C", ONE + b"BDAT 4 LAST\r\n42\r\n"), ("S", replies)])
        equal((error.kind, session.in_step), ("uncertain", False))


def test_a_reply_before_its_command_ends_it_before_anything_is_said():
    session = session_with("PIPELINING", "CHUNKING")
    session.buffer.space()[: len(OK)] = OK
    session.buffer.end += len(OK)
    equal((fails(session, Text(), []).key, session.state == "sent"), ("desync", False))


def test_a_reply_too_many_between_two_chunks_is_not_an_answer_to_the_next():
    session = session_with("CHUNKING")
    message = Text(pieces=[b"Fromab", b"c"], size=None)
    mail, rcpt = ONE.split(b"\r\n")[:2]
    script = [("C", mail + b"\r\n"), ("S", OK), ("C", rcpt + b"\r\n"), ("S", OK)]
    error = fails(session, message, script + [("C", b"BDAT 4\r\nFrom"), ("S", OK + b"250 ok again\r\n")])
    equal((error.key, session.state == "sent"), ("desync", False))
