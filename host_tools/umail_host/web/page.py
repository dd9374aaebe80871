"""The page itself: its files, kept in memory, and what the list shows at first, so that one answer is enough for it."""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from umail_host.web.guard import PAGE_POLICY

STATIC = Path(__file__).with_name("static")
_WITHIN = ("index.html", "style.css", "start.js")  # these are not files of their own
_PAINTED = 14  # rows that come as HTML: as many as most screens show
# Their address changes with them, so a browser need not ask again.
_KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}


class Page:
    """The files of the page.

    The first rows come as HTML and the style is in the page: a browser paints the list before it has loaded or run
    anything else.

    Args:
        start: returns what is in the page when it is loaded, for JSON.
    """

    def __init__(self, start: Callable[[], Any]) -> None:
        self._start = start
        self._files = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.is_file()}
        octets_of_all = b"".join(name.encode() + octets for name, octets in self._files.items())
        self.version = hashlib.sha256(octets_of_all).hexdigest()[:12]
        moved = {
            name: octets.decode("utf-8").replace("/static/", f"/static/{self.version}/")
            for name, octets in self._files.items()
        }
        for name in _WITHIN:
            del self._files[name]
        style, script = moved["style.css"], moved["start.js"]
        self._html = moved["index.html"].replace("{{style}}", style).replace("{{script}}", script)
        policy = PAGE_POLICY.replace("style-src", f"style-src {_digest(style)}")
        policy = policy.replace("script-src", f"script-src {_digest(script)}")
        self._policy = {"Content-Security-Policy": policy}

    async def whole(self, request: Request) -> Response:
        """Return the page."""
        found = await run_in_threadpool(self._start)
        # Within <script> only "<" could end it, and JSON may write it otherwise.
        places = {
            "start": json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
            "rows": "".join(map(_row, found["mails"]["mails"][:_PAINTED])),
        }
        filled = re.sub(r"\{\{(start|rows)\}\}", lambda place: places[place[1]], self._html)
        return HTMLResponse(filled, headers=self._policy)

    async def file(self, request: Request) -> Response:
        """Return a file of the page; what an older page asks for is there no more."""
        name, version = request.path_params["name"], request.path_params["version"]
        if name not in self._files or version != self.version:
            return JSONResponse({"error": "there is no such file: load the page again"}, 404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(self._files[name], media_type=_KINDS.get(Path(name).suffix, kind), headers=_KEPT)


def _digest(text: str) -> str:
    """Return how a policy names a script or style that is in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _row(mail: dict[str, Any]) -> str:
    """Return a row of the list as mails.js makes it; the time is the browser's to write."""
    who, subject = mail["header_from"] or mail["sender"] or "–", mail["subject"] or "–"
    spans = [("who", who), ("subject", subject), ("preview", mail["preview"])]
    inner = "".join(f'<span class="{name}">{escape(text)}</span>' for name, text in spans)
    key = escape(mail["id"])
    address = escape(quote(mail["id"], safe=""))
    return f'<div class="row" role="listitem" data-id="{key}"><a href="#/mails/{address}">{inner}</a></div>'


# Whatever the system's own table of types says.
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
