"""Masking: no secret passes, in whatever form and however the bytes are cut; everything else passes unchanged."""

from __future__ import annotations

import base64
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from umail_host.fake_smtp.record.masking import MASK, Masker, Stream
from umail_host.fake_smtp.record.transcript import Entry

SECRETS = st.text("abcdefghijkMNOPQ0123+/!ü", min_size=6, max_size=40)
ESCAPED = [
    b"\\",
    b"\\udcff",
    b"\\xff",
    b"\xff",
    b"'",
    b'"',
    b"\xc3\xa9",
    b"\xed\xb2\x80",
    b"\xe2\x80\x8b",
    b"\0",
    b"\r\n",
    b"udc80",
]
FILL = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b""))


def shown(masker: Masker, data: bytes, cuts: list[int], limit: int = 4096) -> bytes:
    stream = Stream(masker, limit)
    out, at = b"", 0
    for cut in sorted(min(cut, len(data)) for cut in cuts):
        out += stream.feed(data[at:cut])
        at = cut
    return out + stream.feed(data[at:]) + stream.flush()


@given(SECRETS, FILL, FILL, st.lists(st.integers(0, 200), max_size=6))
def test_a_secret_never_passes_however_it_is_cut(secret, before, after, cuts):
    data = before + secret.encode() + after
    result = shown(Masker([secret]), data, cuts, limit=32)
    assert secret.encode() not in result
    assert MASK in result


@given(SECRETS, st.binary(max_size=9), st.lists(st.integers(0, 200), max_size=6))
def test_base64_of_a_secret_never_passes_at_any_alignment(secret, before, cuts):
    data = base64.b64encode(before + secret.encode() + b"\1\1")
    assert MASK in shown(Masker([secret]), data, cuts, limit=32)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_what_holds_no_secret_passes_unchanged(data, cuts):
    data += b"\n"
    assert shown(Masker(["a secret that is not there"]), data, cuts, limit=64) == data


@given(SECRETS, st.integers(2, 60), st.lists(st.integers(0, 200), max_size=6))
def test_the_beginning_of_a_secret_does_not_pass_at_the_end(secret, size, cuts):
    for text in (secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")):
        begun = text[: min(size, len(text) - 2)]
        assert shown(Masker([secret]), b"QUIT " + begun, cuts) == b"QUIT " + MASK


def test_short_secrets_are_masked_where_they_are_sent_and_nowhere_else():
    masker = Masker(["ab"])
    stream = Stream(masker)
    assert stream.feed(b"YWI=\r\n", (b"YWI=",)) == MASK + b"\r\n"
    assert stream.feed(b"a cab\r\n") == b"a cab\r\n"


def test_the_password_and_the_token_inside_a_response_are_learnt():
    masker = Masker()
    masker.learn_response(base64.b64encode(b"\0user\0passw0rd"))
    masker.learn_response(base64.b64encode(b"user=u\1auth=Bearer t0kent0ken\1\1"))
    assert masker.mask(b"passw0rd t0kent0ken user") == MASK + b" " + MASK + b" user"


@given(st.binary(max_size=300))
def test_json_tells_every_octet(data):
    row = json.loads(Entry(1.5, 1, "C", data, False).as_json())
    octets = row["text"].encode()
    if row.get("escaped"):
        octets = re.sub(rb"\\\\|\\x(..)", lambda m: bytes.fromhex(m[1].decode()) if m[1] else b"\\", octets)
    assert octets == data


@given(st.binary(max_size=300) | st.lists(st.sampled_from(ESCAPED)).map(b"".join))
def test_a_line_shows_what_is_printable_as_it_is_and_all_else_escaped(data):
    decoded = data.decode("utf-8", "backslashreplace").removesuffix("\r\n")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in decoded)
    assert Entry(1.5, 1, "C", data, False).text == shown
