"""`"ping"`: a GET over verified TLS after a board's mails went; nothing if they did not, and no harm if it fails."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.firmware.firmware_rig import PASSWORD, Rig, rig, settings
from umail_host.fake_smtp.server.tls import Authority

PATH = "/5b2e0c1e-ping"
TRUST = "/certs/ping.der"


class Pinged:
    """A service that is pinged over TLS; ``asked`` is what came."""

    def __init__(self, authority: Authority, folder: Path, status: int) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.came = threading.Event()
        heard = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heard.asked.append((self.command, self.path, str(self.headers["Host"])))
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")
                heard.came.set()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        leaf = authority.root.issue_cert("localhost")
        pem = folder / "ping.pem"
        pem.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text
        # Whoever knows it can say that all is well.
        assert PATH not in made.board.console.text


@pytest.fixture
def authority() -> Authority:
    return Authority(["localhost"])


@pytest.fixture
def pinged(authority: Authority, tmp_path: Path) -> Iterator[Pinged]:
    made = Pinged(authority, tmp_path, 200)
    yield made
    made.close()


def start(node: Rig, port: int, root: bytes, **more: Any) -> None:
    node.celsius = 35
    config = settings(node.server, ping=f"https://localhost:{port}{PATH}", ping_trust=TRUST, **more)
    node.start(config, {TRUST: root})


def test_a_mail_that_was_taken_is_followed_by_a_ping(node: Rig, pinged: Pinged, authority: Authority) -> None:
    start(node, pinged.port, authority.root_der)
    node.wait_for("alert mailed")
    assert pinged.came.wait(15)
    assert pinged.asked == [("GET", PATH, f"localhost:{pinged.port}")]
    assert "did not succeed" not in node.board.console.text


def test_a_mail_that_was_refused_is_not(node: Rig, pinged: Pinged, authority: Authority) -> None:
    start(
        node, pinged.port, authority.root_der, mail={**settings(node.server)["mail"], "username": "other@contoso.com"}
    )
    node.wait_for("alert not mailed")
    node.wait_for("35 °C")
    assert pinged.asked == []


def test_a_certificate_that_does_not_hold_gets_no_ping_and_mails_go_on(node: Rig, pinged: Pinged) -> None:
    start(node, pinged.port, Authority(["localhost"]).root_der)
    node.wait_for("alert mailed")
    node.wait_for("the ping of localhost did not succeed: starttls")
    assert pinged.asked == []
    node.celsius = 20
    node.wait_for("recovery mailed")


def test_an_answer_that_is_no_success_is_told(node: Rig, authority: Authority, tmp_path: Path) -> None:
    made = Pinged(authority, tmp_path, 404)
    try:
        start(node, made.port, authority.root_der)
        node.wait_for("the ping of localhost did not succeed: HTTP 404")
    finally:
        made.close()
