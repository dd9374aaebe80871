"""One mail: which flights it takes, what a refusal in any place means, and when nobody can know."""

from check import equal, inside, raises
from scripted import Drive
from umail import MailError, Message, Route
from umail.session import Mend, Session

OK = b"250 2.0.0 ok\r\n"
TEXT = b"Subject: s\r\n\r\n"


class Text:
    # A message of known octets: what the dialogue does must not depend on how a real one is encoded.
    sender = "a@x.org"
    message_id = "<1@x.org>"
    smtputf8 = False
    notify = ()
    ret = None

    def __init__(self, octets=b"hi\r\n", recipients=("b@y.org",), body="7bit", size=True, pieces=None):
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
    session = Session(Route("h.example"), 30)
    for feature in features:
        words = feature.split()
        session.features[words[0]] = words[1:]
    session.in_step = True
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


def test_bdat_its_envelope_and_quit_are_one_flight():
    script = [("C", ONE + b"BDAT 4 LAST\r\nhi\r\nQUIT\r\n"), ("S", OK * 3 + b"221 bye\r\n")]
    for cut in (None, 1, 2, 3):
        receipt = sends(session_with("PIPELINING", "CHUNKING"), Text(), script, True, cut)
        equal((receipt.accepted, receipt.refused, receipt.round_trips), (["b@y.org"], [], 1))
        equal(receipt.reply.text, "2.0.0 ok")


def test_data_takes_one_flight_more():
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", b"hi\r\n.\r\n"), ("S", OK)]
    equal(sends(session_with("PIPELINING"), Text(), script).round_trips, 2)
    script[2] = ("C", b"hi\r\n.\r\nQUIT\r\n")
    sends(session_with("PIPELINING"), Text(), script, True)


def test_by_data_a_short_mail_and_its_end_leave_in_one_piece():
    # TCP would hold the end back until the mail was acknowledged.
    pieces = [b"hi\r\n", b".x\r\n"]
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", b"hi\r\n..x\r\n.\r\n"), ("S", OK)]
    session = session_with("PIPELINING")
    drive = Drive(session.buffer, script)
    drive.run(session.send(Text(pieces=pieces), False))
    equal(drive.pieces[-1], b"hi\r\n..x\r\n.\r\n")
    # A longer one is not gathered.
    pieces = [b"x" * 78 + b"\r\n"] * 52
    script[2] = ("C", b"".join(pieces) + b".\r\n")
    session = session_with("PIPELINING", "SIZE")
    drive = Drive(
        session.buffer,
        [("C", ONE.replace(b">\r", b"> SIZE=4160\r", 1))]
        + [("S", OK * 2)]
        + [("C", b"DATA\r\n"), ("S", b"354 go\r\n")]
        + script[2:],
    )
    drive.run(session.send(Text(pieces=pieces), False))
    equal(drive.pieces[-2:], [pieces[-1], b".\r\n"])


def test_without_pipelining_each_command_waits():
    mail, rcpt = ONE.split(b"\r\n")[:2]
    script = [("C", mail + b"\r\n"), ("S", OK), ("C", rcpt + b"\r\n"), ("S", OK)]
    end = [("C", b"hi\r\n.\r\n"), ("S", OK)]
    equal(sends(session_with(), Text(), script + [("C", b"DATA\r\n"), ("S", b"354 go\r\n")] + end).round_trips, 4)
    end = [("C", b"BDAT 4\r\nhi\r\n"), ("S", OK), ("C", b"BDAT 0 LAST\r\n"), ("S", OK)]
    equal(sends(session_with("CHUNKING"), Text(), script + end).round_trips, 4)


