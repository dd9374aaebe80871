"""What a message writes, and what it refuses to write."""

from check import equal, inside, raises
from umail.attachment import Attachment
from umail.message import Message, address


def encoded(message, **how):
    return b"".join([bytes(chunk) for chunk in message.encode(**how).chunks()])


def lines_of(message):
    return encoded(message).split(b"\r\n")


def alert(**more):
    arguments = {"sender": "esp32@contoso.com", "to": "ops@contoso.com", "subject": "warm", "text": "37 C", "date": 0}
    arguments.update(more)
    return Message(**arguments)


def test_a_short_alert_is_this_and_nothing_else():
    message = alert(message_id="<1@contoso.com>")
    lines = lines_of(message)
    del lines[3]
    equal(
        lines,
        [
            b"From: esp32@contoso.com",
            b"To: ops@contoso.com",
            b"Subject: warm",
            b"Message-ID: <1@contoso.com>",
            b"Auto-Submitted: auto-generated",
            b"MIME-Version: 1.0",
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Transfer-Encoding: 7bit",
            b"",
            b"37 C",
            b"",
        ],
    )


def test_the_envelope_holds_bare_addresses_once():
    message = alert(
        sender="Board <esp32@contoso.com>",
        to=["Ops <ops@contoso.com>", "b@contoso.com"],
        cc="ops@contoso.com",
        bcc=[("Boss", "boss@contoso.com")],
    )
    equal(message.sender, "esp32@contoso.com")
    equal(message.recipients, ["ops@contoso.com", "b@contoso.com", "boss@contoso.com"])


def test_bcc_is_never_on_the_wire():
    data = encoded(alert(bcc="boss@contoso.com"))
    equal(b"boss" in data, False)
    equal(b"\nbcc:" in data.lower(), False)
    inside(b"To: undisclosed-recipients:;\r\n", encoded(alert(to=(), bcc="boss@contoso.com")))


def test_control_characters_are_refused_and_the_argument_named():
    for code in (0, 1, 9, 10, 13, 27, 31, 127, 128, 133, 159, 0xD800, 0xDFFF):
        bad = "a%sb" % chr(code)
        for argument, value in (
            ("sender", bad + "@contoso.com"),
            ("sender", bad + " <esp32@contoso.com>"),
            ("sender", (bad, "esp32@contoso.com")),
            ("to", "ops@conto%sso.com" % chr(code)),
            ("to", ["ops@contoso.com", "ops@contoso.com" + chr(code)]),
            ("cc", bad + "@contoso.com"),
            ("bcc", bad + "@contoso.com"),
            ("reply_to", bad + "@contoso.com"),
            ("subject", bad),
            ("message_id", "<%s@contoso.com>" % bad),
            ("headers", [("X-" + bad, "value")]),
            ("headers", [("X-Board", bad)]),
        ):
            error = raises(ValueError, alert, **{argument: value})
            equal(str(error).startswith(argument + ": "), True, str(error))


def test_half_a_surrogate_pair_is_not_text():
    for bad in ("a" + chr(0xD83D), chr(0xDFFF) + "b", "\ud7ff" + chr(0xD83D) + chr(0xDE00)):
        raises(ValueError, alert, text=bad)
        raises(ValueError, alert, html=bad)
        raises(ValueError, alert, text="t", html=bad)
    # What has the same first byte, and what is beside it, is fine.
    alert(text="\ud000\ud7ff\ue000\U0001f9ca", html="\ud000\ud7ff")


def test_what_would_break_a_line_or_a_date_is_refused_when_the_mail_is_made():
    for argument, value in (
        ("headers", [("X" * 77, "v")]),
        ("date", "now"),
        ("date", b"0"),
        ("to", b"ops@contoso.com"),
        ("cc", [5]),
    ):
        inside(argument + ": ", str(raises(ValueError, alert, **{argument: value})))
    for more in ({"type": "text/" + "x" * 250}, {"cid": "x" * 251}, {"cid": "a>b"}):
        raises(ValueError, Attachment, b"", "name", **more)
    # A file system would take the path up to the NUL.
    raises(ValueError, Attachment, "log.txt\0.csv", "name")
    # The longest line that a header can have.
    head = alert(headers=[("X" * 76, "y" * 900)]).encode()
    lines = b"".join([bytes(chunk) for chunk in head.chunks()]).split(b"\r\n")
    equal(max([len(line) for line in lines]) <= 998, True)


def test_what_is_not_one_address_is_refused():
    for bad in (
        "",
        "a",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        "a@b c",
        "<a@b",
        "a@b>",
        "a@b,c@d",
        "a@b>, <c@d>",
        "x" * 65 + "@b",
        "a@" + "x" * 256,
        "é" * 33 + "@b",
        "a@[1.2",
    ):
        raises(ValueError, address, "to", bad)
    for good in ("a@b", "x" * 64 + "@" + "y" * 255, "a+b@c.d", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "ü@x.de"):
        equal(address("to", good), ("", good))


def test_names_are_read_with_and_without_quotes():
    equal(address("to", "Ops <a@b>"), ("Ops", "a@b"))
    equal(address("to", '"Smith, \\"J\\"" <a@b>'), ('Smith, "J"', "a@b"))
    equal(address("to", "<a@b>"), ("", "a@b"))


def test_a_message_without_recipient_is_refused():
    inside("recipient", str(raises(ValueError, alert, to=())))


def test_long_address_lists_are_folded():
    data = encoded(alert(to=["Person Number %d <person%d@contoso.com>" % (i, i) for i in range(100)]))
    head = data.split(b"\r\n\r\n")[0]
    equal(max(len(line) for line in head.split(b"\r\n")) <= 78, True)
    equal(head.count(b"@contoso.com>,"), 99)


