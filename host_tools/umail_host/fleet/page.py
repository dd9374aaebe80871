"""A page that shows the table of `umail fleet status` while it is watched; every text in it comes from outside."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from umail_host.web import page
from umail_host.web.served import Served

_STATIC = Path(__file__).with_name("static")
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
# Those of the inbox's page that are used here, too.
_SHARED = ("style.css", "dom.js", "words.js", "icon.svg")
# A page that has the newest table gets an answer after this many seconds at the latest.
_PATIENCE_S = 20.0


class FleetPage(Served):
    """The page; ``show`` gives it what it is to show, for the first time before it is started.

    Args:
        host, port, token: as of ``Served``.
    """

    def __init__(self, host: str, port: int, token: str) -> None:
        super().__init__("fleet", host, port, token)
        self._files = {path.name: path.read_bytes() for path in _STATIC.iterdir() if path.suffix in _KINDS}
        self._files |= {name: (page.STATIC / name).read_bytes() for name in _SHARED}
        self._report: dict[str, Any] = {}
        self._table: dict[str, Any] = {"tag": ""}
        self._changed = asyncio.Event()

    def show(self, report: dict[str, Any], table: dict[str, Any], trouble: str = "") -> None:
        """Show this from now on.

        Args:
            report: of ``health.report``; table: of ``table.view``.
            trouble: why nothing newer is known; empty: all could be read.
        """
        told = table | {"trouble": trouble}
        tag = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
        if self._loop is None:
            self._take(report, told | {"tag": tag})
        else:
            self._loop.call_soon_threadsafe(self._take, report, told | {"tag": tag})

    def _take(self, report: dict[str, Any], table: dict[str, Any]) -> None:
        self._report = report
        if table["tag"] != self._table["tag"]:
            self._table = table
            self._changed.set()
            self._changed = asyncio.Event()

    async def _close(self) -> None:
        # Those that wait go home.
        self._changed.set()
        await super()._close()

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._file),
                Route("/static/{name}", self._file),
                Route("/api/v1/fleet", self._as_json),
                Route("/api/v1/table", self._newest),
            ]
        )

    async def _file(self, request: Request) -> Response:
        name = request.path_params.get("name", "fleet.html")
        if name not in self._files:
            return JSONResponse({"error": "there is no such file: load the page again"}, 404)
        return Response(self._files[name], media_type=_KINDS[Path(name).suffix])

    async def _as_json(self, request: Request) -> Response:
        return JSONResponse(self._report)

    async def _newest(self, request: Request) -> Response:
        """Answer with the table, as soon as it is another one than the client has."""
        if request.query_params.get("has", "") == self._table["tag"]:
            try:
                await asyncio.wait_for(self._changed.wait(), _PATIENCE_S)
            except TimeoutError:
                pass
        return JSONResponse(self._table)
