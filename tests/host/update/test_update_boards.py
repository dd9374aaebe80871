"""Updates over the network, end to end: published, taken by a virtual board, and taken back if it is no good."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import planted
from host.firmware.firmware_rig import PASSWORD, ROOT, Rig, rig, settings, stored
from umail_host.deploy import image, transfer
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.fleet import keys
from umail_host.provision.fleet import Fleet
from umail_host.settings import Settings
from umail_host.update import publish as publishing
from umail_host.update import server
from umail_host.virtual_board import VirtualBoard

BOARD = "240ac4c0ffee"
KEY = bytes(range(32))
# As main.py, but that Ctrl-C has less time, and that a trial looks and a crash restarts sooner.
MAIN = b"""import switch
switch.main()
from alertnode import start
start.WINDOW = 200
start._CRASH_PAUSE = 0
start.main()
"""


class Publisher:
    """Publishes for one board, and hands it out."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.file = folder / "fleet.toml"
        self.out = folder / "out"
        self.seen: list[str] = []

    def publish(self, config: Mapping[str, Any], ca: bytes, **more: Any) -> int:
        """Publish ``config``; return the version."""
        (self.folder / "root.der").write_bytes(ca)
        entry = {**config, "id": BOARD, "board": "virtual", "files": {ROOT: "root.der"}}
        lines = [f"{key} = {_toml(value)}" for key, value in entry.items()]
        self.file.write_text("[[board]]\n" + "\n".join(lines) + "\n", encoding="utf-8")
        order = publishing.Order(Fleet(self.file), self.out, **more)
        (outcome,) = publishing.publish(order, lambda outcome: None)
        assert outcome.what == "published"
        return outcome.version


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("UMAIL_FLEET_KEYS", str(tmp_path / "keys.json"))
    keys.put(BOARD, KEY)
    folder = tmp_path / "published"
    (folder / "out").mkdir(parents=True)
    seen: list[str] = []
    with server.Server(folder / "out", "127.0.0.1", 0, seen.append) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        made = Publisher(folder, f"http://127.0.0.1:{serving.server_address[1]}")
        made.seen = seen
        yield made
        serving.shutdown()


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    """A board with all that takes updates, and no configuration."""
    folder = tmp_path_factory.mktemp("update") / "flash"
    with VirtualBoard(folder) as virtual, Board(virtual.port) as board:
        board.enter()
        switch = (boards_firmware() / "switch.py").read_bytes()
        transfer.deploy(board, image.build(boards.load("virtual")) | {"/main.py": MAIN, "/switch.py": switch})
    return folder


def boards_firmware() -> Path:
    from umail_host import paths

    return paths.firmware()


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text


def with_update(node: Rig, publisher: Publisher, **changes: Any) -> dict[str, Any]:
    return settings(node.server, update={"url": publisher.url, "every": 0.001}, **changes)


def start(node: Rig, config: Mapping[str, Any]) -> None:
    secrets = {"mail_password": PASSWORD, "wifi_password": planted.WIFI_PASSWORD, "fleet_key": KEY.hex()}
    node.start(config, secrets=secrets)


def test_what_is_published_is_taken_tried_and_kept_and_the_board_says_so(node: Rig, publisher: Publisher) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    version = publisher.publish(config | {"board_name": "freezer-9"}, node.server.ca_der)
    node.wait_for(f"update {version} is there", 40)
    node.wait_for(f"update {version} runs", 40)
    (told,) = node.server.inbox.wait(1, 20)
    assert told["Subject"] == f"freezer-9: update {version} runs"
    node.wait_for("nothing new", 30)
    assert any(" 304 " in line for line in publisher.seen)
