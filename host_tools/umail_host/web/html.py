"""A mail's HTML as a frame may show it: sanitised, without scripts, and without a byte from elsewhere."""

from __future__ import annotations

import base64
import struct
from email.message import Message

from umail_host.fake_smtp.record.reading import first, header, leaves, octets_of, parsed, text_of
from umail_host.web import sanitiser

# The frame's own sandbox and policy hold without the sanitiser, and the sanitiser without them.
POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_IMAGES = 4 << 20  # bytes of pictures in the mail itself
_POINTS = 40_000_000  # of one picture: a browser needs four bytes for each
_KINDS = ("image/png", "image/jpeg", "image/gif")
_HEAD = '<!doctype html><html><head><meta charset="utf-8"><title>mail</title></head><body>'
_TOO_MUCH = "<p>This HTML takes too much to be shown; see the mail's source instead.</p>"


def page(content: bytes) -> str | None:
    """Return a mail's HTML as a whole page with the pictures that the mail brings; None if it has no HTML."""
    message = parsed(content)
    part = first(message, "text/html")
    if part is None:
        return None
    clean = sanitiser.clean(text_of(part), _pictures(message))
    return f"{_HEAD}{_TOO_MUCH if clean is None else clean}</body></html>"


def _pictures(message: Message) -> dict[str, str]:
    """Return the pictures that the HTML may name, as URLs that hold them."""
    found: dict[str, str] = {}
    room = _IMAGES
    for _, part in leaves(message):
        kind, name = part.get_content_type(), header(part, "Content-ID").strip().strip("<>")
        if not name or kind not in _KINDS:
            continue
        data = octets_of(part)
        if len(data) <= room and 0 < points(data) <= _POINTS:
            room -= len(data)
            found[name] = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return found


def points(data: bytes) -> int:
    """Return how many points a PNG, GIF or JPEG says it has; 0 if it does not say."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return _product(">II", data[16:24])
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return _product("<HH", data[6:10])
    at = 2
    while data.startswith(b"\xff\xd8") and at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _product(">HH", data[at + 5 : at + 9])
        at += 2 + max(length, 2)
    return 0


def _product(layout: str, sizes: bytes) -> int:
    width, height = struct.unpack(layout, sizes)
    return int(width) * int(height)