def test_dots_are_stuffed_under_data_and_not_under_bdat():
    text = b".\r\n.a\r\nb.\r\n\r\n..\r\n"
    script = [("C", ONE + b"BDAT %d LAST\r\n" % len(text) + text), ("S", OK * 3)]
    sends(session_with("PIPELINING", "CHUNKING"), Text(text), script)
    stuffed = b"..\r\n..a\r\nb.\r\n\r\n...\r\n.\r\n"
    for cut in range(len(text)):
        message = Text(pieces=[text[:cut], text[cut:]])
        script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", stuffed), ("S", OK)]
        sends(session_with("PIPELINING"), message, script)


def test_a_long_text_waits_for_its_envelope():
    text = b"x" * 4095 + b"\r\n"
    script = [("C", ONE), ("S", OK * 2), ("C", b"BDAT 4\r\nxxxx"), ("S", OK)]
    script += [("C", b"BDAT 4093 LAST\r\n" + text[4:]), ("S", OK)]
    equal(sends(session_with("PIPELINING", "CHUNKING"), Text(text), script).round_trips, 3)
    script = [("C", ONE), ("S", OK + b"550 5.1.1 no\r\n")]
    session = session_with("PIPELINING", "CHUNKING")
    error = fails(session, Text(text), script)
    equal((error.stage, error.code, session.in_step), ("rcpt", 550, True))


