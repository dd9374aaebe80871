"""What the index knows of a mail: the envelope in front of it, a few headers, its text; whatever the mail holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message

from umail_host.fake_smtp.record.reading import clean, decoded, first, header, is_attachment, leaves, parsed, text_of

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


# A mail, its envelope, and its bytes in the Maildir without that.
Read = tuple[Message, Envelope, int]


def read(stored: bytes) -> Read:
    """Read a file of the Maildir."""
    around = envelope(stored)
    content = stored[around.start :]
    message = parsed(content if len(content) <= _WHOLE else content[:_BEGINNING])
    return message, around, len(content)


def facts(message: Message) -> dict[str, object]:
    """Return the columns of the index that are in the mail itself."""
    plain = first(message, "text/plain")
    html = None if plain else first(message, "text/html")
    text = text_of(plain)[:TEXT] if plain else ""
    if html is not None:
        text = re.sub(r"<[^<>]*>", " ", text_of(html)[:TEXT])
    parents = _ID.findall(clean(f"{header(message, 'References')} {header(message, 'In-Reply-To')}"))[-20:]
    return {
        "header_from": decoded(header(message, "From"))[:_LONGEST],
        "header_to": decoded(header(message, "To"))[:_LONGEST],
        "subject": decoded(header(message, "Subject"))[:_LONGEST],
        "message_id": clean(header(message, "Message-ID"))[:_LONGEST],
        "parents": parents,
        "text": " ".join(text.split()),
        "attachments": sum(is_attachment(part) for _, part in leaves(message)),
    }
