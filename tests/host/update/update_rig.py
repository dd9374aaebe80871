"""A board that takes updates: who publishes for it and hands it out, and what it is put together from."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import planted
from host.firmware.firmware_rig import PASSWORD, ROOT, Rig, settings
from umail_host import paths
from umail_host.deploy import image, transfer
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.fleet import keys
from umail_host.provision.fleet import Fleet
from umail_host.settings import Settings
from umail_host.update import bundle, record, server
from umail_host.update import publish as publishing
from umail_host.virtual_board import VirtualBoard

BOARD = "240ac4c0ffee"
KEY = bytes(range(32))
# As main.py, but that Ctrl-C has less time, and that a trial looks and a crash restarts sooner.
MAIN = b"""import switch
switch.main()
from alertnode import start
start.WINDOW = 200
start.CRASH_PAUSE = 0
from alertnode import trial
trial.FIRST = 1
start.main()
"""


class Publisher:
    """Publishes for one board, and hands it out."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.file = folder / "fleet.toml"
        self.out = folder / "out"
        self.seen: list[str] = []

    def publish(self, config: Mapping[str, Any], ca: bytes, entry: Mapping[str, Any] | None = None, **more: Any) -> int:
        """Publish ``config``, with more keys of its ``entry``; return the version."""
        (self.folder / "root.der").write_bytes(ca)
        whole = {**config, "id": BOARD, "board": "virtual", "files": {ROOT: "root.der"}, **(entry or {})}
        lines = [f"{key} = {toml(value)}" for key, value in whole.items()]
        self.file.write_text("[[board]]\n" + "\n".join(lines) + "\n", encoding="utf-8")
        order = publishing.Order(Fleet(self.file), self.out, **more)
        (outcome,) = publishing.publish(order, lambda outcome: None)
        assert outcome.what == "published"
        return outcome.version

    def put(self, octets: bytes) -> None:
        """Hand ``octets`` out as the board's bundle."""
        record.write(self.out / bundle.name(KEY), octets)

    def seal(self, version: int, files: Mapping[str, bytes], code: bool = False, board: str = BOARD) -> bytes:
        """Return a bundle that no `umail update publish` would make."""
        return bundle.seal(KEY, board, version, files, {}, code)


def toml(value: Any) -> str:
    """Write a value as TOML has it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def publishing_for(board: str, folder: Path) -> Iterator[Publisher]:
    """Give who publishes for ``board``, whose key is known, and hands it out."""
    keys.put(board, KEY)
    (folder / "out").mkdir(parents=True)
    seen: list[str] = []
    with server.Server(folder / "out", "127.0.0.1", 0, seen.append) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        made = Publisher(folder, f"http://127.0.0.1:{serving.server_address[1]}")
        made.seen = seen
        yield made
        serving.shutdown()


def everything() -> dict[str, bytes]:
    """All modules that there are: what a configuration needs is left to the tests of deploying."""
    built = image.build(boards.load("virtual"))
    return built | image.package(paths.firmware() / "alertnode", image.FIRMWARE)


def installed(folder: Path, kind: str = "virtual", romfs: int = 0) -> Path:
    """Make the flash of a board that takes updates, without a configuration.

    One that is not ``virtual`` has what `with_update` needs, as its flash has no room for two of all.
    """
    found = everything()
    if kind != "virtual" or romfs:
        needs = Settings.of(settings(SimpleNamespace(port=587), update={"url": "http://localhost"}))
        found = image.build(boards.load(kind), needs=needs, keyed=True)
    with VirtualBoard(folder, kind, romfs=romfs) as virtual, Board(virtual.port) as board:
        board.enter()
        fixed = {f"/{name}": (paths.firmware() / name).read_bytes() for name in image.SWITCH}
        transfer.deploy(board, found | fixed | {"/main.py": MAIN}, rom=bool(romfs))
    return folder


def with_update(node: Rig, publisher: Publisher, **changes: Any) -> dict[str, Any]:
    """A configuration that asks ``publisher`` all the time."""
    return settings(node.server, update={"url": publisher.url, "every": 0.001}, **changes)


def start(node: Rig, config: Mapping[str, Any]) -> None:
    """Start the board with ``config`` and its secrets, the fleet's key among them."""
    secrets = {"mail_password": PASSWORD, "wifi_password": planted.WIFI_PASSWORD, "fleet_key": KEY.hex()}
    node.start(config, secrets=secrets)
