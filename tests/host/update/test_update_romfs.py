"""A board whose program lies in a ROMFS: an update brings another one, which the switch writes, and takes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, Rig, rig
from host.update.update_rig import (
    BOARD,
    KEY,
    MAIN,
    Publisher,
    everything,
    installed,
    start,
    with_update,
)
from umail_host import paths
from umail_host.deploy import image, romfs
from umail_host.device.board import Board
from umail_host.update import bundle

SIZE = 512 * 1024


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    """A board with library and firmware in its ROMFS."""
    return installed(tmp_path_factory.mktemp("romfs") / "flash", romfs=SIZE)


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board", romfs=SIZE) as made:
        yield made
        assert PASSWORD not in made.board.console.text


def in_rom(node: Rig, path: str) -> bytes:
    """What lies at ``path`` of the board's ROMFS."""
    with Board(node.board.port) as link:
        link.enter()
        return bytes(link.get(path))


def test_another_program_is_written_into_the_romfs_and_runs(node: Rig, publisher: Publisher) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    version = publisher.publish(config | {"language": "de"}, node.server.ca_der, {"romfs": True})
    node.wait_for(f"update {version} is there", 60)
    # It speaks German: what runs is the new one.
    node.wait_for(f"Update {version} läuft", 60)
    assert node.subjects(1, 60) == [f"Update {version} läuft (freezer-3)"]


def test_one_that_crashes_is_taken_back_with_the_whole_romfs(node: Rig, publisher: Publisher) -> None:
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    name = f"{image.FIRMWARE}/rulebook.mpy"
    good = in_rom(node, f"/rom{name}")
    node.board.hard_reset()
    source = (paths.firmware() / "alertnode" / "rulebook.py").read_bytes()
    broken = image.compile_module(source + b"\n\ndef make(*_):\n    raise MemoryError('by the test')\n", "rulebook.py")
    ours = (f"{image.LIBRARY}/", f"{image.FIRMWARE}/")
    files = {f"/rom{path}": octets for path, octets in everything().items() if path.startswith(ours)}
    files[f"/rom{name}"] = broken
    publisher.put(bundle.seal(KEY, BOARD, 7, {"/rom": romfs.build(files)}, {}, True))
    node.wait_for("update 7 is there", 60)
    node.wait_for("update 7 was taken back", 90)
    (mail,) = node.server.inbox.wait(1, 30)
    assert "it crashed (MemoryError('by the test',))" in mail.get_content()
    assert in_rom(node, f"/rom{name}") == good


# Stops before the switch takes what is ready, until there is a file /go.
HELD = b"""import os, switch
if (switch.load() or {}).get("phase") == "ready" and "go" not in os.listdir("/"):
    print("held before the switch")
    raise SystemError
"""


def test_a_power_cut_while_the_romfs_is_written_is_made_good_at_the_next_start(node: Rig, publisher: Publisher) -> None:
    with Board(node.board.port) as link:
        link.enter()
        link.put("/main.py", HELD + MAIN)
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    version = publisher.publish(config | {"language": "de"}, node.server.ca_der, {"romfs": True})
    node.wait_for("held before the switch", 60)
    with Board(node.board.port) as link:
        link.enter()
        link.put("/go", b"")
    # First while it erases, then while it writes.
    node.board.cut_power_at_write(20)
    node.board.hard_reset()
    for following in (90, 0):
        until = time.monotonic() + 60
        while node.board.powered and time.monotonic() < until:
            time.sleep(0.02)
        assert not node.board.powered
        node.board.cut_power_at_write(following)
        node.board.power_on()
    node.wait_for(f"Update {version} läuft", 60)
    assert node.subjects(1, 60) == [f"Update {version} läuft (freezer-3)"]


def test_files_for_a_board_without_one_are_refused_by_name_and_the_other_way_round(
    node: Rig, publisher: Publisher
) -> None:
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    publisher.put(bundle.seal(KEY, BOARD, 7, {"/lib/alertnode/more.py": b""}, {}, True))
    node.wait_for("update refused: its program lies in a ROMFS: say romfs = true for it in the fleet's file", 30)
