"""Whatever the other side says, cut anywhere, now, early or never: the core keeps its promises (see targets.py).

The judge (judge.py) has the promises of a dialogue. Entries are built as servers talk and then spoilt, so that every
stage is reached by every kind of route.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fuzz import one
from fuzz.script import EARLY, END, NEXT, RESET, THEN, TIMEOUT, UNTRUSTED, said
from fuzz.world import PASSWORD, World

FEW = settings(max_examples=150, deadline=None)
MARK = st.sampled_from([THEN, THEN, THEN, THEN, EARLY, EARLY, END, TIMEOUT, RESET, UNTRUSTED, NEXT]).map(
    lambda octet: bytes([octet])
)
DIGIT = st.integers(48, 59).map(lambda octet: bytes([octet]))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as entered:
        yield entered


# -- replies ----------------------------------------------------------------------------------------------------------

CODES = st.sampled_from([200, 220, 221, 235, 250, 251, 334, 354, 421, 450, 452, 454, 500, 501, 503, 535, 550, 554, 555])
TEXTS = st.one_of(
    st.sampled_from(
        [b"", b"ok", b"2.1.0 ok", b"5.7.3 no", b"4.3.2 too many recipients", PASSWORD.encode(), b"VXNlcg=="]
    ),
    st.binary(max_size=20),
    st.integers(0, 1100).map(lambda size: b"x" * size),
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""])
LINE = st.builds(
    lambda code, mark, text, end: b"%d" % code + mark + text + end,
    CODES,
    st.sampled_from([b" ", b"-", b"", b"\t"]),
    TEXTS,
    ENDS,
)
SPOILT = st.one_of(st.lists(LINE, max_size=6).map(b"".join), st.binary(max_size=60))


@FEW
@given(st.binary(min_size=4, max_size=4), st.one_of(st.lists(LINE, max_size=12).map(b"".join), st.binary(max_size=300)))
def test_the_reply_parser_makes_the_same_of_any_octets_however_they_are_cut(
    world: World, cuts: bytes, octets: bytes
) -> None:
    one.run(world, "replies", cuts + octets)


# -- dialogues --------------------------------------------------------------------------------------------------------

OFFERS = st.lists(
    st.sampled_from(
        [
            b"PIPELINING",
            b"CHUNKING",
            b"BINARYMIME",
            b"8BITMIME",
            b"SMTPUTF8",
            b"DSN",
            b"SIZE 9000",
            b"SIZE x",
            b"AUTH PLAIN",
        ]
        + [b"AUTH LOGIN XOAUTH2", b"AUTH=LOGIN", b"STARTTLS", b"pipelining", b"X", b"AUTH", b""]
    ),
    unique=True,
)
EHLO = OFFERS.map(
    lambda words: b"".join([b"250-%s\r\n" % word for word in [b"x", b"STARTTLS", *words]]) + b"250 AUTH PLAIN\r\n"
)
OK = st.sampled_from([b"250 ok\r\n", b"250-ok\r\n250 2.1.5 ok\r\n"])


def reply(*codes: int) -> st.SearchStrategy[bytes]:
    return st.sampled_from(codes).map(lambda code: b"%d x\r\n" % code)


# What a server of each kind says in its turns, before it is spoilt.
OPENINGS = {
    b"plain": [reply(220), EHLO],
    b"starttls": [reply(220), EHLO, reply(220), EHLO, reply(235)],
    b"login": [reply(220), EHLO, reply(220), EHLO, reply(334), reply(334, 235), reply(235)],
    b"tls": [reply(220), EHLO, reply(235)],
}
MAIL = st.one_of(
    # In one flight by BDAT, by DATA; turn by turn; with refusals.
    st.lists(OK, min_size=3, max_size=8).map(lambda turn: [b"".join(turn)]),
    st.tuples(OK, OK, reply(354), OK).map(lambda turns: [b"".join(turns[:3]), turns[3]]),
    st.lists(reply(250, 250, 250, 250, 354, 550, 452, 555, 503, 421), min_size=2, max_size=9),
)


@st.composite
def scripts(draw: st.DrawFn) -> bytes:
    """A server's part in one or two connections, spoilt in some places."""
    out = b""
    for connection in range(draw(st.integers(1, 2))):
        turns = [draw(turn) for turn in draw(st.sampled_from(list(OPENINGS.values())))]
        turns += draw(MAIL) + draw(MAIL)
        out += bytes([NEXT]) * bool(connection)
        for turn in turns:
            how = draw(st.integers(0, 30))
            if how == 0:
                turn = draw(SPOILT)
            elif how == 1:
                turn += draw(SPOILT)
            elif how == 2:
                turn = turn[: draw(st.integers(0, len(turn)))]
            elif how == 3:
                turn = b""
            elif how == 4:
                cut = draw(st.integers(0, len(turn)))
                out += said(turn[:cut]) + draw(MARK)
                turn = turn[cut:]
            out += said(turn) + (draw(MARK) if how > 28 else bytes([THEN]))
    return out


