"""The alert node on a virtual board beside a fake Microsoft 365: put together once, copied for each test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import planted
from umail_host.deploy import image, transfer
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.fake_smtp import FakeServer
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

USER, PASSWORD, WIFI_PASSWORD = "esp32@contoso.com", planted.MAIL_PASSWORD, planted.WIFI_PASSWORD
ROOT = "/certs/test.der"
PIN = 4
# As main.py, but that Ctrl-C has less time to stop the start: many tests wait for it.
MAIN = b"from alertnode import start\n\nstart.WINDOW = 200\nstart.main()\n"


def installed(folder: Path, kind: str = "virtual", romfs: int = 0, config: Mapping[str, Any] | None = None) -> Path:
    """Make a folder with the flash of a board that holds library and firmware, and no configuration.

    ``romfs`` is the size of its ROMFS partition, from which both run then; with ``config`` only what it needs is there.
    """
    with VirtualBoard(folder, kind, romfs=romfs) as virtual, Board(virtual.port) as board:
        board.enter()
        transfer.deploy(board, _image(kind, config) | {"/main.py": MAIN}, rom=bool(romfs))
    return folder


def _image(kind: str, config: Mapping[str, Any] | None) -> dict[str, bytes]:
    """Return what ``config`` needs, or all; of all, for a Pico W, whose flash is small, what these tests need."""
    spec = boards.load(kind)
    if config is not None:
        return image.build(spec, config=Settings.of(config))
    if kind != "RPI_PICO_W":
        return image.build(spec)
    found: dict[str, bytes] = {}
    for more in ({}, {"battery": {"budget": 30}}, {"sensor": {"type": "trace", "path": "/trace.csv"}}):
        found |= image.build(spec, needs=Settings.of(settings(SimpleNamespace(port=587), **more)))
    return found


def settings(server: FakeServer | SimpleNamespace, **changes: Any) -> dict[str, Any]:
    """A configuration that reads a DS18B20 and mails to ``server``; ``changes`` replace its sections."""
    return {
        "board_name": "freezer-3",
        "wifi": {"ssid": "lab", "timeout": 2},
        "mail": {
            "route": "m365.submission",
            "username": USER,
            "to": ["ops@contoso.com"],
            "host": "localhost",
            "port": server.port,
            "trust": ROOT,
            "timeout": 5,
            "deadline": 10,
        },
        "sensor": {"type": "ds18b20", "pin": PIN},
        "rules": [{"name": "temperature", "when": "above", "limit": 30, "hysteresis": 1}],
        "interval": 0.2,
        "clock": {"ntp": "time.example", "zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
        "watchdog": 20,
    } | changes


def stored(link: Board, name: str) -> str:
    """The secret of that name on a board in its raw REPL, "" if it has none.

    It comes scrambled: whatever stands on a console is searched for secrets (see secrets_watch.py).
    """
    link.exec("from alertnode import secrets")
    octets: bytes = link.eval(f"bytes(c ^ 1 for c in (secrets.get({name!r}) or '').encode())")
    return bytes(c ^ 1 for c in octets).decode()


class Rig:
    """One board and its surroundings.

    Attributes:
        board: the VirtualBoard; server: the FakeServer.
    """

    def __init__(self, board: VirtualBoard, server: FakeServer) -> None:
        self.board, self.server = board, server

    def start(
        self,
        config: Mapping[str, Any] | None,
        files: Mapping[str, bytes] | None = None,
        secrets: Mapping[str, str] | None = None,
        prepare: str = "",
    ) -> None:
        """Give the board its configuration, files and secrets, and reset it; ``prepare`` runs on the board before."""
        if secrets is None:
            secrets = {"mail_password": PASSWORD, "wifi_password": WIFI_PASSWORD}
        with Board(self.board.port) as link:
            link.enter()
            for path, data in {ROOT: self.server.ca_der, **(files or {})}.items():
                link.make_folder(path.rpartition("/")[0])
                link.put(path, data)
            if config is not None:
                link.put("/config.json", json.dumps(config, ensure_ascii=False).encode())
            link.exec("from alertnode import secrets")
            for name, value in secrets.items():
                link.exec(f"secrets.put({name!r}, {value!r})")
            if prepare:
                link.exec(prepare)
        self.board.console.skip()
        self.board.hard_reset()

    def wait_for(self, text: str, timeout: float = 15) -> str:
        """What the board prints up to ``text``."""
        return self.board.wait_for(text, timeout)

    def subjects(self, count: int, timeout: float = 15) -> list[str]:
        """Subjects of the mails that arrived, once there are ``count``."""
        return [str(message["Subject"]) for message in self.server.inbox.wait(count, timeout)]

    @property
    def celsius(self) -> float:
        """The temperature at the board's sensor."""
        return self.board.sensors.ds18b20(PIN).celsius

    @celsius.setter
    def celsius(self, value: float) -> None:
        self.board.sensors.ds18b20(PIN).celsius = value


@contextmanager
def rig(
    flash: Path,
    folder: Path,
    on_console: Callable[[bytes], None] | None = None,
    sleep_speed: float = 1000,
    romfs: int = 0,
    kind: str = "virtual",
    heap: int | None = None,
    **server: Any,
) -> Iterator[Rig]:
    """A Rig on a copy of the flash in the folder ``flash``.

    ``kind`` is the board's name; ``sleep_speed`` how many times faster than real time it sleeps; ``romfs`` the size
    of its ROMFS partition; ``heap`` its heap in bytes, if not the board's own; ``server`` are switches of the fake
    server.
    """
    shutil.copytree(flash, folder)
    with (
        FakeServer(mailboxes={USER: PASSWORD}, **server) as mail,
        VirtualBoard(folder, kind, heap=heap, on_console=on_console, sleep_speed=sleep_speed, romfs=romfs) as board,
    ):
        board.sensors.ds18b20(PIN).conversion = 0.01
        board.wifi.ssid, board.wifi.password = "lab", WIFI_PASSWORD
        yield Rig(board, mail)
