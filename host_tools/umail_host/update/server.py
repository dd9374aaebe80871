"""Hands out a folder of bundles by HTTP: one request tells a board that there is nothing new.

Any static server does the same; this one needs no package beside Python, and shows who asked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_NAME = re.compile(r"/([0-9a-f]{24}\.umail)")
_PATIENCE = 60  # seconds for a client that says or takes nothing


class Server(ThreadingHTTPServer):
    """Serves the bundles in ``folder``; ``shown`` is told a line for each request."""

    daemon_threads = True

    def __init__(self, folder: Path, host: str, port: int, shown: Callable[[str], None]) -> None:
        self.folder, self.shown = folder, shown
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = _PATIENCE
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the bundle, that it has not changed, or that there is none."""
        found = _NAME.fullmatch(self.path)
        try:
            octets = (self.server.folder / found[1]).read_bytes() if found else None
        except OSError:
            octets = None
        if octets is None:
            self._answer(HTTPStatus.NOT_FOUND, b"", "")
            return
        tag = f'"{hashlib.sha256(octets).hexdigest()[:32]}"'
        if self.headers.get("If-None-Match") == tag:
            self._answer(HTTPStatus.NOT_MODIFIED, b"", tag)
            return
        self._answer(HTTPStatus.OK, octets, tag)

    def _answer(self, status: HTTPStatus, octets: bytes, tag: str) -> None:
        self.send_response(status)
        if tag:
            self.send_header("ETag", tag)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(len(octets)))
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *args: object) -> None:
        """Show it in the command's way."""
        self.server.shown(f"{self.address_string()} {format % args}")
