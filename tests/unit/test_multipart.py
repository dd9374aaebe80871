"""HTML, attachments and inline images: how they are put together, streamed and counted."""

import os
import sys
from binascii import a2b_base64
from io import BytesIO

from check import equal, inside, raises
from umail.attachment import Attachment
from umail.message import Message
from umail.mime.files import type_of
from umail.mime.multipart import parameter

FILE = "attachment.tmp"


class Reader:
    """A source of unknown length that gives its bytes a few at a time."""

    def __init__(self, data, step=7):
        self.left = data
        self.step = step

    def readinto(self, room):
        count = min(self.step, len(room), len(self.left))
        room[:count] = self.left[:count]
        self.left = self.left[count:]
        return count


def pattern(size):
    return bytes([i * 7 % 256 for i in range(256)]) * (size // 256) + bytes(range(size % 256))


def message(**more):
    arguments = {"sender": "a@b.example", "to": "c@d.example", "subject": "s", "date": 0, "message_id": "<1@b.example>"}
    arguments.update(more)
    return Message(**arguments)


def octets(body):
    return b"".join([bytes(chunk) for chunk in body.chunks()])


def parts(data):
    """The parts of a multipart, each (head, content)."""
    head, _, content = data.partition(b"\r\n\r\n")
    boundary = head.split(b'boundary="')[1].split(b'"')[0]
    pieces = (b"\r\n" + content).split(b"\r\n--" + boundary)
    equal(pieces[-1].rstrip(), b"--")
    return [tuple(piece[2:].split(b"\r\n\r\n", 1)) for piece in pieces[1:-1]]


def decoded(part):
    return a2b_base64(part[1].replace(b"\r\n", b"")) if b": base64" in part[0] else part[1]


def test_text_and_html_are_alternatives_with_the_html_last():
    data = octets(message(text="plain", html="<p>rich</p>").encode())
    inside(b"Content-Type: multipart/alternative;", data)
    plain, html = parts(data)
    inside(b"text/plain", plain[0])
    inside(b"text/html", html[0])
    equal((plain[1], html[1]), (b"plain", b"<p>rich</p>"))


def test_html_alone_is_not_multipart():
    data = octets(message(html="<p>rich</p>").encode())
    inside(b"Content-Type: text/html; charset=utf-8\r\n", data)
    equal(data[-2:], b"\r\n")


def test_attachments_of_every_size_come_back_whole():
    for size in (0, 1, 2, 56, 57, 58, 1400, 1481, 1482, 1483, 1539, 2047, 2048, 2049, 5000):
        content = pattern(size)
        for source in (content, Reader(content), Reader(content, 5000), Reader(content, 1)):
            body = message(text="t", attachments=[Attachment(source, "x.bin")]).encode()
            data = octets(body)
            equal(decoded(parts(data)[1]) == content, True, "%d" % size)
            equal(body.size, len(data) if isinstance(source, bytes) else None)
            for line in data.split(b"\r\n"):
                equal(len(line) <= 78, True, line)


def test_binary_is_untouched_where_the_server_takes_it():
    for size in (5000, 8192, 10001):
        content = pattern(size)
        for source in (content, Reader(content, 999)):
            body = message(text="37 °C", attachments=[Attachment(source, "x.bin"), Attachment(b"2", "y")]).encode(
                True, True
            )
            equal(body.body, "binary")
            data = octets(body)
            inside(b"Content-Transfer-Encoding: binary\r\n\r\n--", data)
            equal(parts(data)[1][1] == content, True)
            equal(body.size, len(data) if isinstance(source, bytes) else None)


def test_what_fits_one_flight_is_never_binary():
    equal(message(text="t", attachments=[Attachment(b"1" * 1000, "x")]).encode(True, True).body, "7bit")


def test_a_buffer_of_any_size_gives_the_same_octets():
    content = pattern(3000)
    mail = message(text="t\n" * 100, attachments=[Attachment(content, "x.bin")])

    def without_boundary(data):
        return data.replace(data.split(b'boundary="')[1].split(b'"')[0], b"")

    wanted = without_boundary(octets(mail.encode()))
    for size in (10, 78, 79, 100, 156, 1024, 4096):
        buffer = bytearray(size)
        equal(without_boundary(octets(mail.encode(buffer=buffer))) == wanted, True, str(size))


def test_the_same_body_can_be_sent_twice():
    body = message(text="t", attachments=[Attachment(pattern(3000), "x.bin")]).encode()
    equal(octets(body), octets(body))


def test_a_file_is_read_by_its_path():
    with open(FILE, "wb") as file:
        file.write(pattern(10000))
    try:
        attachment = Attachment(FILE)
        equal((attachment.name, attachment.size()), (FILE, 10000))
        mail = message(text="t", attachments=[attachment])
        for _ in range(2):
            body = mail.encode()
            data = octets(body)
            equal((len(data), decoded(parts(data)[1]) == pattern(10000)), (body.size, True))
        # What grew after its size was told is cut there; what shrank is an error.
        body = mail.encode()
        with open(FILE, "ab") as file:
            file.write(b"more")
        equal(decoded(parts(octets(body))[1]) == pattern(10000), True)
        with open(FILE, "wb") as file:
            file.write(b"less")
        inside("shorter", str(raises(ValueError, octets, body)))
    finally:
        os.remove(FILE)
    inside("can't be read", str(raises(ValueError, mail.encode)))
    inside("can't be read", str(raises(ValueError, octets, body)))


def test_a_reader_can_be_sent_once_and_says_so():
    mail = message(text="t", attachments=[Attachment(BytesIO(b"1"), "log.csv")])
    octets(mail.encode())
    inside("'log.csv' has already been read", str(raises(ValueError, octets, mail.encode())))


def test_inline_images_are_related_to_the_html():
    image = Attachment(b"\x89PNG", "p.png", cid="p1")
    mail = message(text="t", html='<img src="cid:p1">', attachments=[image, Attachment(b"1", "log.csv")])
    data = octets(mail.encode())
    inside(b"Content-Type: multipart/mixed;", data)
    alternative, log = parts(data)
    inside(b"multipart/alternative", alternative[0])
    inside(b'Content-Disposition: attachment; filename="log.csv"', log[0])
    text, related = parts(b"\r\n\r\n".join(alternative) + b"\r\n")
    inside(b"multipart/related", related[0])
    html, picture = parts(b"\r\n\r\n".join(related) + b"\r\n")
    inside(b"Content-Disposition: inline", picture[0])
    inside(b"Content-ID: <p1>", picture[0])


def test_the_type_comes_from_the_name():
    equal(type_of("a.PNG"), "image/png")
    equal(type_of("a.b.csv"), "text/csv; charset=utf-8")
    equal(type_of("a.unknown"), "application/octet-stream")


def test_file_names_follow_rfc_2231():
    equal(parameter(b"filename", "log.csv"), [b'filename="log.csv"'])
    equal(parameter(b"filename", 'a "b"\\;.csv'), [b"filename*=utf-8''a%20%22b%22%5C%3B.csv"])
    equal(parameter(b"filename", "wärme.csv"), [b"filename*=utf-8''w%C3%A4rme.csv"])
    tokens = parameter(b"filename", "тепло-" * 20)
    equal(tokens[0].startswith(b"filename*0*=utf-8''%D1%82"), True)
    equal(max(len(token) for token in tokens) <= 75, True)


def test_control_characters_are_refused_in_every_argument():
    for argument in ("name", "type", "cid"):
        for bad in ("a/b\r\nBcc: x@y", "a/b\nc", "a/b\0", "a/b\x7f"):
            error = raises(ValueError, Attachment, b"", **{argument: bad})
            equal(str(error).startswith(argument + ": "), True)
    raises(ValueError, Attachment, b"", "x", "text")
    raises(ValueError, Attachment, b"", "x", cid="a b")


def test_what_is_not_text_or_attachment_is_refused_at_construction():
    for argument, bad in (("attachments", ["log.csv"]), ("text", b"37"), ("html", 5), ("subject", None)):
        error = raises(ValueError, message, **{argument: bad})
        equal(str(error).startswith(argument + ": "), True)


def test_binary_chunks_allocate_nothing():
    if sys.implementation.name != "micropython":
        return
    import micropython

    with open(FILE, "wb") as file:
        file.write(bytes(64 * 1024))
    try:
        buffer = bytearray(2048)
        chunks = message(text="t", attachments=[Attachment(FILE)]).encode(True, True, buffer).chunks()
        next(chunks)
        next(chunks)
        total = 0
        micropython.heap_lock()
        try:
            for _ in range(28):
                total += len(next(chunks))
        finally:
            micropython.heap_unlock()
        equal(total, 28 * 2048)
        chunks.close()
    finally:
        os.remove(FILE)


def test_the_heap_does_not_grow_with_the_attachment():
    if sys.implementation.name != "micropython":
        return
    import gc

    class Zeros:
        def __init__(self, size):
            self.left = size

        def readinto(self, room):
            count = min(len(room), self.left)
            self.left -= count
            return count

    def held(size):
        buffer = bytearray(2048)
        chunks = message(text="t", attachments=[Attachment(Zeros(size), "z")]).encode(buffer=buffer).chunks()
        most = 0
        count = 0
        for _ in chunks:
            count += 1
            if count % 50 == 0:
                gc.collect()
                most = max(most, gc.mem_alloc())
        return most

    held(200000)
    small = held(200000)
    equal(held(1000000) <= small + 200, True)


def test_only_what_may_hold_dots_asks_for_stuffing():
    from umail.smtp.data import DotStuffer

    mail = message(text=".\n" * 3, attachments=[Attachment(pattern(5000), "x"), Attachment(pattern(3000), ".y")])
    body = mail.encode()
    stuffer, stuffed, plain, skipped = DotStuffer(), b"", b"", 0
    for chunk in body.chunks():
        plain += bytes(chunk)
        skipped += not body.dots
        stuffed += stuffer.feed(chunk) if body.dots else bytes(chunk)
    equal(stuffed, plain.replace(b"\n.", b"\n.."))
    equal(skipped >= 4, True)


def test_a_mail_with_html_has_its_addresses_in_angle_brackets():
    # SpamAssassin counts TO_NO_BRKTS_HTML_IMG otherwise.
    mail = b"".join([bytes(chunk) for chunk in Message("a@b.c", "d@e.f", "s", html="<p>x</p>").encode().chunks()])
    equal(b"\r\nTo: <d@e.f>\r\n" in mail and mail[:14] == b"From: <a@b.c>\r"[:14], True)
    mail = b"".join([bytes(chunk) for chunk in Message("a@b.c", "d@e.f", "s", "t").encode().chunks()])
    equal(b"\r\nTo: d@e.f\r\n" in mail, True)


def test_a_file_name_of_65_characters_is_quoted_and_a_file_without_one_gets_one():
    name = "x" * 61 + ".csv"
    for source, wanted in (
        (Attachment(b"1", name), b' filename="%s"' % name.encode()),
        (Attachment(b"1", type="text/csv"), b' filename="attachment.csv"'),
        (Attachment(b"1"), b' filename="attachment.bin"'),
    ):
        mail = b"".join(
            [bytes(chunk) for chunk in Message("a@b.c", "d@e.f", "s", "t", attachments=[source]).encode().chunks()]
        )
        equal(wanted in mail, True, wanted)
        equal(max([len(line) for line in mail.split(b"\r\n")]) <= 78, True)


def test_an_empty_mail_shows_its_subject():
    mail = b"".join([bytes(chunk) for chunk in Message("a@b.c", "d@e.f", "Door open").encode().chunks()])
    equal(mail.endswith(b"\r\n\r\nDoor open\r\n"), True)