def test_the_message_id_is_fixed_at_construction_and_random():
    message = alert()
    equal(encoded(message), encoded(message))
    inside(message.message_id.encode(), encoded(message))
    equal(len(message.message_id), 32 + len("<@contoso.com>"))
    equal(message.message_id == alert().message_id, False)


def test_a_date_before_the_clock_is_set_is_not_written_but_stamped_once_later():
    import umail as module

    class Clock:
        now = 0
        year = 2000

        def time(self):
            return self.now

        def gmtime(self, seconds=None):
            return (self.year, 1, 1, 0, 0, 0, 0, 1)

    real, clock = module.time, Clock()
    module.time = clock
    try:
        message = alert(date=None)
        equal(b"Date:" in encoded(message), False)
        clock.year, clock.now = 2026, 86400
        inside(b"\r\nDate: ", encoded(message))
        clock.now += 5
        encoded(message)
        equal(message.date, 86400)
    finally:
        module.time = real


def test_any_unicode_makes_an_ascii_header():
    message = alert(sender="Kühlraum 3 <esp32@contoso.com>", subject="Gefrierschrank 3 wärmt sich: 37,5 °C 😀 " * 5)
    head = encoded(message).split(b"\r\n\r\n")[0]
    equal(max(head) < 128, True)
    equal(max(len(line) for line in head.split(b"\r\n")) <= 78, True)


def test_the_body_tells_its_size_and_what_it_needs():
    for text, eightbit, body in (("37 C", True, "7bit"), ("37 °C", True, "8bit"), ("37 °C", False, "7bit")):
        message = alert(text=text)
        encoding = message.encode(eightbit, False)
        equal(encoding.body, body)
        equal(encoding.size, len(encoded(message, eightbit=eightbit)))


def test_a_long_text_comes_in_pieces_of_the_same_octets():
    text = "line\n" * 3000
    message = alert(text=text)
    equal(encoded(message).split(b"\r\n\r\n", 1)[1], text.replace("\n", "\r\n").encode())
    equal(message.encode().size, len(encoded(message)))


def test_smtputf8_is_asked_for_by_addresses_alone():
    equal(alert(subject="ü", sender="Ü <a@b>").smtputf8, False)
    equal(alert(bcc="ü@b.de").smtputf8, True)
    equal(alert(sender="ü@b.de").encode(True).body, "8bit")


def test_extra_headers_are_written_but_cannot_replace_others():
    inside(b"\r\nX-Board: freezer-3\r\n", encoded(alert(headers=[("X-Board", "freezer-3")])))
    for name in ("From", "BCC", "content-type", "Mime-Version", "Message-Id", "", "a b", "a:b", "ä"):
        inside("headers: ", str(raises(ValueError, alert, headers=[(name, "x")])))


def test_auto_submitted_has_a_default_that_a_header_replaces():
    data = encoded(alert(headers=[("auto-submitted", "no")]))
    inside(b"auto-submitted: no\r\n", data)
    equal(b"auto-generated" in data, False)


def test_importance_is_written_for_outlook_and_others():
    inside(b"Importance: high\r\nX-Priority: 1\r\n", encoded(alert(importance="high")))
    raises(ValueError, alert, importance="urgent")


def test_a_message_id_of_ones_own_has_its_form():
    raises(ValueError, alert, message_id="<a@b><c@d>")
    inside(b"\r\nMessage-ID: <1@contoso.com>\r\n", encoded(alert(message_id="<1@contoso.com>")))
    for bad in ("1@contoso.com", "<1>", "<a b@c>", "<ü@c>", "<" + "x" * 300 + "@c>"):
        inside("message_id: ", str(raises(ValueError, alert, message_id=bad)))


def test_a_plain_alert_loads_only_what_it_needs():
    import sys

    # Elsewhere other files of tests hold the modules that this one would load again.
    if sys.implementation.name != "micropython":
        return
    kept = [(name, sys.modules.pop(name)) for name in list(sys.modules) if name.startswith("umail.")]
    from umail.message import Message

    message = Message("esp32@contoso.com", "ops@contoso.com", "warm", "37 °C")
    equal(len(list(message.encode(True, False).chunks())), 1)
    equal([name for name in sys.modules if name.startswith("umail.")], ["umail.message"])
    for name, module in kept:
        sys.modules[name] = module


def test_arguments_go_by_position_or_by_name_and_each_once():
    mail = Message("a@x.org", "b@x.org", "s", "t", "<p>h</p>", ["c@x.org"], "d@x.org", "e@x.org")
    equal((mail.html, mail.cc, mail.bcc), ("<p>h</p>", [("", "c@x.org")], [("", "d@x.org")]))
    equal((mail.reply_to, mail.recipients), ([("", "e@x.org")], ["b@x.org", "c@x.org", "d@x.org"]))
    for more in ({"subjekt": "s"}, {"sizes": None}, {"stamps": ()}):
        raises(TypeError, Message, "a@x.org", "b@x.org", "s", "t", **more)
    raises(TypeError, Message, "a@x.org", "b@x.org", "s", "t", None, html="h")
    raises(TypeError, Message, *(["a@x.org", "b@x.org"] + ["s"] * 14))


def test_what_an_argument_is_by_itself_may_be_said():
    mail = Message("a@x.org", "b@x.org", "s", text="t", html=None, cc=(), attachments=[], notify=(), importance=None)
    equal((mail.html, list(mail.cc), list(mail.attachments), mail.headers), (None, [], [], []))
    equal(mail.date, Message("a@x.org", "b@x.org", "s", text="t", date=None).date)
    equal(Message("a@x.org", "b@x.org", "s", text="t", date=0).date, 0)