# What the first of two servers says by chance is the secret that the second is told.
CHANCE = bytes([THEN] * 7) + b"200 hunter2/Winter-7\r\n\x1e\x1d220 x\r\n\x1e250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"


@settings(max_examples=500, deadline=None)
@given(DIGIT, DIGIT, st.binary(min_size=1, max_size=1), scripts())
@example(b"7", b"0", b"\0", CHANCE + bytes([THEN] * 3))
def test_no_server_gets_more_than_it_may_and_none_is_misunderstood(
    world: World, route: bytes, message: bytes, how: bytes, script: bytes
) -> None:
    one.run(world, "dialogue", route + message + how + script)


@FEW
@given(st.binary(max_size=300))
def test_any_octets_are_a_dialogue_that_ends(world: World, entry: bytes) -> None:
    one.run(world, "dialogue", entry)


# -- DNS, tokens, messages --------------------------------------------------------------------------------------------

NAME = st.lists(
    st.sampled_from([b"\1x", b"\3org", b"\2mx", b"\xc0\x0c", b"\xc0\x20", b"\0", b"\x3f", b"\1."]), max_size=4
)
RECORD = st.builds(
    lambda owner, kind, data, size: (
        owner + bytes([0, kind, 0, 1, 0, 0, 0, 0]) + (len(data) + size).to_bytes(2, "big") + data
    ),
    st.one_of(st.just(b"\xc0\x0c"), NAME.map(b"".join)),
    st.sampled_from([1, 5, 15, 28, 16]),
    st.one_of(st.binary(max_size=18), NAME.map(b"".join), NAME.map(lambda name: b"\0\1" + b"".join(name))),
    st.sampled_from([0, 0, 0, 0, 1]),
)
ANSWER = st.builds(
    lambda flags, records: bytes([flags]) + len(records).to_bytes(2, "big") + bytes(4) + b"".join(records),
    st.sampled_from([0x80, 0x80, 0x80, 0x83, 0x82]),
    st.lists(RECORD, max_size=4),
)


@FEW
@given(st.sampled_from([b"0", b"1"]), st.lists(st.one_of(ANSWER, st.binary(max_size=40)), max_size=6))
def test_any_dns_answers_give_hosts_or_an_error(world: World, what: bytes, answers: list[bytes]) -> None:
    one.run(world, "names", what + bytes([THEN]).join([said(answer) for answer in answers]))


VALUE = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.integers(),
    st.floats(),
    st.sampled_from(["\ud800", [], {}, 1e300, float("inf"), "60"]),
)
ANSWERS = st.dictionaries(
    st.sampled_from(["access_token", "refresh_token", "expires_in", "interval", "error", "device_code", "user_code"]),
    VALUE,
)


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    import json

    body = json.dumps({"access_token": "x", "device_code": "y", **draw(ANSWERS)}).encode()
    status = draw(st.sampled_from([200, 200, 200, 400, 401, 302, 9]))
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    head = b"HTTP/1.1 %d x\r\n" % status
    if framing == "length":
        head += b"Content-Length: %d\r\n" % (len(body) + draw(st.sampled_from([0, 0, 0, 1, -1])))
    elif framing == "chunked":
        head += b"Transfer-Encoding: chunked\r\n"
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    whole = head + b"\r\n" + body
    at = draw(st.integers(0, len(whole)))
    return said(whole[:at]) + draw(MARK) + said(whole[at:])


@FEW
@given(st.binary(min_size=1, max_size=1), st.lists(st.one_of(responses(), st.binary(max_size=40)), max_size=4))
def test_any_token_endpoint_gives_a_token_or_an_error(world: World, what: bytes, answers: list[bytes]) -> None:
    one.run(world, "tokens", what + bytes([NEXT]).join(answers))


PARTS = st.one_of(
    st.sampled_from(
        [b"a@x.org", b"Name <a@x.org>", b"X-A", b"<1@x.org>", b"text/plain", b"", b"\r\n", b"..", b"=?utf-8?"]
    ),
    st.binary(max_size=40),
)


@FEW
@given(st.binary(min_size=1, max_size=1), st.lists(PARTS, max_size=10))
def test_any_arguments_are_refused_or_come_back(world: World, how: bytes, parts: list[bytes]) -> None:
    one.run(world, "messages", how + bytes([THEN]).join([said(part) for part in parts]))