def test_parameters_are_those_the_server_knows():
    head = b"MAIL FROM:<a@x.org> SIZE=4 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<b@y.org>\r\n"
    message = Text(body="8bit")
    message.smtputf8 = True
    session = session_with("PIPELINING", "CHUNKING", "SIZE 1000", "8BITMIME", "SMTPUTF8", "BINARYMIME")
    sends(session, message, [("C", head + b"BDAT 4 LAST\r\nhi\r\n"), ("S", OK * 3)])
    equal(message.offered, (True, True))
    error = fails(session_with("PIPELINING"), message, [])
    equal((error.kind, error.key), ("permanent", "smtputf8"))
    # The sender may be the route's.
    session = session_with("PIPELINING", "CHUNKING", "SMTPUTF8")
    session.route.sender = "ä@x.org"
    head = "MAIL FROM:<ä@x.org> SMTPUTF8\r\nRCPT TO:<b@y.org>\r\nBDAT 4 LAST\r\nhi\r\n".encode()
    sends(session, Text(), [("C", head), ("S", OK * 3)])
    sends(
        session_with("PIPELINING", "BINARYMIME"),
        Text(),
        [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 \r\n"), ("C", b"hi\r\n.\r\n"), ("S", OK)],
    )


def test_a_message_larger_than_the_server_takes_is_not_even_announced():
    error = fails(session_with("SIZE 3", "PIPELINING"), Text(), [])
    equal((error.stage, error.kind, error.key), ("mail", "permanent", "size"))
    for size in ("SIZE 0", "SIZE", "SIZE lots"):
        script = [
            ("C", b"MAIL FROM:<a@x.org> SIZE=4\r\nRCPT TO:<b@y.org>\r\nDATA\r\n"),
            ("S", OK * 2 + b"354 \r\n"),
            ("C", b"hi\r\n.\r\n"),
            ("S", OK),
        ]
        sends(session_with(size, "PIPELINING"), Text(), script)


def test_an_unknown_length_is_watched_and_given_up_before_the_end():
    session = session_with("SIZE 10", "PIPELINING")
    message = Text(pieces=[b"12345678", b"90ab", b"never sent"], size=None)
    script = [("C", ONE), ("S", OK * 2), ("C", b"DATA\r\n"), ("S", b"354 \r\n"), ("C", b"12345678")]
    error = fails(session, message, script)
    equal((error.stage, error.kind, error.key, session.in_step), ("body", "permanent", "size", False))
    session = session_with("SIZE 10", "PIPELINING", "CHUNKING")
    script = [("C", ONE), ("S", OK * 2), ("C", b"BDAT 4\r\n1234"), ("S", OK), ("C", b"BDAT 4\r\n5678")]
    equal(fails(session, message, script).key, "size")


def test_an_unknown_length_goes_in_chunks_and_ends_with_an_empty_one():
    begun = [("C", ONE), ("S", OK * 2), ("C", b"BDAT 4\r\nFrom"), ("S", OK)]
    script = begun + [("C", b"BDAT 2\r\nabBDAT 1\r\ncBDAT 0 LAST\r\n"), ("S", OK * 3)]
    pieces = [b"Fromab", b"c"]
    sends(session_with("PIPELINING", "CHUNKING"), Text(pieces=pieces, size=None), script)
    script = begun + [("C", b"BDAT 2\r\nabBDAT 1\r\ncBDAT 0 LAST\r\nQUIT\r\n"), ("S", OK + b"552 5.3.4 full\r\n")]
    error = fails(session_with("PIPELINING", "CHUNKING"), Text(pieces=pieces, size=None), script, True)
    equal((error.stage, error.code), ("body", 552))


def test_at_most_half_a_hundred_chunks_are_unanswered():
    session = session_with("PIPELINING", "CHUNKING")
    script = [("C", ONE), ("S", OK * 2), ("C", b"BDAT 4\r\nFrom"), ("S", OK)]
    script += [("C", b"BDAT 1\r\nx" * 50), ("S", OK * 50)]
    script += [("C", b"BDAT 1\r\nx" * 20 + b"BDAT 0 LAST\r\n"), ("S", OK * 21)]
    sends(session, Text(pieces=[b"Fromx"] + [b"x"] * 69, size=None), script)


def test_some_recipients_refused_the_others_get_it():
    script = [("C", envelope(b"b@y.org", b"c@y.org", b"d@y.org") + b"BDAT 4 LAST\r\nhi\r\n")]
    script += [("S", OK + b"550 5.1.1 no\r\n" + OK + b"452 4.2.2 full\r\n" + OK)]
    message = Text(recipients=("b@y.org", "c@y.org", "d@y.org"))
    receipt = sends(session_with("PIPELINING", "CHUNKING"), message, script)
    equal(receipt.accepted, ["c@y.org"])
    equal(
        [(who, reply.code, reply.enhanced) for who, reply in receipt.refused],
        [("b@y.org", 550, "5.1.1"), ("d@y.org", 452, "4.2.2")],
    )


def test_all_refused_is_an_error_whatever_the_server_says_to_the_message():
    both = Text(recipients=("b@y.org", "c@y.org"))
    head = envelope(b"b@y.org", b"c@y.org")
    no = OK + b"550 5.1.1 no\r\n452 4.2.2 full\r\n"
    for answer, in_step in ((b"250 ok\r\n", True), (b"554 none\r\n", True), (b"503 5.5.1 no\r\n", False)):
        session = session_with("PIPELINING", "CHUNKING")
        error = fails(session, both, [("C", head + b"BDAT 4 LAST\r\nhi\r\n"), ("S", no + answer)])
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


def test_rset_comes_before_the_next_mail_where_one_was_left_open():
    session = session_with("PIPELINING", "CHUNKING")
    flight = ONE + b"BDAT 4 LAST\r\nhi\r\n"
    fails(session, Text(), [("C", flight), ("S", OK + b"550 no\r\n554 no\r\n")])
    equal(sends(session, Text(), [("C", b"RSET\r\n" + flight), ("S", OK * 4)]).round_trips, 2)
    sends(session, Text(), [("C", flight), ("S", OK * 3)])
    session = session_with()
    mail, rcpt = ONE.split(b"\r\n")[:2]
    fails(session, Text(), [("C", mail + b"\r\n"), ("S", OK), ("C", rcpt + b"\r\n"), ("S", b"550 no\r\n")])
    script = [("C", b"RSET\r\n"), ("S", OK), ("C", mail + b"\r\n"), ("S", b"550 no\r\n")]
    fails(session, Text(), script)


def test_mail_refused_in_a_flight_is_its_error_and_not_uncertain():
    for features in (("PIPELINING", "CHUNKING"), ("PIPELINING",)):
        session = session_with(*features)
        flight = ONE + (b"BDAT 4 LAST\r\nhi\r\n" if "CHUNKING" in features else b"DATA\r\n")
        error = fails(session, Text(), [("C", flight), ("S", b"550 5.7.60 SendAsDenied\r\n503 no\r\n503 no\r\n")])
        equal((error.stage, error.code, session.in_step), ("mail", 550, False))


def test_a_parameter_refused_is_dropped_and_the_mail_tried_again():
    for reply in (b"555 5.5.4 what?\r\n", b"501 what?\r\n", b"501 5.5.4 BODY\r\n"):
        session = session_with("PIPELINING", "CHUNKING", "BINARYMIME", "SIZE 0")
        message = Text(body="binary")
        head = b"MAIL FROM:<a@x.org> SIZE=4 BODY=BINARYMIME\r\nRCPT TO:<b@y.org>\r\n"
        fails(session, message, [("C", head), ("S", reply + b"503 no\r\n")], kind=Mend)
        equal((session.in_step, sorted(session.features)), (True, ["CHUNKING", "PIPELINING", "SIZE"]))
        fails(
            session,
            Text(),
            [("C", head.replace(b" BODY=BINARYMIME", b"") + b"BDAT 4 LAST\r\nhi\r\n"), ("S", reply * 3)],
            kind=Mend,
        )
        equal((session.in_step, sorted(session.without)), (False, ["BINARYMIME", "SIZE"]))
    error = fails(session_with(), Text(), [("C", b"MAIL FROM:<a@x.org>\r\n"), ("S", b"501 what?\r\n")])
    equal(error.code, 501)
    error = fails(
        session_with("SIZE"), Text(), [("C", b"MAIL FROM:<a@x.org> SIZE=4\r\n"), ("S", b"501 5.1.7 bad sender\r\n")]
    )
    equal(error.enhanced, "5.1.7")


def test_after_the_last_octet_silence_and_loss_are_uncertain():
    whole = [("C", ONE + b"BDAT 4 LAST\r\nhi\r\n")]
    data = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", b"hi\r\n.\r\n")]
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


def test_a_final_refusal_is_no_delivery_and_is_classified():
    script = [("C", ONE + b"BDAT 4 LAST\r\nhi\r\n"), ("S", OK * 2 + b"452 4.3.1 later\r\n")]
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
            session_with("PIPELINING", "CHUNKING"), Text(), [("C", ONE + b"BDAT 4 LAST\r\nhi\r\n"), ("S", answer)]
        )
        equal((error.kind, error.code), ("temporary", 421))


