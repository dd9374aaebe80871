"""Whatever a DNS server, or someone in its place, sends: an answer or the one defined error, and never a hang."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umail import dns
from umail.errors import MailError

QUESTION = dns.query("contoso.com", dns.MX, b"\x12\x34")
HEAD = QUESTION[:2] + b"\x81\x80\0\1"
MANY = settings(max_examples=300, deadline=None)
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [b"\xc0\x0c", b"\xc0\x1d", b"\0\x0f\0\1\0\0\0\0\0\x04\0\x0a", b"\0\1\0\1\0\0\0\0\0\4", b"\3mx1", b"\0"]
        ),
    ),
    max_size=30,
).map(b"".join)


def read(data: bytes) -> None:
    try:
        rcode, truncated, records = dns.parse(data, QUESTION)
    except dns.Malformed:
        return
    assert 0 <= rcode < 16
    assert isinstance(truncated, bool)
    for _, kind, value in records:
        if kind == dns.MX:
            assert 0 <= value[0] < 65536
            assert value[1].isascii()
            assert value[1].decode().isprintable()


@MANY
@given(st.binary(max_size=600))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    read(data)


@MANY
@given(st.integers(0, 65535), PIECES)
def test_anything_after_the_right_question_is_read_or_refused(count: int, records: bytes) -> None:
    read(HEAD + count.to_bytes(2, "big") + b"\0\0\0\0" + QUESTION[12:] + records)


def drive(answers: list[bytes | None], rcode: int) -> list[str]:
    """Look an MX up, each query answered with the next of these records; gives up after 5,000 steps."""
    steps = dns.mail_hosts("contoso.com", ["192.0.2.1", "192.0.2.2"])
    packet = b""
    what: bytes | None = None
    given_ = iter(answers)
    for _ in range(5000):
        try:
            asked = steps.send(what)
        except StopIteration as stop:
            return list(stop.value)
        what = None
        if asked[0] != "udp":
            raise AssertionError(f"{asked!r} for an answer that was not cut off")
        packet = asked[2] or packet
        records = next(given_, None)
        if records is not None:
            what = packet[:2] + bytes([0x81, 0x80 | rcode]) + b"\0\1\0\1\0\0\0\0" + packet[12:] + records
    raise AssertionError("it went on and on")


@MANY
@given(st.lists(st.one_of(st.none(), PIECES), max_size=20), st.integers(0, 6))
def test_a_look_up_ends_whatever_comes(answers: list[bytes | None], rcode: int) -> None:
    try:
        assert drive(answers, rcode)
    except MailError:
        pass


def test_a_silent_server_is_given_up() -> None:
    with pytest.raises(MailError, match="no DNS server answered"):
        drive([], 0)
