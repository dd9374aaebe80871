"""Whatever a server refuses, at whichever command, a mail ends: by three connections at most, within its deadline."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command_server import CommandServer
from umail.delivery import Delivery
from umail.errors import MailError
from umail.message import Message
from umail.route import Route

OFFERS = ["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 0"]
REFUSALS = [b"501 5.5.4 no\r\n", b"555 5.5.4 no\r\n", b"500 what?\r\n", b"503 no\r\n", b"451 4.3.0 later\r\n"]
REFUSALS += [
    b"550 5.7.1 no\r\n",
    b"421 4.3.2 bye\r\n",
    b"354 go\r\n",
    b"250 ok\r\n",
    b"rubbish\r\n",
    b"535 5.7.8 no\r\n",
]
USUAL = [None] * 12
REPLY = st.sampled_from([*USUAL, *REFUSALS])


@given(
    offers=st.sets(st.sampled_from(OFFERS)),
    replies=st.lists(REPLY, max_size=60),
    always=st.dictionaries(
        st.sampled_from(["MAIL", "RCPT", "DATA", "BDAT", "TEXT", "EHLO", "RSET"]), st.sampled_from(REFUSALS), max_size=3
    ),
    sender=st.sampled_from(["a@x.org", "ä@x.org"]),
    size=st.sampled_from([10, 9000]),
    routes=st.integers(1, 4),
    final=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_mail_ends_whatever_is_refused(offers, replies, always, sender, size, routes, final) -> None:
    left = list(replies)

    def answer(verb: str, line: str) -> bytes | None:
        return always.get(verb) or (left.pop(0) if left else None)

    server = CommandServer(sorted(offers), answer)
    message = Message(sender, ["b@y.org", "c@y.org"], "s", "é" * size, notify="never")
    delivery = Delivery([Route(f"h{number}", 25, "plain") for number in range(routes)], 30, 120)
    with contextlib.suppress(MailError):
        receipt = server.run(delivery.send(message, final))
        assert set(receipt.accepted) <= {"b@y.org", "c@y.org"}
    assert server.connections <= 3
    assert len(server.lines) < 150
    # The deadline is set once; the final reply's limit is never kept.
    assert [seconds for seconds, keep in server.limits if keep and seconds is not None] == [120]


@pytest.mark.parametrize("refusal", [b"501 no\r\n", b"555 5.5.4 no\r\n"])
@pytest.mark.parametrize("offers", [["PIPELINING", "SMTPUTF8"], ["PIPELINING", "SMTPUTF8", "8BITMIME", "CHUNKING"]])
def test_a_script_that_a_server_takes_and_then_refuses_is_not_a_loop(refusal: bytes, offers: list[str]) -> None:
    server = CommandServer(offers, lambda verb, line: refusal if verb == "MAIL" else None)
    with pytest.raises(MailError) as caught:
        server.run(Delivery(Route("h", 25, "plain"), 30, 120).send(Message("ä@x.org", "b@y.org", "s", "t")))
    assert (caught.value.stage, caught.value.code) == ("mail", int(refusal[:3]))
    assert server.connections <= 3
