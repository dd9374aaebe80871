"""Serves a page with uvicorn, in a thread of its own, to whom it is for."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import quote

import uvicorn
from starlette.types import ASGIApp

from umail_host.fake_smtp.server.background import Background, bound
from umail_host.web.guard import Guard, is_loopback


class Served(Background):
    """A page on a port; a context manager. Subclasses make its application.

    Args:
        name: of its thread.
        host: address to listen on. ``port``: 0 takes a free one; ``.port`` tells which.
        token: what a client must show; needed unless ``host`` is this machine alone.

    Raises:
        ValueError: no token for an address that others reach.
    """

    def __init__(self, name: str, host: str, port: int, token: str) -> None:
        super().__init__(name)
        if not token and not is_loopback(host):
            raise ValueError(f"{host} can be reached from elsewhere, so the page needs a token")
        self.host, self.port, self.token = host, port, token

    @property
    def url(self) -> str:
        """What a browser opens."""
        host = (
            "localhost" if is_loopback(self.host) else self.host if self.host not in ("0.0.0.0", "") else _own_address()
        )
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.port}/" + (f"?token={quote(self.token, safe='')}" if self.token else "")

    async def _open(self) -> None:
        listener = bound(self.host, self.port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            Guard(self._application(), self.host, self.token),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=1 << 16,
        )
        self._uvicorn = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._uvicorn.serve([listener]))
        while not self._uvicorn.started:
            await asyncio.sleep(0.005)

    async def _close(self) -> None:
        self._uvicorn.should_exit = True
        await self._serving

    def _application(self) -> ASGIApp:
        raise NotImplementedError


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used (RFC 5737)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
