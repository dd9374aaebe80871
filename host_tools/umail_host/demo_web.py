"""`umail demo --web`: virtual boards, their network and a fake Microsoft 365 in a browser, to be played with."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from umail_host import pages
from umail_host.demo_stage import TRUST, USER, configuration
from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.faults.toxics import Proxy
from umail_host.virtual_board import VirtualBoard

if TYPE_CHECKING:
    from umail_host.web.boards import Boards
    from umail_host.web.server import WebServer

PIN, COLD = 4, 5.0
_KEPT = 500


@dataclass(frozen=True)
class Playground:
    """What runs: the server, the boards and the page."""

    server: FakeServer
    boards: Boards
    page: WebServer


def run(number: int, limit: float, hysteresis: float, name: str, port: int, console: Console, open_it: bool) -> None:
    """Run boards and page until Ctrl-C.

    Raises:
        UserError: the extra ``web`` or MicroPython is missing, or the port is not available.
    """
    ended = threading.Event()
    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, lambda *_: ended.set())
    with playground(number, limit, hysteresis, name, port, console) as found:
        console.print(Text(f"fake Microsoft 365 (submission) on {found.server.hostname}:{found.server.port}"))
        console.print(Text(f"boards {', '.join(found.boards.names)}; all is deleted at the end; Ctrl-C ends"))
        pages.show(found.page, console, open_it)
        while not ended.wait(0.2):
            pass


def _cold_board(flash: Path, index: int, wifi: str) -> VirtualBoard:
    """Return a board that a Wi-Fi with the password ``wifi`` and a thermometer wait for."""
    board = VirtualBoard(flash, "virtual", unique_id=f"240ac4c0ff{index:02x}")
    board.wifi.ssid, board.wifi.password = "demo", wifi
    thermometer = board.sensors.ds18b20(PIN)
    thermometer.celsius, thermometer.conversion = COLD, 0.01
    return board


def _given(title: str, limit: float, hysteresis: float) -> dict[str, Any]:
    """Return what is configured on the board called ``title``, but for its mail."""
    return {
        "board_name": title,
        "wifi": {"ssid": "demo", "timeout": 5},
        "sensor": {"type": "ds18b20", "pin": PIN},
        "rules": [{"name": "temperature", "when": "above", "limit": limit, "hysteresis": hysteresis}],
        "interval": 1,
    }


@contextlib.contextmanager
def playground(
    number: int,
    limit: float,
    hysteresis: float,
    name: str,
    port: int = 0,
    console: Console | None = None,
    installed: Path | None = None,
) -> Iterator[Playground]:
    """Run a fake Microsoft 365, ``number`` boards with a thermometer, each behind a network of its own, and the page.

    The first board is called ``name``; the others have a number behind it. The firmware is deployed once and
    copied; ``installed`` is a folder with the flash of a board that has it already.
    """
    from umail_host.web.boards import Boards, Shown

    console = console or Console(quiet=True)
    password, wifi = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    server = FakeServer("m365-submission", mailboxes={USER: password}, capture=False, keep=_KEPT)
    shown = Boards()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="umail-demo-")))
        page = stack.enter_context(pages.page(server, "127.0.0.1", port, console, shown))
        stack.enter_context(server)
        for index in range(number):
            title = name if index == 0 else f"{name}-{index + 1}"
            network = stack.enter_context(Proxy(server.port))
            flash = folder / str(index)
            if installed is not None:
                shutil.copytree(installed, flash)
            board = stack.enter_context(_cold_board(flash, index, wifi))
            config = configuration(server, _given(title, limit, hysteresis), network.port)
            console.print(f"deploying to {title} …")
            with maintenance.held(board.port, reset=False) as link:
                built = image.build(boards.load("virtual"), config=config, extra_files={TRUST: server.ca_der})
                transfer.deploy(link, built, secrets={"mail_password": password, "wifi_password": wifi})
            if installed is None and number > 1:
                board.power_off()
                installed = folder / "installed"
                shutil.copytree(flash, installed)
                board.power_on()
            shown.add(title, Shown(board, flash, limit, hysteresis, "°C", PIN, network))
            board.hard_reset()
        yield Playground(server, shown, page)
