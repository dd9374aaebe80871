"""The page opens by itself if there is a screen and no token, and the terminal says where it is in any case."""

from __future__ import annotations

import io
import webbrowser

import pytest
from rich.console import Console

from umail_host import pages
from umail_host.fake_smtp import FakeServer
from umail_host.web.server import WebServer


@pytest.mark.parametrize(
    ("screen", "asked", "token", "opens"),
    [(True, True, "", True), (True, False, "", False), (False, True, "", False), (True, True, "t0ken", False)],
    ids=["a screen", "--no-open", "no screen", "a token, which the process list would show"],
)
def test_the_page_opens_by_itself_and_the_terminal_says_its_url(monkeypatch, screen, asked, token, opens):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(pages.sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if screen:
        monkeypatch.setenv("DISPLAY", ":0")
    told = io.StringIO()
    server = FakeServer("generic", capture=False)
    with WebServer(server, host="0.0.0.0" if token else "127.0.0.1", token=token) as web:
        pages.show(web, Console(file=told, width=200), open_it=asked)
        assert f"page: {web.url}\n" in told.getvalue()
        assert opened == ([web.url] if opens else [])
