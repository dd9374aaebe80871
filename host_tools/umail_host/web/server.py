"""Serves the page and the API of a fake server, in a thread of its own beside the server's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from umail_host.fake_smtp import FakeServer
from umail_host.web.api import Api
from umail_host.web.boards import Boards
from umail_host.web.hub import Hub
from umail_host.web.indexer import Indexer
from umail_host.web.page import Page
from umail_host.web.served import Served
from umail_host.web.store import Store

if TYPE_CHECKING:
    from umail_host.doctor.domain import Dns


class WebServer(Served):
    """The page of one fake server; a context manager. Enter it before the fake server, so that no mail is missed.

    Args:
        server: whose mails and sessions are shown.
        host: address to listen on. ``port``: 0 takes a free one; ``.port`` tells which.
        token: what a client must show; needed unless ``host`` is this machine alone.
        boards: virtual boards to be shown.
        dns: asked for SPF and DMARC of senders; None: nobody is.
        progress: called with how many of how many mails were read, when the index is made again.

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
        super().__init__("web", host, port, token)
        self.server = server
        self.boards = boards or Boards()
        self.hub = Hub()
        self.store = Store(server.inbox.path, f"{server.clock.time():.6f}", progress)
        self.boards.told = lambda name: self.hub.changed("boards", name)
        self._indexer = Indexer(self.store, lambda rows: self.hub.publish("mails", rows))
        self.api = Api(server, self.store, self.hub, self.boards, self._indexer.settle, dns)
        server.inbox.watch(self._indexer.take)
        server.transcript.watch(lambda entry: self.hub.changed("sessions", entry.connection))

    def stop(self) -> None:
        """End all pages, index what has come, close; may be called twice."""
        super().stop()
        self._indexer.close()
        self.store.close()

    async def _open(self) -> None:
        self.hub.begin()
        await super()._open()

    async def _close(self) -> None:
        self.hub.end()
        await super()._close()

    def _application(self) -> Starlette:
        page = Page(self.api.start)
        return Starlette(
            routes=[Route("/", page.whole), Route("/static/{version}/{name}", page.file), *self.api.routes()]
        )
