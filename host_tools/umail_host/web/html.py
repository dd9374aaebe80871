"""A mail's HTML as a frame may show it: sanitised, without scripts, and without a byte from elsewhere."""

from __future__ import annotations

import base64
import struct
from email.message import Message

import nh3

from umail_host.fake_smtp.record.reading import first, header, leaves, octets_of, parsed, text_of

# The frame's own sandbox and policy hold without the sanitiser, and the sanitiser without them.
POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_MOST = 1 << 21  # characters of HTML
_IMAGES = 4 << 20  # bytes of pictures in the mail itself
_POINTS = 40_000_000  # of one picture: a browser needs four bytes for each
_KINDS = ("image/png", "image/jpeg", "image/gif")
_TAGS = nh3.ALLOWED_TAGS - {"area", "map"} | {"center", "font", "section", "article", "header", "footer"}
_STYLES = {
    *("background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius"),
    *("border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "display"),
    *("font", "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height"),
    *("margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width", "padding"),
    *("padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration"),
    *("text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break"),
}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"},
    "a": {"href"},
    "img": {"src", "alt"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_HEAD = '<!doctype html><html><head><meta charset="utf-8"><title>mail</title></head><body>'


def page(content: bytes) -> str | None:
    """Return a mail's HTML as a whole page with the pictures that the mail brings; None if it has no HTML."""
    message = parsed(content)
    part = first(message, "text/html")
    if part is None:
        return None
    pictures = _pictures(message)

    def filtered(tag: str, name: str, value: str) -> str | None:
        if name == "src":
            return pictures.get(value.removeprefix("cid:").strip("<>")) if value.startswith("cid:") else None
        if name == "style" and ("url(" in value.lower() or "\\" in value):
            return None
        return value

    clean = nh3.clean(
        text_of(part)[:_MOST],
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=filtered,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=_STYLES,
    )
    return f"{_HEAD}{clean}</body></html>"


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
