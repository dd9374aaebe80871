"""Every program of examples/ runs on a board as it stands there, its mails arrive, and the cookbook shows it."""

from __future__ import annotations

import re
import shutil
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hil_node import TRUST, Online
from host.firmware.firmware_rig import installed
from made_once import made_once
from umail_host.device.board import Board as BoardLink
from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer
from umail_host.hil.dut import Dut
from umail_host.hil.network import Wifi
from umail_host.virtual_board import VirtualBoard

pytestmark = [pytest.mark.hil, pytest.mark.virtual_only, pytest.mark.needs("umail")]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cookbook.md"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ENDLESS = ROOT / "examples" / "home_assistant_down.py"
LOOP = ROOT / "examples" / "freezer_loop.py"
RECIPES = [path for path in EXAMPLES if path not in (ENDLESS, LOOP)]
MAILS = {"one_connection": 3}
MAILBOXES = {"me@gmail.com": "an app password", "esp32@contoso.com": "its password"}
# The recipes name the real providers: here their routes lead to the fake server.
ELSEWHERE = """
from umail import m365, oauth, routes
def here(function, **there):
    def call(*arguments, **named):
        named.update(there)
        return function(*arguments, **named)
    return call
m365.submission = here(m365.submission, host="localhost", port=%(port)d, trust=%(trust)r)
routes.gmail = here(routes.gmail, host="localhost", port=%(port)d, trust=%(trust)r)
oauth.ClientCredentials = here(oauth.ClientCredentials, host="localhost", port=%(oauth)d, trust=%(trust)r)
"""


@pytest.fixture
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    """The flash of a board that holds the library; to be copied."""
    return made_once(tmp_path_factory, "flash", installed)


@pytest.mark.parametrize("example", RECIPES, ids=lambda path: path.stem)
def test_an_example_does_what_it_says(board: Dut, wifi: Wifi, example: Path, serve: Callable[..., FakeServer]) -> None:
    code = example.read_text(encoding="utf-8")
    server = serve("gmail" if "gmail" in code else "m365-submission")
    server.policy.mailboxes.update(MAILBOXES)
    wifi.join()
    Online(board, server, "localhost")
    board.put("/log.csv", b"time,value\n12:00,-18.2\n")
    with FakeOAuth(server) as endpoint:
        names = {"port": server.port, "trust": TRUST, "oauth": endpoint.port}
        service = endpoint.service
        recipe = code.replace("client id", service.client_id).replace("client secret", service.client_secret)
        board.exec(ELSEWHERE % names)
        board.exec(recipe.replace('Credentials("contoso.com"', f'Credentials("{service.tenant}"'), timeout=60)
    mails = MAILS.get(example.stem, 1)
    assert len(server.inbox.wait(mails)) == mails
    if "WDT" in recipe:
        board.reset(hard=True)


def test_home_assistant_down_is_mailed_once_and_its_return_too(
    board: Dut, wifi: Wifi, serve: Callable[..., FakeServer]
) -> None:
    server = serve("m365-submission")
    server.policy.mailboxes.update(MAILBOXES)
    wifi.join()
    Online(board, server, "localhost")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = ENDLESS.read_text(encoding="utf-8").replace('"192.168.1.10", 8123', f'"127.0.0.1", {port}')
    code = code.replace("EVERY = 60", "EVERY = 0.1")
    assert f"{port}\nEVERY = 0.1" in code
    board.exec(ELSEWHERE % {"port": server.port, "trust": TRUST, "oauth": 1})
    board.begin(code)
    (mail,) = server.inbox.wait(1, 30)
    assert mail["Subject"] == "Home Assistant does not answer"
    with ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler) as back:
        threading.Thread(target=back.serve_forever, daemon=True).start()
        recovery = server.inbox.wait(2, 30)[1]
        back.shutdown()
    assert recovery["Subject"] == "Home Assistant is back"
    assert recovery["In-Reply-To"] == mail["Message-ID"]
    board.reset()


def test_the_loop_mails_an_excursion_and_its_end(tmp_path: Path, micropython: str, flash: Path) -> None:
    shutil.copytree(flash, tmp_path / "flash")
    with (
        FakeServer(mailboxes=MAILBOXES) as server,
        VirtualBoard(tmp_path / "flash") as virtual,
        BoardLink(virtual.port) as link,
    ):
        freezer = virtual.sensors.ds18b20(4)
        freezer.celsius, freezer.conversion = -18.0, 0.0
        virtual.wifi.ssid, virtual.wifi.password = "lab", "the Wi-Fi's password"
        link.enter()
        link.put("/main.py", LOOP.read_text(encoding="utf-8").replace("EVERY = 60", "EVERY = 0.1").encode())
        link.put("/root.der", server.ca_der)
        elsewhere = ELSEWHERE % {"port": server.port, "trust": "/root.der", "oauth": 1}
        link.put("/boot.py", elsewhere.encode())
        link.start()
        time.sleep(1)
        freezer.celsius = -11.5
        assert [mail["Subject"] for mail in server.inbox.wait(1, 30)] == ["Freezer: -11.5 °C, too warm"]
        freezer.celsius = -18.0
        assert server.inbox.wait(2, 30)[1]["Subject"] == "Freezer: -18.0 °C, cold again"


def test_the_cookbook_shows_every_example() -> None:
    shown = re.findall(r"^\[(examples/\w+\.py)\]\(\.\./\1\)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == [path.relative_to(ROOT).as_posix() for path in EXAMPLES]
    assert len(shown) >= 8
