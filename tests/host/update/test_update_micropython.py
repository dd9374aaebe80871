"""MicroPython itself by an update: published, fetched into the other slot, tried, kept, and taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, Rig, rig
from host.update.update_rig import BOARD, KEY, Publisher, installed, start, with_update
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.update import bundle, micropython
from umail_host.virtual_board import slots

OTA = "ESP32_GENERIC-OTA"
ENTRY = {"board": OTA}
RELEASE = "1.99.0"


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    """A board with two slots that takes updates, and no configuration."""
    return installed(tmp_path_factory.mktemp("ota") / "flash", OTA)


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board", kind=OTA) as made:
        yield made
        assert PASSWORD not in made.board.console.text


def release(folder: Path, *, panics: bool = False) -> Path:
    """An image of a newer MicroPython, which is more than one block and not whole ones."""
    file = folder / f"{OTA}-20261128-v{RELEASE}.app-bin"
    file.write_bytes(slots.image((1, 99, 0), panics=panics, octets=150_000))
    return file


def told(node: Rig, subject: str) -> str:
    """The text of the mail with that subject, which is the only one."""
    (mail,) = node.server.inbox.wait(1, 30)
    assert mail["Subject"] == subject
    return str(mail.get_content())


def runs(node: Rig) -> tuple[str, str]:
    """The label of the slot that runs, and the release there, as the board says."""
    with Board(node.board.port) as link:
        link.enter()
        code = "import sys\nfrom esp32 import Partition\nprint(Partition(1).info()[4], sys.implementation.version[:3])"
        label, _, version = link.exec(code).strip().partition(" ")
        return label, version


def test_micropython_is_fetched_tried_and_kept_and_the_board_says_so(
    node: Rig, publisher: Publisher, tmp_path: Path
) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    image = release(tmp_path)
    version = publisher.publish(
        config | {"board_name": "freezer-9"}, node.server.ca_der, ENTRY, micropython=image, code=False
    )
    node.wait_for(f"MicroPython {RELEASE} is fetched", 40)
    node.wait_for(f"update {version} is there", 40)
    node.wait_for(f"update {version} is on trial, start 1 of 3", 40)
    node.wait_for(f"update {version} runs", 40)
    assert f"MicroPython {RELEASE}" in told(node, f"Update {version} runs (freezer-9)")
    # An ESP32's heap has room for that mail.
    assert "MemoryError" not in node.board.console.text
    # It is marked as the one to stay.
    node.board.hard_reset()
    node.wait_for("nothing new", 40)
    assert runs(node) == ("ota_1", "(1, 99, 0)")
    # A later update with the same MicroPython is one of files alone.
    before = len(publisher.seen)
    node.board.hard_reset()
    again = publisher.publish(
        config | {"board_name": "freezer-8"}, node.server.ca_der, ENTRY, micropython=image, code=False
    )
    node.wait_for(f"update {again} runs", 60)
    assert sum(" 200 " in line for line in publisher.seen[before:]) == 1
    assert runs(node)[0] == "ota_1"


def test_one_that_does_not_even_start_is_taken_back_by_the_boot_loader_and_told(
    node: Rig, publisher: Publisher, tmp_path: Path
) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    was = runs(node)
    start(node, config)
    image = release(tmp_path, panics=True)
    version = publisher.publish(
        config | {"board_name": "freezer-9"}, node.server.ca_der, ENTRY, micropython=image, code=False
    )
    node.wait_for(f"update {version} was taken back", 60)
    assert "it was started 3 times and did not come as far as a login" in told(
        node, f"Update {version} was taken back (freezer-3)"
    )
    assert "Guru Meditation" in node.board.console.text
    assert runs(node) == was
    node.board.hard_reset()
    node.board.hard_reset()
    assert runs(node) == was


def test_one_whose_program_crashes_is_taken_back_with_its_files(
    node: Rig, publisher: Publisher, tmp_path: Path
) -> None:
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    image = micropython.read(release(tmp_path), boards.load(OTA))
    (publisher.out / image.file).write_bytes(image.sealed())
    files = {"/lib/alertnode/rulebook.py": b"raise MemoryError('by the test')\n", "/note.txt": b"new"}
    publisher.put(bundle.seal(KEY, BOARD, 7, files, {}, False, micropython=image))
    node.wait_for("update 7 was taken back", 60)
    assert "it crashed (MemoryError('by the test',))" in told(node, "Update 7 was taken back (freezer-3)")
    with Board(node.board.port) as link:
        link.enter()
        assert not link.exists("/note.txt")
        assert not link.exists("/lib/alertnode/rulebook.py")
    assert runs(node)[0] == "ota_0"
    node.board.hard_reset()
    node.board.hard_reset()
    assert runs(node)[0] == "ota_0"


def test_an_image_that_was_changed_on_its_way_is_refused_and_nothing_starts_from_it(
    node: Rig, publisher: Publisher, tmp_path: Path
) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    image = micropython.read(release(tmp_path), boards.load(OTA))
    octets = bytearray(image.sealed())
    octets[70_000] ^= 4
    # (What is there already is not written again.)
    (publisher.out / image.file).write_bytes(octets)
    changed = config | {"board_name": "freezer-9"}
    publisher.publish(changed, node.server.ca_der, ENTRY, micropython=release(tmp_path), code=False)
    node.wait_for("update refused: MicroPython came otherwise than it was published", 40)
    assert "Nothing was changed" in told(node, "Update refused (freezer-3)")
    assert runs(node)[0] == "ota_0"
    assert json.loads((tmp_path / "board" / "otadata.json").read_text()) == [
        {"seq": 1, "state": 2},
        {"seq": 0, "state": 3},
    ]


def test_a_board_with_one_slot_refuses_it_with_the_reason(tmp_path: Path, publisher: Publisher) -> None:
    folder = installed(tmp_path / "flash", "virtual")
    with rig(folder, tmp_path / "board") as node:
        start(node, with_update(node, publisher))
        node.wait_for("none for this board", 30)
        image = micropython.read(release(tmp_path), boards.load(OTA))
        publisher.put(bundle.seal(KEY, BOARD, 7, {}, {}, False, micropython=image))
        node.wait_for("update refused: this board has one slot for MicroPython", 30)
        assert "flash it by cable (umail flash)" in told(node, "Update refused (freezer-3)")


def test_an_image_is_handed_out_once_and_as_nothing_that_a_stranger_could_read(tmp_path: Path) -> None:
    image = micropython.read(release(tmp_path), boards.load(OTA))
    sealed = image.sealed()
    assert len(sealed) == len(image.octets)
    assert b"MicroPython" not in sealed
    assert image.file not in image.sha256
    assert micropython.read(release(tmp_path), boards.load(OTA)).file == image.file


@pytest.mark.parametrize(
    ("octets", "name", "board", "words"),
    [
        (b"text", "image.app-bin", OTA, "is not an image for an ESP32: get ESP32_GENERIC-OTA-DATE-vVERSION.app-bin"),
        (slots.image((1, 28, 0), chip=5), "image.app-bin", OTA, "is for esp32c3, ESP32_GENERIC-OTA has esp32"),
        (slots.image((1, 28, 0))[:-40], "image.app-bin", OTA, "is damaged (it is cut off)"),
        (slots.image((1, 21, 0)), "image.app-bin", OTA, "is MicroPython 1.21.0, umail needs 1.22 or newer"),
        (
            slots.image((1, 28, 0)),
            "ESP32_GENERIC-20260406-v1.28.0.app-bin",
            OTA,
            "is for ESP32_GENERIC by its name, not for ESP32_GENERIC-OTA",
        ),
        (slots.image((1, 28, 0), octets=1_600_000), "image.app-bin", OTA, "a slot of ESP32_GENERIC-OTA has 1,572,864"),
        (slots.image((1, 28, 0)), "image.app-bin", "ESP32_GENERIC", "ESP32_GENERIC has one slot for MicroPython"),
        (slots.image((1, 28, 0)), "image.app-bin", "RPI_PICO_W", "RPI_PICO_W has one slot for MicroPython"),
    ],
)
def test_what_the_board_could_not_start_is_refused_on_the_host(
    tmp_path: Path, octets: bytes, name: str, board: str, words: str
) -> None:
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(UserError) as refused:
        micropython.read(tmp_path / name, boards.load(board))
    assert words in str(refused.value)


def test_the_file_for_umail_flash_is_told_from_micropython_alone(tmp_path: Path) -> None:
    # A boot loader is an image as well, without the description that a program has.
    whole = bytearray(slots.image((1, 28, 0)))
    whole[32:36] = bytes(4)
    (tmp_path / "firmware.bin").write_bytes(whole)
    with pytest.raises(UserError, match="begins with a boot loader, as the file for umail flash does"):
        micropython.read(tmp_path / "firmware.bin", boards.load(OTA))
