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
    wanted |= {"ESP32_GENERIC_C5", "ESP32_GENERIC_P4", "OLIMEX_ESP32_POE", "SEEED_XIAO_ESP32C3", "SEEED_XIAO_ESP32S3"}
    assert wanted | {"M5STACK_ATOM", "RPI_PICO_W", "RPI_PICO2_W", "virtual"} <= set(boards.names())


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        ("Generic ESP32 module with ESP32", "ESP32_GENERIC"),
        ("ESP32C3 module with ESP32-C3", "ESP32_GENERIC_C3"),
        ("Seeed XIAO ESP32C3 with ESP32-C3", "SEEED_XIAO_ESP32C3"),
        ("M5Stack ATOM with ESP32-PICO-D4", "M5STACK_ATOM"),
        ("Somebody's board with ESP32-PICO-D4", "ESP32_GENERIC"),
        ("Raspberry Pi Pico 2 W with RP2350", "RPI_PICO2_W"),
    ],
)
def test_a_board_is_known_by_what_micropython_calls_it_else_by_its_chip(machine, name):
    found = boards.by_machine(machine)
    assert found is not None
    assert found.name == name
    assert boards.by_machine("Something with STM32F4") is None


@pytest.mark.parametrize("name", boards.names())
def test_every_board_loads_and_its_file_system_is_a_region_of_its_flash(name):
    board = boards.load(name)
    assert board.name == name
    assert {region.name: region.size for region in board.layout}["vfs"] == board.filesystem
    if board.flash_method == "esptool":
        assert board.flash_offset == board.layout[0].offset


@pytest.mark.parametrize(
    ("chip", "offset"),
    [("esp32", 0x1000), ("esp32s2", 0x1000), ("esp32s3", 0), ("esp32c3", 0), ("esp32c6", 0)]
    + [("esp32c5", 0x2000), ("esp32p4", 0x2000)],
)
def test_a_chip_is_written_where_its_rom_looks_for_the_boot_loader(chip, offset):
    assert {board.flash_offset for board in boards.load_all() if board.chip == chip} == {offset}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('chip = "esp32"', 'chip = "esp23"', ["chip", "'esp23'", "esp32s3"]),
        ('chip = "esp32"', "", ["chip is missing"]),
        ("heap = 57344", 'heap = "56k"', ["memory.heap", "whole number"]),
        ("psram = 0", "psram = true", ["memory.psram"]),
        ("psram = 0", "psarm = 0", ["memory.psarm", "did you mean memory.psram?"]),
        ("watchdog = 0", 'watchdog = "2 min"', ["limits.watchdog", "milliseconds"]),
        ("nvs = true", 'nvs = "yes"', ["nvs", "true or false"]),
        ('"10c4:ea60"', '"10C4:EA60"', ["usb.ids", "lower-case"]),
        ("led = 2", "led = -2", ["pins"]),
        ("led = 2", 'led = ""', ["pins"]),
        ("size = 0x400000", "size = 0x200000", ["flash.size"]),
        ("offset = 0x9000,", "offset = 0x8000,", ["'nvs'", "overlaps"]),
        ("[memory]", "[memory", ["not TOML"]),
        ('method = "esptool"', 'method = "jtag"', ["firmware.method", "uf2"]),
        ("[memory]\nheap = 57344\ngrown = 114688\npsram = 0", "memory = 3", ["memory must be a table"]),
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
