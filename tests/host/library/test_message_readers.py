"""The corpus of messages as six readers of other code see it, as a spam filter judges it, and signed."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mail_readers import READERS, Found, perl
from message_corpus import CORPUS, given, lines, sent, wanted
from real_servers.base import Missing, unpacked
from umail.message import Message

OFFERS = {"7bit": (False, False), "8bit": (True, False), "binary": (True, True)}
# These three take a lone CR or LF in BINARYMIME for an end of line; no server that these tests know passes it on.
NOT_BINARY = {"postal-mime", "Email::MIME", "MIME::tools"}


def encoded(name: str, offer: str) -> bytes:
    """One message of the corpus as a server that offers that much gets it, with a trace of the server."""
    message = Message(("Kühl, Raum", "esp32@contoso.com"), bcc="boss@contoso.com", **given(name))
    return b"Received: from board by mx.contoso.com; Sat, 28 Nov 2026 03:00:00 +0000\r\n" + sent(message, *OFFERS[offer])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Path]]:
    """Gives the path of each message, by its name, encoded for that offer."""

    @functools.cache
    def give(offer: str) -> dict[str, Path]:
        folder = tmp_path_factory.mktemp(offer)
        paths = {name: folder / f"{number:03}.eml" for number, name in enumerate(CORPUS)}
        for name, path in paths.items():
            path.write_bytes(encoded(name, offer))
        return paths

    return give


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("reader", READERS)
def test_each_reader_finds_what_was_put_in(
    reader: str, offer: str, corpus: Callable[[str], dict[str, Path]], tmp_path: Path
) -> None:
    paths = corpus(offer)
    try:
        all_found = READERS[reader](reader, list(paths.values()), tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))
    wrong = [
        (name, found, wanted(name))
        for name, found in zip(paths, all_found, strict=True)
        if not same(reader, offer, found, *wanted(name))
    ]
    assert not [(name, found.subject, put[0], found.texts, put[1]) for name, found, put in wrong]


def same(
    reader: str, offer: str, found: Found, subject: str, texts: list[bytes], files: list[tuple[str, bytes]]
) -> bool:
    """Whether that was found which was put in."""
    return (
        found.subject == subject
        and [lines(text) for text in found.texts] == texts
        and found.files == files
    )