def test_a_refusal_while_the_message_is_sent_stops_the_sending():
    session = session_with("PIPELINING")

    def pieces():
        yield b"first\r\n"
        early = b"552 5.3.4 too big\r\n"
        session.buffer.space()[: len(early)] = early
        session.buffer.add(len(early))
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


def test_a_hundred_recipients_go_in_flights_that_no_buffer_overflows():
    names = [b"r%d@y.org" % i for i in range(150)]
    message = Text(recipients=[name.decode() for name in names])
    commands = envelope(*names).split(b"\r\n")[:-1]
    script = []
    for i in range(0, 151, 100):
        flight = commands[i : i + 100]
        script += [("C", b"\r\n".join(flight) + b"\r\n"), ("S", OK * len(flight))]
    script += [("C", b"BDAT 4\r\nhi\r\n"), ("S", OK), ("C", b"BDAT 0 LAST\r\n"), ("S", OK)]
    receipt = sends(session_with("PIPELINING", "CHUNKING"), message, script)
    equal((len(receipt.accepted), receipt.round_trips), (150, 4))


def test_the_final_reply_has_ten_minutes_and_the_deadline_ends_at_the_last_octet():
    session = session_with("PIPELINING", "CHUNKING")
    drive = Drive(session.buffer, [("C", ONE + b"BDAT 4 LAST\r\nhi\r\n"), ("S", OK * 2), ("S", OK)])
    drive.run(session.send(Text()))
    equal(drive.tuples, [("limit", 600)])
    equal(drive.waits, [30, 600])


