"""A web server on loopback that a mail server asks who may log in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class HttpAnswers:
    """Answers each request with headers and a body, made by ``answer`` from the request's headers and body.

    While it is not ``well``, each request gets 500.
    """

    well = True

    def __init__(self, answer: Callable[[Mapping[str, str], bytes], tuple[dict[str, str], bytes]]) -> None:
        this = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if not this.well:
                    self.send_error(500)
                    return
                headers, body = answer(self.headers, self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: passwords and tokens are among it."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
