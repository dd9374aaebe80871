"""A message of any arguments: refused when it is made, or CPython's own parser reads from it what was given."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import umail
from fuzz import world
from fuzz.hostile import Wrong
from fuzz.script import connections

# Bytes above 127 stand for these: other scripts, halves of pairs, what turns a line around, what some split lines at.
_BEYOND = "öß€中😀\ud800\udfff\x80\x85\xa0\u2028\u202e\ufeff\u0301"
_DEFAULTS = (b"a@x.org", b"b@y.org", b"s", b"text", b"A", b"X-A", b"v", b"a.txt", b"<1@x.org>", b"text/plain")


def _text(octets: bytes) -> str:
    return "".join([chr(c) if c < 128 else _BEYOND[c % len(_BEYOND)] for c in octets])


def _canonical(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()


def messages(data: bytes, note: Callable[[bytes], None]) -> None:
    """The target; the arguments are the pieces of the entry, in the order of ``_DEFAULTS``."""
    how = data[0] if data else 0
    given = [octets for _, octets in connections(data[1:])[0] if isinstance(octets, bytes)]
    given += _DEFAULTS[len(given) :]
    sender, to, subject, text, name, header, value, file, mid, kind = [_text(octets) for octets in given[:10]]
    people = (name, to) if how & 1 else to
    more = {"html": text} if how & 2 else {}
    try:
        message = umail.Message(
            (name, sender) if how & 16 else sender,
            people,
            subject,
            text,
            headers=[(header, value)],
            attachments=[umail.Attachment(given[3], file, kind)] if how & 4 else (),
            date=world.DATE,
            message_id=mid or None,
            **more,
        )
        body = message.encode(bool(how & 8), bool(how & 32))
    except ValueError as refusal:
        note(b"refused")
        if not str(refusal).isprintable():
            raise Wrong(f"a refusal that cannot be printed: {refusal!r}") from None
        return
    octets = b"".join([bytes(chunk) for chunk in body.chunks()])
    note(octets)
    _check_lines(octets, body)
    _check_back(octets, message, given, how)


def _check_lines(octets: bytes, body: Any) -> None:
    if body.size != len(octets):
        raise Wrong(f"{len(octets)} octets instead of {body.size}")
    head = octets.partition(b"\r\n\r\n")[0]
    if body.body != "binary":
        head = octets
    if head.replace(b"\r\n", b"").strip(b"\r\n") != head.replace(b"\r\n", b"") or b"\n" in head.replace(b"\r\n", b""):
        raise Wrong("a line end that is not CRLF")
    if max(map(len, head.split(b"\r\n"))) > 998:
        raise Wrong("a line of more than 998 octets")


def _check_back(octets: bytes, message: umail.Message, given: list[bytes], how: int) -> None:
    # With the older parser: the newer one has defects of its own with encoded words (RFC 2047, 6.2).
    mail = email.message_from_bytes(octets, policy=email.policy.compat32)
    names = [name.lower() for name in mail]
    own = given[5].decode("latin-1").lower()
    for name in ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", own):
        if names.count(name) != 1:
            raise Wrong(f"{names.count(name)} headers {name!r} in {names}")
    if (
        set(names)
        - {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", own}
        - {
            "auto-submitted",
            "content-transfer-encoding",
        }
    ):
        raise Wrong(f"headers that nobody gave: {names}")
    for name, wanted in (("subject", message.subject), (own, message.headers[0][1])):
        found = str(make_header(decode_header(mail[name].replace("\r\n", ""))))
        if found.strip() != wanted.strip():
            raise Wrong(f"{name}: {found!r} came of {wanted!r}")
    modern = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(modern, EmailMessage)
    leaves = [part for part in modern.walk() if not part.is_multipart()]
    if len(leaves) != 1 + bool(how & 2) + bool(how & 4):
        raise Wrong(f"{len(leaves)} parts")
    wanted_text = _canonical(_text(given[3]))
    for part in leaves[: 1 + bool(how & 2)]:
        content = part.get_payload(decode=True)
        if content not in (wanted_text, wanted_text + b"\r\n"):
            raise Wrong(f"the text {content!r} came of {wanted_text!r}")
    if how & 4 and leaves[-1].get_payload(decode=True) != given[3]:
        raise Wrong("the attachment came back otherwise")