def test_a_real_message_arrives_as_it_was_encoded():
    message = Message("a@x.org", ["B <b@y.org>"], "Grüße", "eins\n.zwei\n", date=0, message_id="<1@x.org>")
    session = session_with("PIPELINING", "CHUNKING", "8BITMIME")
    octets = b"".join([bytes(chunk) for chunk in message.encode(True, False).chunks()])
    inside(b"\r\n.zwei\r\n", octets)
    script = [("C", ONE + b"BDAT %d LAST\r\n" % len(octets) + octets), ("S", OK * 3)]
    equal(sends(session, message, script).message_id, "<1@x.org>")


def test_what_the_server_said_before_it_hung_up_is_the_error():
    for features, said, kind, code in (
        (("PIPELINING",), b"421 4.3.2 going down\r\n", "temporary", 421),
        (("PIPELINING",), OK + b"550 5.1.1 no\r\n", "permanent", 550),
        (("PIPELINING",), OK, "temporary", 0),
        (("PIPELINING", "CHUNKING"), OK + b"421 4.3.2 going down\r\n", "temporary", 421),
        (("PIPELINING", "CHUNKING"), OK + b"550 5.1.1 no\r\n", "uncertain", 0),
        (("PIPELINING", "CHUNKING"), b"rubbish\r\n", "uncertain", 0),
    ):
        session = session_with(*features)
        steps = session.send(Text(recipients=("b@y.org", "c@y.org")))
        next(steps)
        session.buffer.space()[: len(said)] = said
        session.buffer.add(len(said))
        error = session.failure(raises(OSError, steps.throw, OSError(104)))
        equal((error.kind, error.code), (kind, code))


def test_a_server_that_does_not_take_chunks_gets_no_line_it_could_run():
    for message in (Text(b"From: x\r\n" + b"x" * 5000), Text(b"hi\r\n", body="binary")):
        session = session_with("PIPELINING", "CHUNKING", "BINARYMIME")
        commands = ONE.replace(b">\r\nRCPT", b"> BODY=BINARYMIME\r\nRCPT") if message.body == "binary" else ONE
        script = [("C", commands), ("S", OK * 2)]
        script += [("C", b"BDAT 4\r\n" + message.pieces[0][:4]), ("S", b"500 5.5.2 what?\r\n")]
        fails(session, message, script, kind=Mend)
        equal((session.in_step, session.sent, "CHUNKING" in session.features), (False, False, False))


def test_what_looks_like_commands_waits_for_data():
    evil = b"s\r\nMail From:<x@y.z>\r\nDATA\r\n"
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", evil + b".\r\n"), ("S", OK)]
    sends(session_with("PIPELINING", "CHUNKING"), Text(evil), script)


def test_replies_one_too_many_are_no_delivery():
    # The second reply to MAIL pushes each other one place on: what stands last belongs to the recipient.
    moved = b"250 2.1.0 a\r\n" * 2 + b"250 2.1.5 b\r\n"
    for replies in (moved, moved + b"554 5.6.0 no\r\n", OK * 3 + b"554 no\r\n"):
        session = session_with("PIPELINING", "CHUNKING")
        error = fails(session, Text(), [("C", ONE + b"BDAT 4 LAST\r\nhi\r\n"), ("S", replies)])
        equal((error.kind, session.in_step), ("uncertain", False))


def test_a_reply_before_its_command_ends_it_before_anything_is_said():
    session = session_with("PIPELINING", "CHUNKING")
    session.buffer.space()[: len(OK)] = OK
    session.buffer.add(len(OK))
    equal((fails(session, Text(), []).key, session.sent), ("desync", False))
