"""Whatever is put into a message comes out of CPython's own parser again, and nothing else does."""

from __future__ import annotations

import email
import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import formatdate, getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umail.attachment import Attachment
from umail.message import Message
from umail.mime.date import text as date
from umail.smtp.data import DotStuffer

CONTROLS = "".join(chr(c) for c in [*range(32), *range(127, 160)])
ONE_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS), max_size=200)
ANY_TEXT = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\r\n.=\0 \t-")), max_size=2000)
ATOM = st.text(st.sampled_from("abcXYZ019!#$%&'*+-/=?^_`{|}~"), min_size=1, max_size=64)
ADDRESS = st.builds(
    lambda local, domain: f"{local}@{domain}.example", ATOM, st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True)
)
PERSON = st.tuples(ONE_LINE.map(str.strip), ADDRESS)
EIGHTBIT = st.booleans()
# The whole file in a few seconds.
FEW = settings(max_examples=40, deadline=None)


def octets(message: Message, eightbit: bool = False, binary: bool = False) -> bytes:
    body = message.encode(eightbit, binary)
    data = b"".join(bytes(chunk) for chunk in body.chunks())
    assert body.size in (None, len(data))
    if body.body != "binary":
        check_lines(data)
        assert body.body == "8bit" or data.isascii()
    return data


def check_lines(data: bytes) -> None:
    """RFC 5321: CRLF only, 998 octets a line; RFC 5322: 78 in the headers."""
    assert data.endswith(b"\r\n")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    head = data.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert b"\0" not in data


def parsed(data: bytes) -> EmailMessage:
    found = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def content(part: EmailMessage) -> bytes:
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


def squeezed(person: tuple[str, str]) -> tuple[str, str]:
    """As the parser gives names: runs of spaces as one."""
    return " ".join(person[0].split()), person[1]


def canonical(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()


@FEW
@given(ONE_LINE, ANY_TEXT, EIGHTBIT)
def test_subject_and_text_come_back(subject: str, text: str, eightbit: bool) -> None:
    mail = parsed(octets(Message("a@b.example", "c@d.example", subject, text), eightbit))
    assert mail["Subject"] == subject
    # An empty mail shows its subject.
    text = text or subject
    assert content(mail) in (canonical(text), canonical(text) + b"\r\n")
    assert not mail.defects


@FEW
@given(ONE_LINE)
def test_headers_hold_their_lines_at_78(subject: str) -> None:
    head = octets(Message((subject.strip(), "a@b.example"), "c@d.example", subject)).partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


@FEW
@given(PERSON, st.lists(PERSON, min_size=1, max_size=20), st.lists(PERSON, max_size=3), st.lists(PERSON, max_size=3))
def test_people_come_back_and_bcc_stays_away(
    sender: tuple[str, str], to: list[tuple[str, str]], cc: list[tuple[str, str]], bcc: list[tuple[str, str]]
) -> None:
    message = Message(sender, to, "s", "t", cc=cc, bcc=bcc)
    mail = email.message_from_bytes(octets(message), policy=email.policy.compat32)

    def people(name: str) -> list[tuple[str, str]]:
        # Not the newer parser: in names it puts a space between encoded words, against RFC 2047, section 6.2.
        pairs = getaddresses([header.replace("\r\n", "") for header in mail.get_all(name, [])])
        return [squeezed((str(make_header(decode_header(name))), address)) for name, address in pairs]

    assert people("From") == [squeezed(sender)]
    assert people("To") == [squeezed(person) for person in to]
    assert people("Cc") == [squeezed(person) for person in cc]
    assert mail["Bcc"] is None
    assert set(message.recipients) == {address for _, address in to + cc + bcc}


@FEW
@given(st.binary(max_size=5000), ONE_LINE.map(str.strip), EIGHTBIT, st.booleans())
def test_attachments_and_their_names_come_back(data: bytes, name: str, eightbit: bool, binary: bool) -> None:
    message = Message("a@b.example", "c@d.example", "s", "text", attachments=[Attachment(data, name, "image/png")])
    mail = parsed(octets(message, eightbit, binary))
    text, file = mail.iter_parts()
    assert content(text) == b"text"
    assert file.get_filename("") == (name or "attachment.png")
    assert content(file) == data


@FEW
@given(ANY_TEXT, ANY_TEXT, st.binary(max_size=300), EIGHTBIT)
def test_every_part_of_a_nested_message_comes_back(text: str, html: str, picture: bytes, eightbit: bool) -> None:
    files = [Attachment(picture, "p.png", cid="p"), Attachment(picture, "q.bin")]
    mail = parsed(octets(Message("a@b.example", "c@d.example", "s", text, html, attachments=files), eightbit))
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/octet-stream",
    ]
    leaves = [content(part) for part in mail.walk() if not part.is_multipart()]
    assert leaves == [canonical(text), canonical(html), picture, picture]


@FEW
@given(ANY_TEXT, st.sampled_from(CONTROLS))
def test_no_argument_lets_a_control_character_through(text: str, control: str) -> None:
    for bad in (f"{control}{text}", f"{text}{control}", f"a{control}b@c.example"):
        for arguments in (
            (bad, "c@d.example", "s"),
            ("a@b.example", bad, "s"),
            ("a@b.example", "c@d.example", bad),
            ((bad, "a@b.example"), "c@d.example", "s"),
        ):
            with pytest.raises(ValueError) as refusal:
                Message(*arguments)
            assert str(refusal.value).isprintable()


@FEW
@given(st.lists(st.sampled_from([b".", b"\r\n", b"a", b"..", b"QUIT"]), max_size=40), st.lists(st.integers(1, 5)))
def test_stuffing_and_taking_the_dots_away_gives_the_same(pieces: list[bytes], steps: list[int]) -> None:
    data = b"".join(pieces)
    stuffer = DotStuffer()
    out = b""
    left = data
    for step in [*steps, len(data)]:
        out += stuffer.feed(memoryview(left[:step]))
        left = left[step:]
    out += stuffer.feed(left) + stuffer.end()
    # What a server does (RFC 5321, section 4.5.2): it reads lines, and the first lone dot ends the mail.
    lines = out.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end:] == [b".", b""]
    received = b"".join((line.removeprefix(b".")) + b"\r\n" for line in lines[:end])
    assert received in (data, data + b"\r\n")


@FEW
@given(st.integers(0, 2**32 - 1))
def test_dates_are_those_of_the_standard_library(seconds: int) -> None:
    assert date(seconds).replace("+0000", "") == formatdate(seconds).replace("-0000", "")
