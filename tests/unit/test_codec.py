"""Header words, dates, transfer encodings and dot-stuffing."""

from binascii import b2a_base64

from check import equal, inside
from umail.mime import addresses, date, encoded_words, fields, plain
from umail.mime.multipart import parameter
from umail.smtp.data import DotStuffer


def text_octets(text, eightbit):
    out = bytearray()
    encoding = fields.text_part(out, b"plain", text, eightbit)
    return encoding, bytes(out).split(b"\r\n\r\n", 1)[1]


def test_a_date_is_rfc_5322_in_utc():
    import time

    # Seconds count from another year on some boards.
    base = 946684800 if time.gmtime(0)[0] == 2000 else 0
    equal(date.text(1795500000 - base), "Tue, 24 Nov 2026 06:00:00 +0000")
    equal(date.text(1772323199 - base), "Sat, 28 Feb 2026 23:59:59 +0000")


def test_a_date_with_a_fraction_is_one_on_every_board():
    import time

    class Esp32:
        def gmtime(self, seconds):
            if not isinstance(seconds, int):
                raise TypeError("can't convert float to int")
            return time.gmtime(seconds)

    date.time = Esp32()
    try:
        equal(date.text(86400.75), date.text(86400))
    finally:
        date.time = time


def test_plain_words_stay_plain():
    equal(fields.words("Freezer 3 is warm"), [b"Freezer", b"3", b"is", b"warm"])


def test_what_plain_words_cannot_carry_is_encoded():
    for text in ("37 °C", "a =?utf-8?Q?b?= c", "two  spaces", " leading", "trailing ", "x" * 65):
        tokens = fields.words(text)
        inside(b"=?utf-8?B?", tokens[0])


def test_an_encoded_word_never_splits_a_character_nor_passes_75_and_only_the_last_is_padded():
    from binascii import a2b_base64, unhexlify

    for c in ("a", "é", "€", "😀"):
        for before in ("", "a", "é", "aé", "aa", "€a", "aaa😀", "😀é"):
            text = before + c * 90
            words = encoded_words.encoded(text.encode())
            back = ""
            for word in words:
                equal(len(word) <= 75, True)
                octets = word[10:-2]
                back += (a2b_base64(octets) if word[8:9] == b"B" else unhexlify(octets.replace(b"=", b""))).decode()
            equal(back, text)
            # Readers built on GMime (notmuch, mu) drop what follows a padded word.
            equal([word for word in words[:-1] if b"=?=" in word], [], text)


def test_a_header_is_folded_at_76():
    lines = fields.header(b"Subject", fields.words("word " * 40 + "end")).split(b"\r\n")
    equal(max(len(line) for line in lines) <= 76, True)
    equal(b"".join(lines), b"Subject: " + b"word " * 40 + b"end")
    for line in lines[1:-1]:
        equal(line[:1], b" ")


def test_names_are_atoms_quoted_or_encoded():
    equal(addresses.phrase("Board 3", fields.words), [b"Board", b"3"])
    equal(addresses.phrase("Smith, J.", fields.words), [b'"Smith,', b'J."'])
    equal(addresses.phrase('a "b" \\', fields.words), [b'"a', b'\\"b\\"', b'\\\\"'])
    equal(addresses.phrase("Kühl", fields.words)[0][:10], b"=?utf-8?B?")
    equal(addresses.phrase("Smith, J. " + "and many more " * 5 + "here", fields.words)[:3], [b'"Smith,', b"J.", b"and"])
    equal(addresses.phrase("two  spaces, kept", fields.words)[0][:10], b"=?utf-8?B?")


def test_every_line_end_becomes_crlf():
    equal(text_octets("a\nb\rc\r\nd\n\re", False), (b"7bit", b"a\r\nb\r\nc\r\nd\r\n\r\ne"))


def test_the_text_encoding_fits_the_text():
    equal(text_octets("x" * 998, False)[0], b"7bit")
    equal(text_octets("x" * 999, True)[0], b"quoted-printable")
    equal(text_octets("37 °C", True), (b"8bit", "37 °C".encode()))
    equal(text_octets("37 °C", False), (b"quoted-printable", b"37 =C2=B0C"))
    equal(text_octets("тепло", False)[0], b"base64")
    equal(text_octets("a\0b", True)[0], b"quoted-printable")


def test_a_line_of_999_octets_is_found_wherever_it_stands():
    for before in ("", "\n", "x\n" * 700, "x" * 998 + "\n", "x" * 500 + "\n" + "x" * 497 + "\n"):
        for after in ("", "\n", "\nx" * 700, "\n" + "x" * 998):
            equal(text_octets(before + "x" * 998 + after, False)[0], b"7bit")
            equal(text_octets(before + "x" * 999 + after, False)[0], b"quoted-printable")


