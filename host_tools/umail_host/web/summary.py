"""What the index knows of a mail: the envelope in front of it, a few headers, its text; whatever the mail holds."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser

TEXT = 16_384  # characters of text that can be searched
_LONGEST = 998  # characters of a header that are shown
_WHOLE = 1 << 19  # a larger mail is known by its beginning
_BEGINNING = 1 << 16
_TRACE = re.compile(
    rb"Return-Path: <(?P<sender>[^\r\n]*)>\n(?P<to>(?:Delivered-To: [^\r\n]*\n)*)"
    rb"Received: by fake-smtp \(session (?P<session>\d+)\); [^\n]*\n"
)
_ID = re.compile(r"<[^<>\s]{1,990}>")


@dataclass(slots=True)
class Envelope:
    """Who sent it to whom, in which session; the mail itself begins at ``start`` of its file."""

    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    session: int | None = None
    start: int = 0


def envelope(stored: bytes) -> Envelope:
    """Read what `Inbox.deliver` wrote in front of a mail; nothing if another program put it there."""
    found = _TRACE.match(stored)
    if not found:
        return Envelope()
    to = [line[14:].decode("utf-8", "replace") for line in found["to"].splitlines()]
    return Envelope(found["sender"].decode("utf-8", "replace"), to, int(found["session"]), found.end())


def decoded(value: object) -> str:
    """Return a header as a person reads it: encoded words decoded, on one line, whatever it holds."""
    text = str(value)
    if "=?" in text:
        try:
            text = str(make_header(decode_header(text)))
        except (ValueError, LookupError, UnicodeError):
            pass  # it is shown as it came
    return clean(text)


def clean(text: str) -> str:
    """Return text on one line without what no screen shows, raw bytes read as UTF-8."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))


def parsed(content: bytes) -> Message:
    """Parse a mail; one that is nested too deeply has headers only."""
    try:
        return email.message_from_bytes(content)
    except RecursionError:
        return BytesHeaderParser().parsebytes(content)


def text_of(part: Message) -> str:
    """Return a part's text; what is not in its charset is replaced."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def leaves(message: Message, most: int = 1000) -> list[tuple[int, Message]]:
    """Return a mail's parts with their depth, containers too, in their order; ``most`` at the most."""
    found: list[tuple[int, Message]] = []
    waiting = [(0, message)]
    while waiting and len(found) < most:
        depth, part = waiting.pop()
        found.append((depth, part))
        inner = part.get_payload()
        if part.is_multipart() and isinstance(inner, list):
            waiting += [(depth + 1, one) for one in reversed(inner[:most]) if isinstance(one, Message)]
    return found


def first(message: Message, kind: str) -> Message | None:
    """Return the first part of that type that is not an attachment."""
    for _, part in leaves(message):
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            return part
    return None


def summary(content: bytes) -> dict[str, object]:
    """Return the columns of the index that stand in the mail itself."""
    whole = len(content) <= _WHOLE
    message = parsed(content if whole else content[:_BEGINNING])
    plain = first(message, "text/plain")
    html = None if plain else first(message, "text/html")
    text = text_of(plain)[:TEXT] if plain else ""
    if html is not None:
        text = re.sub(r"<[^>]*>", " ", text_of(html)[:TEXT])
    parents = _ID.findall(clean(f"{message.get('References', '')} {message.get('In-Reply-To', '')}"))[-20:]
    return {
        "header_from": decoded(message.get("From", ""))[:_LONGEST],
        "header_to": decoded(message.get("To", ""))[:_LONGEST],
        "subject": decoded(message.get("Subject", ""))[:_LONGEST],
        "message_id": clean(str(message.get("Message-ID", "")))[:_LONGEST],
        "parents": parents,
        "text": " ".join(text.split()),
        "attachments": sum(is_attachment(part) for _, part in leaves(message)),
    }


def is_attachment(part: Message) -> bool:
    """Tell whether a part is one to download rather than to read."""
    if part.is_multipart():
        return False
    return part.get_content_disposition() == "attachment" or part.get_content_maintype() not in ("text", "multipart")
