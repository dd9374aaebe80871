"""A corpus of messages, and what two parsers that share no code, CPython's and Rust's mailparse, must find in each."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import fast_mail_parser

from umail.attachment import Attachment
from umail.message import Message
from umail.smtp.data import DotStuffer

DOTS = ".\r\n..\r\n.QUIT\n.\r\nMAIL FROM:<evil@x.example>\r\n\r\n.\r\n"
LINE_ENDS = "a\rb\nc\r\nd\n\re\r\r\nf\n\n\r"
LINES = "\n".join("x" * size for size in range(996, 1002))
LINES_8BIT = "\n".join("é" + "x" * size for size in range(994, 1000))
PEOPLE = [(f"Person, Number {i} ü", f"person{i}@contoso.com") for i in range(100)]
BIG = bytes(range(256)) * 4096 * 5

CORPUS: dict[str, dict[str, Any]] = {
    "short": {"text": "37.5 C"},
    "empty": {},
    "no subject": {"subject": "", "text": "t"},
    "emoji": {"subject": "🔥 " * 60, "text": "🔥" * 500},
    "right to left": {"subject": "درجة الحرارة مرتفعة في الثلاجة ٣", "text": "الثلاجة ٣: ٨٫٥ درجة"},
    "looks encoded": {"subject": "=?utf-8?B?YQ==?= and =?x", "text": "=?utf-8?B?YQ==?= =3D=\n"},
    "long word": {"subject": "x" * 500, "text": "x" * 5000},
    "long words": {"subject": "word " * 99 + "end", "text": "t"},
    "spaces": {"subject": "two  spaces and ten          here", "text": " a \n\tb\t\n  "},
    "dots": {"text": DOTS},
    "line ends": {"text": LINE_ENDS},
    "lines of 996 to 1001": {"text": LINES},
    "the same with 8bit": {"text": LINES_8BIT},
    "NUL and controls": {"text": "a\0b\x01\x1b[31m\x7f\x85"},
    "100 people": {"to": PEOPLE[:50], "cc": PEOPLE[50:], "text": "t"},
    "odd names": {"to": [('"Q" \\ (c), <x> @; :', "a@b.example"), ("=?x?=", "b@b.example"), ("-._", "c@b.example")]},
    "long name with commas": {
        "to": [("Smith, J., " + "of the Cold Store, " * 6 + "Hall 3", "a@b.example")],
        "text": "t",
    },
    "html": {"html": "<p>wärm & <b>bold</b></p>\n" * 50},
    "both": {"text": "plain ü", "html": "<p>rich ü</p>"},
    "inline": {"html": '<img src="cid:p">', "text": "t", "attachments": [Attachment(b"\x89PNG", "p.png", cid="p")]},
    "no octets": {"text": "t", "attachments": [Attachment(b"", "empty.bin")]},
    "5 MB": {"text": "t", "attachments": [Attachment(BIG, "big.bin")]},
    "every octet, three times": {
        "text": DOTS,
        "attachments": [Attachment(bytes(range(256)) * n, f"{n}.bin") for n in (1, 7, 8)],
    },
    "traps in a file": {"text": "t", "attachments": [Attachment(DOTS.encode() + b"\r.\n.\r", "trap.txt")]},
    "a long name": {"text": "t", "attachments": [Attachment(b"1", "Temperatur-Verläufe " * 8 + "№ 3.csv")]},
    "a quoted name": {"text": "t", "attachments": [Attachment(b"1", 'a "b" \\ c;d=e%20.csv')]},
    "headers": {"text": "t", "headers": [("X-Board", "freezer 3"), ("X-Where", "Kühlraum"), ("X-Url", "h" * 700)]},
}


def sent(message: Message, eightbit: bool, binary: bool) -> bytes:
    """What a server gets: by DATA with its dots taken away again, by BDAT if it is binary."""
    body = message.encode(eightbit, binary)
    chunks = [(bytes(chunk), body.dots) for chunk in body.chunks()]
    data = b"".join(chunk for chunk, _ in chunks)
    assert body.size == len(data)
    if body.body == "binary":
        return data
    assert max(map(len, data.split(b"\r\n"))) <= 998
    stuffer = DotStuffer()
    wire = b"".join(stuffer.feed(chunk) if dots else chunk for chunk, dots in chunks) + stuffer.end()
    received = BytesIO()
    for line in wire.split(b"\r\n"):
        if line == b".":
            break
        received.write(line.removeprefix(b".") + b"\r\n")
    assert received.getvalue() == data
    return data


def text_of(value: str) -> bytes:
    return value.replace("\r\n", "\n").replace("\r", "\n").encode()


def lines(value: bytes | str) -> bytes:
    """A text without regard to how its lines end, and whether the last one does."""
    octets = value.encode() if isinstance(value, str) else value
    return octets.replace(b"\r\n", b"\n").rstrip(b"\n")


def given(name: str) -> dict[str, Any]:
    """The arguments of ``Message`` for one message of the corpus."""
    return {"to": "ops@contoso.com", "subject": name, **CORPUS[name]}


def wanted(name: str) -> tuple[str, list[bytes], list[tuple[str, bytes]]]:
    """The subject, the texts and the files that a reader must find in one message of the corpus."""
    put = given(name)
    texts = [lines(text_of(put[key])) for key in ("text", "html") if key in put] or [lines(text_of(put["subject"]))]
    return put["subject"], texts, [(file.name, file.source) for file in put.get("attachments", ())]


def judge(name: str, data: bytes) -> None:
    """Both parsers must find in ``data`` what was put in."""
    put = given(name)
    first = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(first, EmailMessage)
    assert first["Subject"] == put["subject"]
    leaves = [part for part in first.walk() if not part.is_multipart()]
    texts = [lines(part.get_payload(decode=True)) for part in leaves if not part.get_filename()]
    files = [(part.get_filename(), part.get_payload(decode=True)) for part in leaves if part.get_filename()]
    _, wanted_texts, wanted_files = wanted(name)
    assert texts == wanted_texts
    assert files == wanted_files
    assert [(part.defects, part.get_content_charset()) for part in leaves if not part.get_filename()] == [
        ([], "utf-8") for _ in texts
    ]

    second = fast_mail_parser.parse_email(data)
    assert second.subject == put["subject"]
    assert not second.warnings
    assert [lines(text) for text in second.text_plain + second.text_html] == wanted_texts
    assert [(file.filename, bytes(file.content)) for file in second.attachments] == wanted_files
    for header, value in put.get("headers", ()):
        assert first[header] == value
        assert second.headers[header] == [value]
    if isinstance(put["to"], list):
        found = [(person.display_name, person.address) for person in second.to + second.cc]
        assert found == put["to"] + put.get("cc", [])
