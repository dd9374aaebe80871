"""A corpus of messages, each read back by two parsers that share no code: CPython's and Rust's mailparse."""

from __future__ import annotations

from io import BytesIO

import pytest

from message_corpus import CORPUS, given, judge
from umail.message import Message
from umail.smtp.data import DotStuffer


def sent(message: Message, eightbit: bool, binary: bool) -> bytes:
    """What a server gets: by DATA with its dots taken away again, by BDAT where it is binary."""
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


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("offered", [(False, False), (True, False), (True, True)], ids=["7bit", "8bit", "binary"])
def test_both_parsers_find_what_was_put_in(name: str, offered: tuple[bool, bool]) -> None:
    message = Message(("Kühl, Raum", "esp32@contoso.com"), bcc="boss@contoso.com", **given(name))
    data = sent(message, *offered)
    assert b"boss" not in data
    judge(name, data)
