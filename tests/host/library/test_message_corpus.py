"""A corpus of messages, each read back by two parsers that share no code: CPython's and Rust's mailparse."""

from __future__ import annotations

import pytest

from message_corpus import CORPUS, given, judge, sent
from umail.message import Message


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("offered", [(False, False), (True, False), (True, True)], ids=["7bit", "8bit", "binary"])
def test_both_parsers_find_what_was_put_in(name: str, offered: tuple[bool, bool]) -> None:
    message = Message(("Kühl, Raum", "esp32@contoso.com"), bcc="boss@contoso.com", **given(name))
    data = sent(message, *offered)
    assert b"boss" not in data
    judge(name, data)
