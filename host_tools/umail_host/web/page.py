"""The page itself: its files, kept in memory, and what the list shows at first, so that one answer is enough for it."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

_STATIC = Path(__file__).with_name("static")
# Their address changes with them, so a browser need not ask again.
_KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}


class Page:
    """The files of the page.

    Args:
        start: returns what stands in the page when it is loaded, for JSON.
    """

    def __init__(self, start: Callable[[], Any]) -> None:
        self._start = start
        self._files = {path.name: path.read_bytes() for path in sorted(_STATIC.iterdir()) if path.is_file()}
        whole = b"".join(name.encode() + octets for name, octets in self._files.items())
        self.version = hashlib.sha256(whole).hexdigest()[:12]
        html = self._files.pop("index.html").decode("utf-8").replace("/static/", f"/static/{self.version}/")
        self._before, _, self._after = html.partition("{{start}}")

    async def whole(self, request: Request) -> Response:
        """Return the page."""
        # Within <script> only "<" could end it, and JSON may write it otherwise.
        start = json.dumps(await run_in_threadpool(self._start)).replace("<", "\\u003c")
        return HTMLResponse(f"{self._before}{start}{self._after}")

    async def file(self, request: Request) -> Response:
        """Return a file of the page; what an older page asks for is there no more."""
        name, version = request.path_params["name"], request.path_params["version"]
        if name not in self._files or version != self.version:
            return JSONResponse({"error": "there is no such file: load the page again"}, 404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(self._files[name], media_type=_KINDS.get(Path(name).suffix, kind), headers=_KEPT)


# Whatever the system's own table of types says.
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
