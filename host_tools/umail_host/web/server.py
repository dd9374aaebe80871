"""Serves the page and the API with uvicorn, in a thread of its own beside the fake server's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.background import Background, bound
from umail_host.web.api import Api
from umail_host.web.boards import Boards
from umail_host.web.guard import Guard, is_loopback
from umail_host.web.hub import Hub
from umail_host.web.indexer import Indexer
from umail_host.web.page import Page
from umail_host.web.store import Store

if TYPE_CHECKING:
    from umail_host.doctor.domain import Dns


class WebServer(Background):
    """The page of one fake server; a context manager. Enter it before the fake server, so that no mail is missed.

    Args:
        server: whose mails and sessions are shown.
        host: address to listen on. ``port``: 0 takes a free one; ``.port`` tells which.
        token: what a client must show; needed unless ``host`` is this machine alone.
        boards: virtual boards to be shown.
        dns: asked for SPF and DMARC of senders; None: nobody is.
        progress: called with how many of how many mails were read, when the index is made anew.

    Raises:
        ValueError: no token for an address that others reach.
        OSError: the Maildir can't be read.
    """

    def __init__(
        self,
        server: FakeServer,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "",
        boards: Boards | None = None,
        dns: Dns | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        super().__init__("web")
        if not token and not is_loopback(host):
            raise ValueError(f"{host} can be reached from elsewhere, so the page needs a token")
        self.server, self.host, self.port, self.token = server, host, port, token
        self.boards = boards or Boards()
        self.hub = Hub()
        self.store = Store(server.inbox.path, f"{server.clock.time():.6f}", progress)
        self.boards.told = lambda name: self.hub.changed("boards", name)
        self._indexer = Indexer(self.store, lambda rows: self.hub.publish("mails", rows))
        self.api = Api(server, self.store, self.hub, self.boards, self._indexer.settle, dns)
        server.inbox.watch(self._indexer.take)
        server.transcript.watch(lambda entry: self.hub.changed("sessions", entry.connection))

    @property
    def url(self) -> str:
        """What a browser opens."""
        host = (
            "localhost" if is_loopback(self.host) else self.host if self.host not in ("0.0.0.0", "") else _own_address()
        )
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.port}/" + (f"?token={quote(self.token, safe='')}" if self.token else "")

    def stop(self) -> None:
        """End all pages, index what has come, close; may be called twice."""
        super().stop()
        self._indexer.close()
        self.store.close()

    async def _open(self) -> None:
        self.hub.begin()
        listener = bound(self.host, self.port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._application(),
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
        self.hub.end()
        self._uvicorn.should_exit = True
        await self._serving

    def _application(self) -> Guard:
        page = Page(self.api.start)
        routes = [Route("/", page.whole), Route("/static/{version}/{name}", page.file), *self.api.routes()]
        return Guard(Starlette(routes=routes), self.host, self.token)


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used (RFC 5737)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
