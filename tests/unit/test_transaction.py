"""One mail: which flights it takes, what travels together, and how it is cut."""

from check import equal, inside
from mail_dialogue import OK, ONE, Text, envelope, fails, sends, session_with
from scripted import Drive
from umail import Message


def test_bdat_its_envelope_and_quit_are_one_flight():
    script = [("C", ONE + b"BDAT 4 LAST\r\n42\r\nQUIT\r\n"), ("S", OK * 3 + b"221 bye\r\n")]
    for cut in (None, 1, 2, 3):
        receipt = sends(session_with("PIPELINING", "CHUNKING"), Text(), script, True, cut)
        equal((receipt.accepted, receipt.refused, receipt.round_trips), (["b@y.org"], [], 1))
        equal(receipt.reply.text, "2.0.0 ok")


def test_data_takes_one_flight_more():
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", b"42\r\n.\r\n"), ("S", OK)]
    equal(sends(session_with("PIPELINING"), Text(), script).round_trips, 2)
    # QUIT goes out after the final reply, and nobody waits for its own.
    sends(session_with("PIPELINING"), Text(), script + [("C", b"QUIT\r\n")], True)


def test_by_data_a_short_mail_and_its_end_leave_in_one_piece():
    # TCP would hold the end back until the mail was acknowledged.
    pieces = [b"42\r\n", b".x\r\n"]
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", b"42\r\n..x\r\n.\r\n"), ("S", OK)]
    session = session_with("PIPELINING")
    drive = Drive(session.buffer, script)
    drive.run(session.send(Text(pieces=pieces), False))
    equal(drive.pieces[-1], b"42\r\n..x\r\n.\r\n")
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
    end = [("C", b"42\r\n.\r\n"), ("S", OK)]
    equal(sends(session_with(), Text(), script + [("C", b"DATA\r\n"), ("S", b"354 go\r\n")] + end).round_trips, 4)
    end = [("C", b"BDAT 4\r\n42\r\n"), ("S", OK), ("C", b"BDAT 0 LAST\r\n"), ("S", OK)]
    equal(sends(session_with("CHUNKING"), Text(), script + end).round_trips, 4)


