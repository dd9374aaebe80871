"""The token endpoint over HTTPS, in threads of its own; replies by length, in chunks, up to the close, or too long."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from umail_host.fake_oauth.service import TokenService
from umail_host.fake_smtp.server.server import FakeServer
from umail_host.fake_smtp.server.tls import Authority, server_context

MAX_BODY = 65536
_SECRET = frozenset(("client_secret", "refresh_token", "device_code", "client_assertion", "code"))


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came; the secrets of its form are masked."""

    path: str
    form: dict[str, str]
    status: int
    error: str = ""


@dataclass
class Behaviour:
    """How replies travel; may be changed at any time.

    Args:
        framing: ``length``, ``chunked`` (with an extension and a trailer) or ``close``.
        chunk: bytes of a chunk.
        padding: bytes of blank space added to the body, for clients that must bound it.
        body: sent instead of the JSON, if not empty.
        status: sent instead of the right one, if not 0.
        retry_after: seconds to ask for in a header, if not 0.
        stall: send the header and half of the body, then nothing.
    """

    framing: str = "length"
    chunk: int = 7
    padding: int = 0
    body: bytes = b""
    status: int = 0
    retry_after: int = 0
    stall: bool = False
    released: threading.Event = field(default_factory=threading.Event, repr=False)


class FakeOAuth:
    """The endpoint, a context manager.

    Args:
        smtp: the fake mail server at which issued tokens are to be valid; its certificate authority and clock serve
            here as well.
        service: what answers; a fresh one unless given.
        host, port: where to listen; port 0 takes a free one.
        authority, certificate, hostnames: as of ``FakeServer``.
    """

    def __init__(
        self,
        smtp: FakeServer | None = None,
        service: TokenService | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        authority: Authority | None = None,
        certificate: str = "good",
        hostnames: Sequence[str] = (),
    ) -> None:
        self.service = service or TokenService()
        if smtp:
            self.service.on_token = smtp.accept_token
            self.service.clock = smtp.clock
        shared = authority or (smtp.authority if smtp else None)
        self.authority = shared or Authority(["localhost", "127.0.0.1", *hostnames])
        self.behaviour = Behaviour()
        self.requests: list[Request] = []
        self.host, self.port = host, port
        self._context = server_context(self.authority.server(certificate))
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def ca_der(self) -> bytes:
        """The root to trust."""
        return self.authority.root_der

    @property
    def url(self) -> str:
        """``https://localhost:…/{tenant}/oauth2/v2.0/``, to which ``token`` and ``devicecode`` are added."""
        return f"https://localhost:{self.port}/{self.service.tenant}/oauth2/v2.0/"

    def __enter__(self) -> FakeOAuth:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address or the port is not available.
        """
        self._server = _Server((self.host, self.port), self, self._context)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="fake-oauth")
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end what stalls; may be called twice."""
        self.behaviour.released.set()
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], endpoint: FakeOAuth, context: ssl.SSLContext) -> None:
        self.endpoint = endpoint
        self._context = context
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = self.socket.accept()
        connection.settimeout(30)
        # The handshake runs in the handler's thread, at its first read.
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Report nothing: a client that refuses the certificate or hangs up is what this server is for."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing to stderr; see ``FakeOAuth.requests``."""

    def do_GET(self) -> None:
        self._send(405, b'{"error":"method_not_allowed"}')

    def do_POST(self) -> None:
        endpoint = self.server.endpoint
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._send(413, b'{"error":"too_large"}')
            return
        form = dict(parse_qsl(self.rfile.read(length).decode("utf-8", "replace"), keep_blank_values=True))
        status, answer = endpoint.service.answer(self.path, form)
        shown = {name: "[masked]" if name in _SECRET else value for name, value in form.items()}
        endpoint.requests.append(Request(self.path, shown, status, str(answer.get("error", ""))))
        self._send(status, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        behaviour = self.server.endpoint.behaviour
        body = (behaviour.body or body) + b" " * behaviour.padding
        self.send_response(behaviour.status or status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        if behaviour.retry_after:
            self.send_header("Retry-After", str(behaviour.retry_after))
        if behaviour.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif behaviour.framing == "length":
            self.send_header("Content-Length", str(len(body)))
        if behaviour.framing == "close":
            self.send_header("Connection", "close")
        self.end_headers()
        if behaviour.stall:
            self.wfile.write(body[: len(body) // 2])
            behaviour.released.wait()
            self.close_connection = True
        elif behaviour.framing == "chunked":
            for at in range(0, len(body), behaviour.chunk):
                piece = body[at : at + behaviour.chunk]
                self.wfile.write(b"%x;umail=1\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\nX-Trailer: 1\r\n\r\n")
        else:
            self.wfile.write(body)
