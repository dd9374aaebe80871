"""Reads a mail whatever it holds: headers as a person reads them, its parts, its text."""

from __future__ import annotations

import email
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser


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


def is_attachment(part: Message) -> bool:
    """Tell whether a part is one to download rather than to read."""
    if part.is_multipart():
        return False
    return part.get_content_disposition() == "attachment" or part.get_content_maintype() not in ("text", "multipart")
