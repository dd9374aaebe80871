"""Board descriptions: every one in boards/ holds, and each mistake is told in a sentence that names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from umail_host import paths
from umail_host.device import boards
from umail_host.errors import UserError

GOOD = (paths.boards() / "ESP32_GENERIC" / "board.toml").read_text(encoding="utf-8")


def test_the_boards_promised_are_there():
    wanted = {"ESP32_GENERIC", "ESP32_GENERIC_S2", "ESP32_GENERIC_S3", "ESP32_GENERIC_C3", "ESP32_GENERIC_C6"}
    assert wanted | {"RPI_PICO_W", "virtual"} <= set(boards.names())


@pytest.mark.parametrize("name", boards.names())
def test_every_board_loads_and_its_file_system_is_a_region_of_its_flash(name):
    board = boards.load(name)
    assert board.name == name
    assert {region.name: region.size for region in board.layout}["vfs"] == board.filesystem
    if board.flash_method == "esptool":
        assert board.flash_offset == board.layout[0].offset


@pytest.mark.parametrize(
    ("chip", "offset"),
    [("esp32", 0x1000), ("esp32s2", 0x1000), ("esp32s3", 0), ("esp32c3", 0), ("esp32c6", 0)],
)
def test_a_chip_is_written_where_its_rom_looks_for_the_boot_loader(chip, offset):
    assert [board.flash_offset for board in boards.load_all() if board.chip == chip] == [offset]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('chip = "esp32"', 'chip = "esp23"', ["chip", "'esp23'", "esp32s3"]),
        ('chip = "esp32"', "", ["chip is missing"]),
        ("heap = 57344", 'heap = "56k"', ["memory.heap", "whole number"]),
        ("psram = 0", "psram = true", ["memory.psram"]),
        ("psram = 0", "psarm = 0", ["memory.psarm", "did you mean memory.psram?"]),
        ("nvs = true", 'nvs = "yes"', ["nvs", "true or false"]),
        ('"10c4:ea60"', '"10C4:EA60"', ["usb.ids", "lower-case"]),
        ("led = 2", "led = -2", ["pins"]),
        ("led = 2", 'led = ""', ["pins"]),
        ("size = 0x400000", "size = 0x200000", ["flash.size"]),
        ("offset = 0x9000,", "offset = 0x8000,", ["'nvs'", "overlaps"]),
        ("[memory]", "[memory", ["not TOML"]),
        ('method = "esptool"', 'method = "jtag"', ["firmware.method", "uf2"]),
        ("[memory]\nheap = 57344\npsram = 0", "memory = 3", ["memory must be a table"]),
        ('{ name = "nvs", offset', '{ nam = "nvs", offset', ["flash.layout"]),
    ],
)
def test_a_mistake_is_told_with_file_and_key(tmp_path: Path, old, new, words):
    assert old in GOOD
    file = tmp_path / "MINE" / "board.toml"
    file.parent.mkdir()
    text = GOOD.replace(old, new, 1)
    if new.startswith("memory ="):
        text = new + "\n" + GOOD.replace(old, "", 1)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        boards.read(file)
    message = str(caught.value)
    assert str(file) in message
    assert "\n" not in message or "TOML" in message
    for word in words:
        assert word in message


def test_an_unknown_board_is_answered_with_the_nearest_name():
    with pytest.raises(UserError, match="did you mean ESP32_GENERIC"):
        boards.load("ESP32_GENRIC")
    with pytest.raises(UserError, match=r"known are .*RPI_PICO_W"):
        boards.load("toaster")
