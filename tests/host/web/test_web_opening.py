"""The page opens by itself if there is a screen and no token, and the terminal says where it is in any case."""

from __future__ import annotations

import io
import json
import subprocess
import sys
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


def test_a_server_with_its_page_loads_nothing_of_what_deploys_asks_the_dns_or_runs_boards():
    code = (
        "import contextlib, io, json, sys\n"
        "from umail_host.cli import main\n"
        "sys.argv = ['umail', 'serve', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main()\n"
        "import umail_host.web.server\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout))
    assert "umail_host.commands.serve" in loaded
    unneeded = {f"umail_host.{name}" for name in ("deploy", "virtual_board", "doctor", "settings")}
    unneeded |= {"mpremote", "serial", "dns", "nh3"}
    assert loaded & unneeded == set()
