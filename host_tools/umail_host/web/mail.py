"""One mail as the page shows it: headers, MIME tree, text, what a provider would warn of, attachments."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from umail_host.fake_smtp.record import reading
from umail_host.fake_smtp.record.reading import (
    addresses,
    clean,
    decoded,
    first,
    header,
    is_attachment,
    leaves,
    octets_of,
    parsed,
    text_of,
)

MOST_HEADERS, MOST_PARTS, MOST_TEXT, LONGEST = 500, 1000, 1 << 18, 4000
_RAW_8BIT = re.compile(rb"[\x80-\xff]")
_REMOTE = re.compile(r"""(?:(?:src|href|background)\s*=|url\()[\s"']*(?:https?:)?//""", re.I)
_A_DAY = 86400


def view(content: bytes, row: dict[str, Any]) -> dict[str, Any]:
    """Return all that the page shows of a mail; ``row`` is what the index knows of it."""
    message = parsed(content)
    parts = leaves(message, MOST_PARTS + 1)
    plain, html = first(message, "text/plain"), first(message, "text/html")
    text = text_of(plain) if plain is not None else ""
    headers = list(message.raw_items())
    return row | {
        "headers": [
            {"name": clean(name)[:LONGEST], "value": decoded(value)[:LONGEST], "raw": clean(str(value))[:LONGEST]}
            for name, value in headers[:MOST_HEADERS]
        ],
        "headers_left_out": max(0, len(headers) - MOST_HEADERS),
        "parts": [_part(index, depth, part) for index, (depth, part) in enumerate(parts[:MOST_PARTS])],
        "parts_left_out": len(parts) > MOST_PARTS,
        "text": text[:MOST_TEXT],
        "text_cut": len(text) > MOST_TEXT,
        "html": html is not None,
        "warnings": warnings(content, message, row),
    }


def _part(index: int, depth: int, part: Message) -> dict[str, Any]:
    return {
        "index": index,
        "depth": depth,
        "type": clean(part.get_content_type())[:200],
        "name": file_name(part),
        "size": 0 if part.is_multipart() else len(octets_of(part)),
        "encoding": clean(header(part, "Content-Transfer-Encoding"))[:40],
        "attachment": is_attachment(part),
    }


def file_name(part: Message) -> str:
    """Return a part's file name without what a file system or a screen could take for something else."""
    name = reading.file_name(part)
    # Characters that turn the direction of writing hide an extension.
    kept = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if unicodedata.category(c)[0] != "C")
    kept = re.sub(r'[<>:"|?*]', "_", kept).strip(" .")
    return kept[:120] if len(kept) <= 120 else kept[:100] + kept[-20:]


def attachment(content: bytes, index: int) -> tuple[bytes, str] | None:
    """Return the bytes of a part and the header that lets a browser save it; None if there is no such part."""
    parts = leaves(parsed(content), MOST_PARTS)
    if not 0 <= index < len(parts):
        return None
    part = parts[index][1]
    return octets_of(part), disposition(file_name(part) or f"part-{index}")


def disposition(name: str) -> str:
    """Return Content-Disposition for saving under that name (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def warnings(content: bytes, message: Message, row: dict[str, Any]) -> list[dict[str, str]]:
    """Return what a provider may refuse or count as spam: a key and a sentence each."""
    found = []

    def warn(key: str, sentence: str) -> None:
        found.append({"key": key, "text": sentence})

    for name, key in (
        ("Date", "no-date"),
        ("From", "no-from"),
        ("Message-ID", "no-message-id"),
        ("Subject", "no-subject"),
    ):
        number = sum(key.lower() == name.lower() for key, _ in message.raw_items())
        if number == 0:
            warn(key, f"There is no {name} header.")
        elif number > 1:
            warn(f"twice-{name.lower()}", f"There are {number} {name} headers; one is allowed (RFC 5322, 3.6).")
    if _RAW_8BIT.search(content.partition(b"\r\n\r\n")[0]):
        warn("raw-8bit", "A header holds raw 8-bit bytes; without SMTPUTF8 they must be encoded (RFC 2047).")
    if any(len(line) > 998 for line in content.split(b"\r\n")):
        warn("long-line", "A line is longer than 998 bytes (RFC 5321, 4.5.3.1.6).")
    author = next(iter(addresses(header(message, "From"))), "")
    user = row.get("user")
    if user and author and author.lower() != user.lower():
        warn(
            "from-not-login", f"From is {clean(author)}, the login {user}: Microsoft 365 refuses that without Send As."
        )
    if row["sender"] and author and row["sender"].rpartition("@")[2].lower() != author.rpartition("@")[2].lower():
        warn("not-aligned", "From and envelope have different domains: DMARC can't pass by SPF.")
    late = _late(message, row["time"])
    if late is not None and abs(late) > _A_DAY:
        warn("date-off", "Date is more than a day away from when the mail came.")
    html = first(message, "text/html")
    if html is not None:
        if first(message, "text/plain") is None:
            warn("html-only", "There is HTML, but no plain text.")
        if _REMOTE.search(text_of(html)[:MOST_TEXT]):
            warn("remote", "The HTML refers to other hosts; nothing is loaded from there.")
    return found


def _late(message: Message, arrived: float) -> float | None:
    try:
        return arrived - parsedate_to_datetime(header(message, "Date")).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
