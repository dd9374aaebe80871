"""What each `umail demo` on the console has: a virtual board, a fake Microsoft 365, and all they say shown."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from umail_host import terminal
from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.record.show import Show
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

USER, RECIPIENT = "esp32@contoso.com", "ops@contoso.com"
TRUST = "/certs/demo.der"  # where the server's root lies on a board


class Lines:
    """The board's console, line by line, once it is switched on."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self.on = False
        self.last = time.monotonic()
        self._show = show
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what the board prints, in its thread."""
        if not self.on:
            return
        self.last = time.monotonic()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._show(line.decode(errors="replace"))


@dataclass(frozen=True)
class Stage:
    """What runs, and how it is told.

    Attributes:
        spec: the board whose stand-in it is; server: the fake Microsoft 365; board: the virtual board; lines: its
            console; tell: prints a line, with a style of rich's.
    """

    spec: boards.BoardSpec
    server: FakeServer
    board: VirtualBoard
    lines: Lines
    tell: Callable[..., None]
    _console: Console
    _secrets: dict[str, str]

    def start(self, given: dict[str, Any], files: dict[str, bytes] | None = None) -> None:
        """Deploy the firmware with ``files``, and a configuration of this Wi-Fi and server with ``given``; reset."""
        config = configuration(self.server, given, cable=self.spec.cable)
        built = image.build(self.spec, config=config, extra_files={TRUST: self.server.ca_der, **(files or {})})
        with maintenance.held(self.board.port, reset=False) as link:
            self._deploy(link, built)
        self.lines.on = True
        self.board.console.skip()
        self.board.hard_reset()

    def _deploy(self, link: transfer.Link, built: dict[str, bytes]) -> None:
        with terminal.bar("deploying", console=self._console) as show:
            report = transfer.deploy(link, built, secrets=self._secrets, progress=show)
        size = f"{terminal.count(len(report.written), 'file')}, {report.octets / 1000:.1f} kB"
        self.tell(f"deployed with mpremote: {size}, each verified")


def configuration(server: FakeServer, given: dict[str, Any], port: int = 0, cable: bool = False) -> Settings:
    """Return what becomes /config.json: ``given``, completed by how ``server`` is reached.

    Args:
        port: where the server is reached; 0: its own.
        cable: the board has one, and uses that.
    """
    mail: dict[str, Any] = {"route": "m365.submission", "username": USER, "to": [RECIPIENT]}
    mail |= {"host": server.hostname, "port": port or server.port, "trust": TRUST}
    network = {"ethernet": {}} if cable else {"wifi": {"ssid": "demo"}}
    return Settings.of({**network, "mail": mail, "clock": {"ntp": "pool.ntp.org", "zone": "UTC0"}, **given})


@contextmanager
def stage(board_name: str, console: Console) -> Iterator[Stage]:
    """Run the server and the stand-in of a board under boards/, with secrets made for them, and show what they say.

    Raises:
        UserError: there is no such board.
    """
    spec = boards.load(board_name)
    mail_password, wifi_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    show = Show(console)

    def tell(text: str, style: str = "bold") -> None:
        console.print(Text(terminal.printable(text), style=style), soft_wrap=True)

    lines = Lines(lambda line: tell(f"board │ {line}", "bright_white"))
    with tempfile.TemporaryDirectory(prefix="umail-demo-") as folder:
        server = FakeServer(
            "m365-submission",
            mailboxes={USER: mail_password},
            on_entry=show.entry,
            on_delivery=show.delivery,
            capture=False,
        )
        show.masker = server.masker
        with server, VirtualBoard(Path(folder), board_name, on_console=lines.feed) as board:
            board.wifi.ssid, board.wifi.password = "demo", wifi_password
            stored = {"mail_password": mail_password, "wifi_password": wifi_password}
            yield Stage(spec, server, board, lines, tell, console, stored)