def test_dots_are_stuffed_under_data_and_not_under_bdat():
    text = b".\r\n.a\r\nb.\r\n\r\n..\r\n"
    script = [("C", ONE + b"BDAT %d LAST\r\n" % len(text) + text), ("S", OK * 3)]
    session = session_with("PIPELINING", "CHUNKING")
    session.takes_chunks = True
    sends(session, Text(text), script)
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
    sends(session, message, [("C", head + b"BDAT 4 LAST\r\n42\r\n"), ("S", OK * 3)])
    equal(message.offered, (True, True))
    error = fails(session_with("PIPELINING"), message, [])
    equal((error.kind, error.key), ("permanent", "smtputf8"))
    # The sender may be the route's.
    session = session_with("PIPELINING", "CHUNKING", "SMTPUTF8")
    session.route.sender = "ä@x.org"
    head = "MAIL FROM:<ä@x.org> SMTPUTF8\r\nRCPT TO:<b@y.org>\r\nBDAT 4 LAST\r\n42\r\n".encode()
    sends(session, Text(), [("C", head), ("S", OK * 3)])
    sends(
        session_with("PIPELINING", "BINARYMIME"),
        Text(),
        [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 \r\n"), ("C", b"42\r\n.\r\n"), ("S", OK)],
    )


def test_a_message_larger_than_the_server_takes_is_not_even_announced():
    error = fails(session_with("SIZE 3", "PIPELINING"), Text(), [])
    equal((error.stage, error.kind, error.key), ("mail", "permanent", "size"))
    for size in ("SIZE 0", "SIZE", "SIZE lots"):
        script = [
            ("C", b"MAIL FROM:<a@x.org> SIZE=4\r\nRCPT TO:<b@y.org>\r\nDATA\r\n"),
            ("S", OK * 2 + b"354 \r\n"),
            ("C", b"42\r\n.\r\n"),
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
    script = [("C", envelope(b"b@y.org", b"c@y.org", b"d@y.org") + b"BDAT 4 LAST\r\n42\r\n")]
    script += [("S", OK + b"550 5.1.1 no\r\n" + OK + b"452 4.2.2 full\r\n" + OK)]
    message = Text(recipients=("b@y.org", "c@y.org", "d@y.org"))
    receipt = sends(session_with("PIPELINING", "CHUNKING"), message, script)
    equal(receipt.accepted, ["c@y.org"])
    equal(
        [(who, reply.code, reply.enhanced) for who, reply in receipt.refused],
        [("b@y.org", 550, "5.1.1"), ("d@y.org", 452, "4.2.2")],
    )


def test_rset_comes_before_the_next_mail_where_one_was_left_open():
    session = session_with("PIPELINING", "CHUNKING")
    flight = ONE + b"BDAT 4 LAST\r\n42\r\n"
    fails(session, Text(), [("C", flight), ("S", OK + b"550 no\r\n554 no\r\n")])
    equal(sends(session, Text(), [("C", b"RSET\r\n" + flight), ("S", OK * 4)]).round_trips, 2)
    sends(session, Text(), [("C", flight), ("S", OK * 3)])
    # A server without RSET takes the mail all the same, and a mail that was taken is not a failure.
    fails(session, Text(), [("C", flight), ("S", OK + b"550 no\r\n554 no\r\n")])
    sends(session, Text(), [("C", b"RSET\r\n" + flight), ("S", b"502 what?\r\n" + OK * 3)])
    session = session_with()
    mail, rcpt = ONE.split(b"\r\n")[:2]
    fails(session, Text(), [("C", mail + b"\r\n"), ("S", OK), ("C", rcpt + b"\r\n"), ("S", b"550 no\r\n")])
    script = [("C", b"RSET\r\n"), ("S", OK), ("C", mail + b"\r\n"), ("S", b"550 no\r\n")]
    fails(session, Text(), script)


def test_a_hundred_recipients_go_in_flights_that_no_buffer_overflows():
    names = [b"r%d@y.org" % i for i in range(150)]
    message = Text(recipients=[name.decode() for name in names])
    commands = envelope(*names).split(b"\r\n")[:-1]
    script = []
    for i in range(0, 151, 100):
        flight = commands[i : i + 100]
        script += [("C", b"\r\n".join(flight) + b"\r\n"), ("S", OK * len(flight))]
    script += [("C", b"BDAT 4\r\n42\r\n"), ("S", OK), ("C", b"BDAT 0 LAST\r\n"), ("S", OK)]
    receipt = sends(session_with("PIPELINING", "CHUNKING"), message, script)
    equal((len(receipt.accepted), receipt.round_trips), (150, 4))


def test_the_final_reply_has_ten_minutes_and_the_deadline_ends_at_the_last_octet():
    session = session_with("PIPELINING", "CHUNKING")
    drive = Drive(session.buffer, [("C", ONE + b"BDAT 4 LAST\r\n42\r\n"), ("S", OK * 2), ("S", OK)])
    drive.run(session.send(Text()))
    equal(drive.tuples, [("limit", 600, False)])
    equal(drive.waits, [30, 600])


def test_a_real_message_arrives_as_it_was_encoded():
    message = Message("a@x.org", ["B <b@y.org>"], "Grüße", "eins\n.zwei\n", date=0, message_id="<1@x.org>")
    session = session_with("PIPELINING", "CHUNKING", "8BITMIME")
    session.takes_chunks = True
    octets = b"".join([bytes(chunk) for chunk in message.encode(True, False).chunks()])
    inside(b"\r\n.zwei\r\n", octets)
    script = [("C", ONE + b"BDAT %d LAST\r\n" % len(octets) + octets), ("S", OK * 3)]
    equal(sends(session, message, script).message_id, "<1@x.org>")


def test_a_server_that_never_took_a_chunk_gets_no_line_that_could_be_a_command():
    evil = b"s\r\nMail From:<x@y.z>\r\nDATA\r\n"
    script = [("C", ONE + b"DATA\r\n"), ("S", OK * 2 + b"354 go\r\n"), ("C", evil + b".\r\n"), ("S", OK)]
    sends(session_with("PIPELINING", "CHUNKING"), Text(evil), script)
    # A real text is encoded so that it can travel, and costs no round trip more.
    text = "Mail From:<x@y.z>\n RCPT TO:<x@y.z>\nDATA \n" + "x" * 74 + "QUIT\n"
    message = Message("a@x.org", "b@y.org", "alert", text, date=0, message_id="<1@x.org>")
    octets = b"".join([bytes(chunk) for chunk in message.encode("inert").chunks()])
    inside(b"\r\n\r\n=4Dail From:<x@y.z>\r\n=20RCPT TO:<x@y.z>\r\n=44ATA=20\r\n=78xxx", octets)
    session = session_with("PIPELINING", "CHUNKING")
    sends(session, message, [("C", ONE + b"BDAT %d LAST\r\n" % len(octets) + octets), ("S", OK * 3)])
    # From then on it travels as it is.
    plain = b"".join([bytes(chunk) for chunk in message.encode().chunks()])
    sends(session, message, [("C", ONE + b"BDAT %d LAST\r\n" % len(plain) + plain), ("S", OK * 3)])


def test_whatever_a_server_says_to_a_quit_that_travelled_along_the_mail_is_delivered():
    for answer in (b"503 5.5.1 no pipelining\r\n", b"421 bye\r\n", b"rubbish\r\n", b"500"):
        script = [("C", ONE + b"BDAT 4 LAST\r\n42\r\nQUIT\r\n"), ("S", OK * 3 + answer)]
        equal(sends(session_with("PIPELINING", "CHUNKING"), Text(), script, True).accepted, ["b@y.org"])


def test_what_is_offered_only_after_the_login_is_asked_for_once_more():
    for wanted, line in (("DSN", b"NOTIFY=NEVER"), (None, None)):
        session = session_with("PIPELINING")
        session.name = b"me"
        message = Text()
        message.notify = ("never",)
        end = b" NOTIFY=NEVER" if wanted else b""
        mail = b"MAIL FROM:<a@x.org>" + (b" ENVID=1@x.org" if wanted else b"") + b"\r\n"
        offer = b"250-x\r\n250 PIPELINING\r\n" if not wanted else b"250-x\r\n250-DSN\r\n250 PIPELINING\r\n"
        script = [("C", b"EHLO me\r\n"), ("S", offer)]
        script += [("C", mail + b"RCPT TO:<b@y.org>" + end + b"\r\nDATA\r\n"), ("S", OK * 2 + b"354 go\r\n")]
        script += [("C", b"42\r\n.\r\n"), ("S", OK)]
        sends(session, message, script)
        equal(session.name, None)
