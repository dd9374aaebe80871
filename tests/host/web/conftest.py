"""A fake server with its page, and a real Chromium that looks at it."""

from __future__ import annotations

import contextlib
import email.message
import email.utils
import json
import os
import shutil
import smtplib
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.web.server import WebServer

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]
HOW = "needs a Chromium: apt-get install chromium, or UMAIL_CHROMIUM=path"


class Site:
    """A running page and its server."""

    def __init__(self, server: FakeServer, web: WebServer) -> None:
        self.server, self.web = server, web

    @property
    def url(self) -> str:
        return f"http://localhost:{self.web.port}"

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, Any]:
        """The status, and the JSON or the bytes of the answer."""
        data = None if body is None else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=names)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, octets, kind = answer.status, answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            status, octets, kind = error.code, error.read(), error.headers["Content-Type"]
        return status, json.loads(octets) if "json" in (kind or "") else octets

    def described(self, path: str, template: str = "") -> Any:
        """The JSON of a GET; it is as OpenAPI describes it."""
        status, found = self.ask(f"/api/v1{path}")
        assert status == 200, found
        api = self.ask("/api/v1/openapi.json")[1]
        answer = api["paths"][f"/api/v1{template or path.partition('?')[0]}"]["get"]["responses"]["200"]
        schema = answer["content"]["application/json"]["schema"]
        assert schema
        jsonschema.validate(found, {**schema, "components": api["components"]})
        return found

    def send(self, *mails: bytes, to: str = "ops@contoso.com") -> list[str]:
        """Deliver mails over one connection; their ids, once they are in the index."""
        _, before = self.ask("/api/v1/server")
        with smtplib.SMTP("localhost", self.server.port, local_hostname="test.example", timeout=20) as client:
            client.starttls(context=self.server.ssl_context)
            client.login(USER, PASSWORD)
            for mail in mails:
                client.sendmail(USER, [to], mail if b"\r\n" in mail else mail.replace(b"\n", b"\r\n"))
        status, found = self.ask(f"/api/v1/wait?count={before['mails'] + len(mails)}&timeout=20")
        assert status == 200, found
        return [mail["id"] for mail in found["mails"][: len(mails)]][::-1]


def mail(subject: str = "Freezer 3: -9 °C", text: str = "Is the door open?", **more: str) -> bytes:
    """A mail of plain ASCII headers but for the subject."""
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = USER, "ops@contoso.com", subject
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = more.pop("message_id", email.utils.make_msgid(domain="contoso.com"))
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    server = FakeServer("generic", mailboxes={USER: PASSWORD}, maildir=tmp_path / "Maildir", keep=1000, capture=False)
    web = WebServer(server)
    with web, server:
        yield Site(server, web)


class Evil:
    """The host that hostile mails speak of: whoever connects to it is noted, even if it says nothing."""

    def __init__(self) -> None:
        self.heard: list[bytearray] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def forget(self) -> None:
        """Forget who came, once nobody has come for a second: a browser opens spare connections, and some late."""
        before = -1
        while before != len(self.heard):
            before = len(self.heard)
            time.sleep(1)
        self.heard.clear()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                said = bytearray()
                self.heard.append(said)
                threading.Thread(target=self._answer, args=(connection, said), daemon=True).start()

    def _answer(self, connection: socket.socket, said: bytearray) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            said += connection.recv(500)
            connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="session")
def evil() -> Iterator[Evil]:
    host = Evil()
    yield host
    host.close()


# For a module: as long as Playwright runs, no other test of this process can run a loop of its own.
@pytest.fixture(scope="module")
def chromium(evil: Evil) -> Iterator[Browser]:
    path = os.environ.get("UMAIL_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip(HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, f"--host-resolver-rules=MAP evil.example 127.0.0.1:{evil.port}"]
        )
        yield browser
        browser.close()


class Watched:
    """A page whose requests and errors are kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def watched(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A page of a new browser context; the marker's arguments are the context's."""
    options = getattr(request, "param", {})
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
    context.set_default_timeout(15_000)
    yield Watched(context.new_page())
    context.close()
