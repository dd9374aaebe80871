"""A mail is read whatever it holds: no damaged or hostile one makes the server, its console or its page fail."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from umail_host.fake_smtp import Delivery
from umail_host.fake_smtp.core.events import Envelope
from umail_host.fake_smtp.record import reading
from umail_host.fake_smtp.record.show import Show
from umail_host.web import html, mail, reputation
from umail_host.web.summary import facts, read

CHARSETS = st.sampled_from(
    ["utf-8", "unicode_escape", "raw_unicode_escape", "utf-7", "utf-16", "idna", "punycode", "hex", "zlib", '"', ""]
    + ["utf-8\0", "x" * 300, "undefined", "=?utf-8?q?x?="]
)
PAYLOADS = st.sampled_from(["A", "AAAA", "=ZZ", "\\ud800", "+2AA-", "=FF=FE", "", "x y", "//8=", "=?utf-8?q?a?="])
WORDS = st.builds("=?{}?{}?{}?=".format, CHARSETS, st.sampled_from("bqBx"), PAYLOADS)
PIECES = st.sampled_from(["<a@b>", "\udcff", "(", ";", '"', ",", "\r\n ", "=", "x*0*=utf-8''%ff", "\0", "@", "[", "<"])
VALUES = st.lists(WORDS | PIECES, max_size=5).map("".join)
NAMES = st.sampled_from(["Subject", "From", "To", "Message-ID", "References", "Date", "Content-ID", "X", ":"])
TYPES = st.sampled_from(
    ["text/plain; charset={}", "text/html; charset={}", "multipart/mixed; boundary={}", "multipart/mixed; boundary=b"]
    + ["message/rfc822; {}", "message/delivery-status; {}", "message/external-body", "image/png; name={}"]
    + ["text/plain; charset*={}''x", "text/plain; name*0={}; name*1*=%ff"]
)
SPECIAL = st.one_of(
    st.builds(lambda form, word: f"Content-Type: {form.format(word)}", TYPES, CHARSETS | VALUES),
    st.builds(
        "Content-Transfer-Encoding: {}".format, st.sampled_from(["base64", "quoted-printable", "x-uuencode", "x"])
    ),
    st.builds("Content-Disposition: attachment; filename{}{}".format, st.sampled_from(["=", "*=", "*0*="]), VALUES),
)
HEADERS = st.lists(st.builds("{}: {}".format, NAMES, VALUES) | SPECIAL, max_size=7).map("\r\n".join)
ENDS = st.sampled_from(["x", "begin 644 x\nM\n", "=ZZ=\r\n", "\udcff\\ud800", "<p>a<img src=cid:x>", "AAA", "--b--"])
PART = st.builds("{}\r\n\r\n{}".format, HEADERS, ENDS)
MAILS = st.builds(lambda head, parts: "\r\n--b\r\n".join([head, *parts]), PART, st.lists(PART, max_size=3)).map(
    lambda text: text.encode("utf-8", "surrogateescape")
)


class Nothing:
    """A DNS that has no records."""

    def ask(self, name: str, kind: str) -> list[str]:
        return []

    def exists(self, name: str) -> bool:
        return True


def all_that_reads(content: bytes) -> None:
    row = {"time": 1.7e9, "user": "a@b.example", "sender": "a@b.example"}
    for found in (facts(read(content)[0]), mail.view(content, row)):
        json.dumps(found, ensure_ascii=False).encode()
    (html.page(content) or "").encode()
    for index in range(4):
        mail.attachment(content, index)
    reputation.domain_warnings(content, "a@b.example", "127.0.0.1", Nothing())  # type: ignore[arg-type]
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    Show(console).delivery(Delivery(1.7e9, 1, Envelope("a@b.example", content=content), Path("x")))


@settings(max_examples=150, deadline=None)
@given(content=MAILS)
def test_no_mail_makes_reading_fail(content):
    all_that_reads(content)


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: =?utf-8?b?A?=\r\n\r\nx",
        b"Subject: =?unicode_escape?q?\\ud800?=\r\n\r\nx",
        b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800",
        b"Content-Type: text/plain; charset*=idna''x\r\n\r\n\xff",
        b'Content-Type: text/plain; charset="utf-8\0"\r\n\r\n\xff',
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: \xff\r\n\r\n\xff\r\n--b--",
    ],
)
def test_what_once_made_it_fail_is_read(content):
    all_that_reads(content)


def test_raw_bytes_of_a_header_are_read_as_utf_8():
    assert facts(read("Subject: grün\r\n\r\nx".encode())[0])["subject"] == "grün"


@pytest.mark.parametrize("charset", ["punycode", "PunyCode", "idna"])
def test_a_codec_that_takes_the_square_of_the_time_is_not_used(charset):
    text = b"a-" + b"b" * 400_000
    content = f"Subject: =?{charset}?q?{'b' * 60_000}?=\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    began = time.monotonic()
    found = facts(read(content + text)[0])
    assert time.monotonic() - began < 5
    assert str(found["text"]).startswith("a-bbb")
    assert len(reading.decoded("=?utf-8?q?" + "a" * 10_000_000)) <= 20_000
