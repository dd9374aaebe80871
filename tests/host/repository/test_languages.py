"""Every language says all that the alert node says: each text has its entry, with the same placeholders, and no other.

What a text is: a constant with a letter, and a space, a capital at its beginning, or a place for `format`. A word that
the program itself compares is not: it has neither.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from pathlib import Path

import pytest

from alertnode import rules
from umail_host import languages, paths

LANGUAGES = languages.names()[1:]
# Of the library, what only a program of the user's own comes to see: how it calls a function, and its answers.
FOR_PROGRAMS = {
    "__init__", "addresses", "attachment", "checks", "compat", "date", "delivery", "enhanced", "files", "format",
    "m365", "m365_other", "multipart", "optional_fields", "plain", "recipient_batches", "route", "routes", "session",
    "stream",
}  # fmt: skip
# What looks like a text and is none: protocols, what others say, names of classes, keys.
NOT_TEXTS = {
    "test %d", "safe mode", "%s; mac=%s", "deep sleep", "soft reset", "hard reset", "unknown cause", "reset cause %s",
    "Sensor", " UTC", " offline_access", "In-Reply-To", "References", "AUTH ", "user name",
    "unknown source", "NO CARRIER", "NO DIALTONE", "NO DIAL TONE", "NO ANSWER", "CONNECT ", "+CME ERROR", "SIM P",
    "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nAccept: application/json\r\nConnection: close\r\n",
    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nConnection: close\r\n\r\n",
    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: umail\r\nConnection: close\r\n", "If-None-Match: %s\r\n",
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n",
    "CHACHA20-POLY1305-SHA256 AES-256-GCM-SHA384 AES-128-GCM-SHA256",
    "TLS1-3- TLS-ECDHE-ECDSA-WITH- TLS-ECDHE-RSA-WITH-",
    "starts in the future", "not yet valid", "does not match", "is not valid for", "not correctly signed",
    "issuer certificate", "self signed", "https://outlook.office.com/SMTP.Send offline_access",
    "8BITMIME AUTH BINARYMIME CHUNKING DSN PIPELINING SIZE SMTPUTF8 STARTTLS",
}  # fmt: skip
_PLACES = re.compile(r"%(?:\([^)]*\))?[-+#0]*[\d.]*[a-zA-Z%]|\{\d*(?::[^{}]*)?\}")
_TYPE = re.compile(r"\w+( \| \w+)+")


def is_text(value: str) -> bool:
    """Tell whether a person reads a constant of the program."""
    if re.search(r"\{\d*(:[^{}]*)?\}", value):
        return True
    letters = re.search(r"[^\W\d_]", _PLACES.sub("", value))
    return (
        bool(letters)
        and value[0] != "<"
        and (" " in value or bool(re.match(r"[A-Z][a-z]", value)))
        and not _TYPE.fullmatch(value)
    )


@functools.cache
def said() -> dict[str, str]:
    """Return each text of the program, and the module that has it."""
    found = {}
    for folder, left_out in ((paths.firmware() / "alertnode", set()), (paths.library(), FOR_PROGRAMS)):
        for file in sorted(folder.rglob("*.py")):
            made = file.parent.name in ("tables", "certs") or file.stem.endswith("_cpython")
            if not made and file.stem not in left_out:
                for node in languages.constants(file.read_bytes()):
                    if is_text(node.value) and node.value not in NOT_TEXTS:
                        found[node.value] = file.name
    advice = (paths.library() / languages.ADVICE).read_bytes()
    return found | dict.fromkeys(languages.advice(advice).values(), languages.ADVICE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_an_entry(language: str) -> None:
    words = languages.words(language)
    assert [f"{where}: {text!r}" for text, where in said().items() if text not in words] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_is_stale(language: str) -> None:
    assert [text for text in languages.words(language) if text not in said()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_entry_has_the_placeholders_of_its_text(language: str) -> None:
    for english, text in languages.words(language).items():
        percent = [place for place in _PLACES.findall(english) if place[0] == "%"]
        assert percent == [place for place in _PLACES.findall(text) if place[0] == "%"], english
        assert Counter(_PLACES.findall(english)) == Counter(_PLACES.findall(text)), english


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_entry_keeps_what_stands_around_it(language: str) -> None:
    """Blanks and line ends at its edges join it to others; a full stop ends a sentence."""
    for english, text in languages.words(language).items():
        assert text.strip(), english
        if english != ". ":
            assert [english[-1:] in " \n.:", english[:1] in " ,;"] == [text[-1:] in " \n.:", text[:1] in " ,;"], english
        assert (english[-1:] == "\n") == (text[-1:] == "\n"), english


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_a_word_that_the_program_compares(language: str) -> None:
    assert set(languages.words(language)) & NOT_TEXTS == set()
    assert languages.words(language)["language en"] == f"language {language}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_stands_in_two_entries(language: str) -> None:
    file = paths.firmware() / "languages" / f"{language}.toml"
    keys = re.findall(r'(?m)^"((?:[^"\\]|\\.)*)" = ', file.read_text(encoding="utf-8"))
    assert [key for key, count in Counter(keys).items() if count > 1] == []


SOURCE = b'''"""Open."""

TEXT = (
    "one "
    "two %s"
)


def f(when="above"):
    """one two %s"""
    return "one two %s" if when == "open" else 1 / 0
'''


def test_a_translated_module_keeps_its_lines_its_docstrings_and_its_words() -> None:
    made = languages.translated("x.py", SOURCE, {"one two %s": 'eins "zwei" %s ü', "above": "above"})
    assert made.count(b"\n") == SOURCE.count(b"\n")
    assert made.decode().count('eins "zwei" %s ü') == 2
    assert b'"""one two %s"""' in made
    names: dict[str, object] = {}
    exec(compile(made, "x.py", "exec"), names)
    assert names["TEXT"] == 'eins "zwei" %s ü'
    assert languages.translated("x.py", SOURCE, {}) is SOURCE


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_every_module_can_be_translated(language: str, tmp_path: Path) -> None:
    words = languages.words(language)
    for folder in (paths.firmware() / "alertnode", paths.library()):
        for file in folder.rglob("*.py"):
            relative = file.relative_to(folder).as_posix()
            compile(languages.translated(relative, file.read_bytes(), words), relative, "exec")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_mail_that_the_console_names_has_its_word(language: str) -> None:
    source = (paths.firmware() / "alertnode" / "mailer.py").read_text(encoding="utf-8")
    # What the mailer calls a mail that is not about an event: the end of _remember(…), and of what _about returns.
    others = set(re.findall(r'(?:_remember\(message, line|return message\.subject), "(\w+)"', source))
    assert others == {"summary", "message"}
    pairs = languages.words(language)["words of the program"].split(";")
    words = dict(pair.split("=") for pair in pairs)
    assert {rules.ALERT, rules.RECOVERY, rules.AGAIN, rules.THEN} | others <= set(words)
