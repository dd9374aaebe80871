"""Reads a mail whatever it holds: headers as a person reads them, its parts, its text. Nothing here raises for a mail.

What is read can be written as UTF-8: a mail names codecs that make lone surrogates.
"""

from __future__ import annotations

import codecs
import contextlib
import email
import re
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import Compat32
from email.utils import getaddresses

# What the standard library raises for a damaged mail: wrong encodings, unknown and odd codecs, parameters in pieces.
BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, MessageError, RecursionError)
_LONGEST = 20_000  # characters of a header
_LONGEST_OF_PART = 4000  # of one that says what a part is: the time for its parameters grows with their square
# Python knows them, mail does not: some take time that grows with the square of the text.
_NOT_FOR_MAIL = frozenset(("punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"))
_NAMED = re.compile(r"=\?([^?*\s]*)[?*]")


def header(message: Message, name: str) -> str:
    """Return the first header of that name as it came; empty if there is none."""
    return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def decoded(value: object) -> str:
    """Return a header as a person reads it: encoded words decoded, on one line, whatever it holds; its beginning."""
    text = str(value)[:_LONGEST]
    if "=?" in text and all(map(_is_charset, _NAMED.findall(text))):
        with contextlib.suppress(*BROKEN):  # otherwise it is shown as it came
            text = str(make_header(decode_header(text)))
    return clean(text)


def _is_charset(name: str) -> bool:
    try:
        return codecs.lookup(name).name not in _NOT_FOR_MAIL
    except BROKEN:
        return False


def clean(text: str) -> str:
    """Return text on one line without what no screen shows, raw bytes read as UTF-8."""
    line = " ".join(written(text).split())
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def written(text: str) -> str:
    """Return text that can be written as UTF-8, raw bytes in it read as UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")


class _Bounded(Compat32):
    """Reads the beginning of a header that is longer than any real one."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: _LONGEST_OF_PART if name.lower().startswith("content-") else _LONGEST]


_POLICY = _Bounded()


def parsed(content: bytes) -> Message:
    """Parse a mail; one that is nested too deeply has headers only."""
    try:
        return email.message_from_bytes(content, policy=_POLICY)
    except BROKEN:
        return BytesHeaderParser(policy=_POLICY).parsebytes(content)


def addresses(value: str) -> list[str]:
    """Return the addresses in a header, without names; none if it can't be read."""
    with contextlib.suppress(*BROKEN):
        return [address for _, address in getaddresses([value]) if address]
    return []


def octets_of(part: Message) -> bytes:
    """Return the decoded bytes of a part; all of it, headers too, if it holds other parts."""
    with contextlib.suppress(*BROKEN):
        found = part.as_bytes() if part.is_multipart() else part.get_payload(decode=True)
        return found if isinstance(found, bytes) else b""
    return b""


def text_of(part: Message) -> str:
    """Return a part's text; what is not in its charset is replaced."""
    data = b"" if part.is_multipart() else octets_of(part)
    with contextlib.suppress(*BROKEN):
        charset = str(part.get_content_charset("utf-8"))
        if _is_charset(charset):
            return written(data.decode(charset, "replace"))
    return data.decode("utf-8", "replace")


def leaves(message: Message, most: int = 1000) -> list[tuple[int, Message]]:
    """Return a mail's parts with their depth, containers too, in their order; ``most`` at the most."""
    found: list[tuple[int, Message]] = []
    waiting = [(0, message)]
    while waiting and len(found) < most:
        depth, part = waiting.pop()
        found.append((depth, part))
        inner = part.get_payload() if part.is_multipart() else []
        if isinstance(inner, list):
            waiting += [(depth + 1, one) for one in reversed(inner[:most]) if isinstance(one, Message)]
    return found


def first(message: Message, kind: str) -> Message | None:
    """Return the first part of that type that is not an attachment."""
    for _, part in leaves(message):
        if part.get_content_type() == kind and disposition(part) != "attachment":
            return part
    return None


def file_name(part: Message) -> str:
    """Return the file name that a part gives itself, decoded, which may hold anything; empty if it has none."""
    with contextlib.suppress(*BROKEN):
        return decoded(part.get_filename() or "")
    return ""


def disposition(part: Message) -> str:
    """Return ``attachment``, ``inline`` or what else a part says; empty if it does not."""
    with contextlib.suppress(*BROKEN):
        return part.get_content_disposition() or ""
    return ""


def is_attachment(part: Message) -> bool:
    """Tell whether a part is one to download rather than to read."""
    if part.is_multipart():
        return False
    return disposition(part) == "attachment" or part.get_content_maintype() not in ("text", "multipart")
