"""The corpus of messages as six readers of other code see it, as a spam filter judges it, and signed."""

from __future__ import annotations

import base64
import functools
import re
import subprocess
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from real_servers.base import Missing, unpacked

from alert_thread import alert_thread
from mail_readers import READERS, perl, threads
from message_corpus import CORPUS, given, lines, sent, wanted
from umail.message import Message

OFFERS = {"7bit": (False, False), "8bit": (True, False), "binary": (True, True)}
# postal-mime takes CRLF in BINARYMIME for LF, and adds one at the end.
PAIRS = {
    "mailparser": ("7bit", "8bit", "binary"),
    "postal-mime": ("7bit", "8bit"),
    "Email::MIME": ("8bit",),
    "MIME::tools": ("7bit", "binary"),
    "notmuch": ("7bit", "8bit", "binary"),
    "s-nail": ("7bit", "8bit"),
}
assert set(PAIRS) == set(READERS)
# Perl takes a quarter of a minute for it.
SLOW = {"Email::MIME", "MIME::tools"}


def encoded(name: str, offer: str) -> bytes:
    """One message of the corpus as a server that offers that much gets it, with a trace of the server."""
    message = Message(("Kühl, Raum", "esp32@contoso.com"), bcc="boss@contoso.com", **given(name))
    # As Postfix writes it.
    trace = "Received: from freezer-3 (unknown [203.0.113.7])\r\n"
    trace += "\tby mx.contoso.com (Postfix) with ESMTPSA id 4GxQ5Y2Lz9;\r\n"
    return f"{trace}\t{formatdate()}\r\n".encode() + sent(message, *OFFERS[offer])


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


@pytest.mark.parametrize(("reader", "offer"), [(reader, offer) for reader, offers in PAIRS.items() for offer in offers])
def test_each_reader_finds_what_was_put_in(
    reader: str, offer: str, corpus: Callable[[str], dict[str, Path]], tmp_path: Path
) -> None:
    paths = {name: path for name, path in corpus(offer).items() if name != "5 MB" or reader not in SLOW}
    try:
        all_found = READERS[reader](reader, list(paths.values()), tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))
    for name, found in zip(paths, all_found, strict=True):
        subject, texts, files = wanted(name)
        assert found.subject == subject, name
        if reader == "s-nail":
            # It shows texts and HTML as one, and saves files under their names.
            files.sort()
        else:
            assert [lines(text) for text in found.texts] == texts, name
        assert found.files == files, name


def test_an_alert_its_repetitions_and_its_recovery_are_one_thread(tmp_path: Path) -> None:
    paths = alert_thread(tmp_path)
    heads = [path.read_bytes().partition(b"\r\n\r\n")[0] for path in paths]
    assert len(heads) > 4
    for head in heads:
        refers = b"Subject: too warm, 0 min\r\n" not in head and b"another board" not in head
        assert [head.count(b"\r\n%s: <" % name) for name in (b"In-Reply-To", b"References")] == [refers, refers]
    try:
        assert threads(paths, tmp_path) == 2
    except Missing as missing:
        pytest.skip(str(missing))


@functools.cache
def key() -> tuple[bytes, bytes]:
    """A key to sign with, PEM, and what DNS says of it."""
    made = rsa.generate_private_key(65537, 2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    der = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


@pytest.mark.parametrize("canonical", [(b"relaxed", b"relaxed"), (b"simple", b"simple")], ids=["relaxed", "simple"])
@pytest.mark.parametrize("offer", ["7bit", "8bit"])
@pytest.mark.parametrize("name", [name for name in CORPUS if name != "5 MB"])
def test_a_signature_holds_after_a_trip_through_lf(name: str, offer: str, canonical: tuple[bytes, bytes]) -> None:
    mail, (pem, record) = encoded(name, offer), key()
    signature = dkim.sign(mail, b"umail", b"contoso.com", pem, canonicalize=canonical)
    assert dkim.verify(signature + mail, dnsfunc=lambda *_, **__: record)
    stored = (signature + mail).replace(b"\r\n", b"\n")
    assert dkim.verify(stored.replace(b"\n", b"\r\n"), dnsfunc=lambda *_, **__: record)
    assert not dkim.verify(signature + mail.replace(b"Subject:", b"Subject: x", 1), dnsfunc=lambda *_, **__: record)


# What SpamAssassin 4.0.1 may add: nothing to an alert; a picture with hardly a word costs, and so do 100 recipients.
SPAM_POINTS = {
    "short": 0,
    "empty": 0,
    "right to left": 0,
    "lines of 996 to 1001": 0,
    "both": 0,
    "headers": 0,
    "a long name": 0,
    "inline": 2.9,
    "100 people": 1.5,
}


def test_a_spam_filter_has_nothing_against_an_alert(corpus: Callable[[str], dict[str, Path]], tmp_path: Path) -> None:
    try:
        program = unpacked("root/usr/bin/spamassassin", "SpamAssassin")
        command = perl()
    except Missing as missing:
        pytest.skip(str(missing))
    preferences = tmp_path / "preferences"
    preferences.write_text("use_bayes 0\n")
    root = program.parents[2]
    folders = [f"--configpath={root}/usr/share/spamassassin", f"--siteconfigpath={root}/etc/spamassassin"]
    result = subprocess.run(
        [
            *command,
            "-T",
            program,
            "-L",
            "-t",
            *folders,
            f"--prefspath={preferences}",
            *map(corpus("8bit").get, SPAM_POINTS),
        ],
        capture_output=True,
        check=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        timeout=110,
    )
    scores = [float(score) for score in re.findall(rb"(?m)^X-Spam-Status: \w+, score=(-?[\d.]+)", result.stdout)]
    assert b"NO_RELAYS" not in result.stdout
    told = dict(zip(SPAM_POINTS, scores, strict=True))
    assert {name: score for name, score in told.items() if score > SPAM_POINTS[name]} == {}