def allocated(function, *arguments):
    # The bytes that a call allocates, garbage included; 0 on CPython, which does not tell.
    try:
        from gc import collect, disable, enable, mem_alloc, threshold
    except ImportError:
        return 0
    collect()
    threshold(-1)
    disable()
    try:
        before = mem_alloc()
        function(*arguments)
        return mem_alloc() - before
    finally:
        enable()


def test_a_text_of_short_lines_takes_no_list_of_them():
    equal(allocated(text_octets, "x\n" * 4000, False) < 60000, True)


def test_a_long_header_leaves_no_copies_of_itself_between_its_words():
    # (A copy of the rest for each word takes 1,750,176 bytes. In a browser binascii is a module in Python.)
    base64 = allocated(b2a_base64, b"y" * 39)
    for text in ("y" * 11000, "\u65e5\u672c" * 1833):
        equal(allocated(fields.words, text) - 283 * base64 < 170000, True)


def test_a_long_file_name_leaves_no_pieces_of_each_character_between_its_tokens():
    for name in ("y" * 11000, "\u65e5\u672c" * 600):
        equal(allocated(parameter, b"filename", name) < 120000, True)


def test_quoted_printable_encodes_what_could_be_lost():
    equal(plain.quoted_printable(b"a \nb\t\nc=d\n"), b"a=20\r\nb=09\r\nc=3Dd\r\n")


def test_quoted_printable_lines_are_short_and_whole():
    for shift in range(5):
        for line in bytes(plain.quoted_printable(b"a" * shift + "é".encode() * 100)).split(b"\r\n"):
            equal(len(line) <= 76, True)
            # A cut escape would leave "=" or "=X" before the soft break's own "=".
            equal(len(line.rstrip(b"=").lstrip(b"a")) % 3, 0, line)


def test_quoted_printable_that_base64_undercuts_is_not_made_to_its_end():
    for text in ("✓" * 1500, "✓\n" * 1500):
        data = text.encode()
        name, encoded = encoded_words.shortest(data, fields.base64_size(len(data) + data.count(b"\n")))
        equal(name, b"base64")
        cut = plain.quoted_printable(data, False, len(encoded))
        equal(len(encoded) < len(cut) <= len(encoded) + 80, True, len(cut))


def test_base64_size_is_exact():
    for size in (0, 1, 2, 3, 56, 57, 58, 114, 500):
        data = b"\xff" * size
        lines = [data[i : i + 57] for i in range(0, size, 57)]
        equal(fields.base64_size(size), sum((len(x) + 2) // 3 * 4 + 2 for x in lines))


def test_dots_are_stuffed_however_the_mail_is_cut():
    mail = b".\r\n..\r\na.b\r\n.\r\n.QUIT\r\n\r\n.x"
    wanted = b"..\r\n...\r\na.b\r\n..\r\n..QUIT\r\n\r\n..x\r\n.\r\n"
    for first in range(len(mail) + 1):
        for second in range(first, len(mail) + 1):
            stuffer = DotStuffer()
            out = b""
            for chunk in (mail[:first], mail[first:second], mail[second:]):
                out += stuffer.feed(memoryview(chunk))
            equal(out + stuffer.end(), wanted)


def test_a_mail_that_ends_its_line_gets_only_the_dot():
    stuffer = DotStuffer()
    equal(stuffer.feed(b"a\r\n") + stuffer.end(), b"a\r\n.\r\n")
    equal(DotStuffer().end(), b".\r\n")


def test_a_plain_mail_is_the_same_from_the_short_way_and_from_the_long_and_no_line_of_it_can_be_a_command():
    from umail import Message
    from umail.smtp.flight import inert

    texts = ("", "x", "\n", "MAIL FROM:<a@b>\r\nQUIT\r", " a \n\n.\n=C3\t", "°C é 日本\n" * 9, "a" * 200, "x\0y", None)
    subjects = ("s", "a b", "Freezer 3: -11 C", "x" * 60, "=?", " a", "a  b", "é", "x" * 61, "QUIT")
    rendered = 0
    for text in texts:
        for subject in subjects:
            for to in ("b@y.org", "B <b@y.org>", ["b@y.org", "c@y.org"]):
                message = Message("a@x.org", to, subject, text)
                octets = plain.render(message)
                if octets is not None:
                    equal(octets[-6:], b"QUIT\r\n")
                    octets = octets[message.space : -6]
                    rendered += 1
                    equal(octets, message.encode("inert").octets)
                    equal(inert(octets), True, octets)
    # One of three kinds of recipients, and the five plain subjects.
    equal(rendered, len(texts) * 5)
    equal(plain.render(Message("a@x.org", "b@y.org", "s", "é" * 2000)), None)
    for more in (
        {"html": "h"},
        {"cc": "c@y.org"},
        {"reply_to": "c@y.org"},
        {"headers": [("X-A", "b")]},
        {"ret": "full"},
    ):
        equal(plain.render(Message("a@x.org", "b@y.org", "s", "t", **more)), None)
