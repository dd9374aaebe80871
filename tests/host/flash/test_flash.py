"""Flashing: files checked, esptool against a ROM loader, UF2 copied, the board asked afterwards; boards listed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
from esptool.targets import CHIP_DEFS
from typer.testing import CliRunner

from host.flash.fake_rom import FakeRom
from host.flash.firmware_files import esp_firmware, esp_image, uf2, uf2_block, uf2_rp2350
from umail_host.cli import app
from umail_host.device import boards, ports
from umail_host.errors import UserError
from umail_host.flash import boot_drive, confirm, write
from umail_host.flash import esp_image as esp_image_check
from umail_host.virtual_board import VirtualBoard

ESP32 = boards.load("ESP32_GENERIC")
PICO = boards.load("RPI_PICO_W")
PICO2 = boards.load("RPI_PICO2_W")
NO_STUB = ("--no-stub",)


@pytest.fixture
def firmware(tmp_path):
    path = tmp_path / "ESP32_GENERIC-20260101-v1.28.0.bin"
    path.write_bytes(esp_firmware())
    return path


def test_a_good_file_passes_and_its_hash_is_told(firmware, tmp_path):
    digest = hashlib.sha256(firmware.read_bytes()).hexdigest()
    assert write.check_file(firmware, ESP32) == digest
    assert write.check_file(firmware, ESP32, digest.upper()) == digest
    for name in ("S2", "C3", "S3", "C5", "C6", "P4"):
        other = tmp_path / f"ESP32_GENERIC_{name}-20260101-v1.28.0.bin"
        other.write_bytes(esp_firmware(f"ESP32_GENERIC_{name}"))
        write.check_file(other, boards.load(f"ESP32_GENERIC_{name}"))
    (tmp_path / "pico.uf2").write_bytes(uf2())
    write.check_file(tmp_path / "pico.uf2", PICO)
    for family in (0xE48BFF59, 0xE48BFF5A):
        (tmp_path / "pico2.uf2").write_bytes(uf2_rp2350(family=family))
        write.check_file(tmp_path / "pico2.uf2", PICO2)
    (tmp_path / "pico2.uf2").write_bytes(uf2(0xE48BFF59))  # of a build for later steppings alone
    write.check_file(tmp_path / "pico2.uf2", PICO2)


@pytest.mark.parametrize(
    ("board", "octets", "sha256", "words"),
    [
        (
            "ESP32_GENERIC",
            esp_firmware("ESP32_GENERIC_C3"),
            "",
            "is for esp32c3, ESP32_GENERIC has esp32: get ESP32_GENERIC-DATE-vVERSION.bin",
        ),
        ("ESP32_GENERIC", esp_firmware(chip=77), "", "is for unknown chip 77"),
        ("ESP32_GENERIC", b"PK\x03\x04" * 20, "", "is not a firmware of an ESP32"),
        ("ESP32_GENERIC", b"", "", "is not a firmware of an ESP32"),
        ("ESP32_GENERIC", esp_firmware(size=0x200000), "", "the region for firmware at 0x200000"),
        ("ESP32_GENERIC", esp_firmware()[:-5_000], "", "is damaged (MicroPython: it is cut off): download it again"),
        ("ESP32_GENERIC", esp_firmware()[:9_000], "", "is damaged (MicroPython: it is not an image)"),
        ("ESP32_GENERIC", esp_firmware()[:3_000], "", "is damaged (boot loader: it is cut off)"),
        (
            "ESP32_GENERIC",
            esp_firmware().replace(b"\x07\x08\x09", b"\x07\x08\x00", 1),
            "",
            "(boot loader: its checksum is wrong)",
        ),
        ("ESP32_GENERIC", esp_firmware()[:-1] + b"?", "", "(MicroPython: its SHA-256 is wrong)"),
        ("ESP32_GENERIC", esp_firmware(), "00" * 32, "not the one given: it is damaged or another release"),
        ("ESP32_GENERIC", None, "", "can't be read (No such file or directory): get ESP32_GENERIC-"),
        ("RPI_PICO_W", uf2(0xE48BFF59), "", "is for rp2350, RPI_PICO_W has rp2040"),
        ("RPI_PICO_W", uf2()[:-512], "", "is damaged, it has 2 blocks of 3"),
        ("RPI_PICO_W", uf2()[:-3], "", "is damaged, it is cut off"),
        ("RPI_PICO_W", uf2()[:100], "", "is not a UF2 file"),
        ("RPI_PICO_W", uf2(blocks=9000), "", "ends at 0x232800, the region for firmware at 0x12c000"),
        ("RPI_PICO_W", uf2(blocks=4801), "", "ends at 0x12c100, the region"),
        ("RPI_PICO_W", uf2(start=0x20000000), "", "is for 0x20000000, where no flash is"),
        ("RPI_PICO_W", uf2() + uf2(0xE48BFF59), "", "is for rp2040 and rp2350, RPI_PICO_W has rp2040"),
        ("RPI_PICO_W", uf2()[512:] + uf2()[:512], "", "its blocks are not in order"),
        ("RPI_PICO_W", uf2()[:600] + b"x" * 424 + uf2()[1024:], "", "its block 2 is not one"),
        ("RPI_PICO2_W", uf2_rp2350()[:-512], "", "is damaged, it has 2 blocks of 3"),
        ("RPI_PICO2_W", uf2_block(0, 1, 0xE48BFF57, 0x10000000, b"x"), "", "is for unknown family 0xe48bff57"),
        ("RPI_PICO2_W", uf2(), "", "is for rp2040, RPI_PICO2_W has rp2350"),
        ("virtual", b"", "", "virtual has no firmware to flash"),
    ],
)
def test_a_wrong_file_is_told_before_anything_is_written(tmp_path, board, octets, sha256, words):
    file = tmp_path / "firmware"
    if octets is not None:
        file.write_bytes(octets)
    with pytest.raises(UserError) as caught:
        write.check_file(file, boards.load(board), sha256)
    assert words in str(caught.value)


def test_esptool_finds_the_same_images_whole(tmp_path):
    file = tmp_path / "image.bin"
    file.write_bytes(esp_image(0, 2_008))
    done = subprocess.run([sys.executable, "-m", "esptool", "image-info", file], capture_output=True, text=True)
    assert "(valid)" in next(line for line in done.stdout.splitlines() if line.startswith("Checksum"))
    assert "(valid)" in next(line for line in done.stdout.splitlines() if line.startswith("Validation hash"))
    assert esp_image_check.problem(file.read_bytes()) == ""
    assert esp_image_check.problem(esp_image(0, 2_008, hashed=False)) == ""


def test_esptool_writes_at_the_chips_offset_and_verifies(firmware):
    said: list[str] = []
    with FakeRom() as rom:
        write.write(firmware, ESP32, rom.url, erase=False, baud=115_200, echo=said.append, more=NO_STUB)
    written = firmware.read_bytes()
    assert rom.flash[0x1000 : 0x1000 + len(written)] == written
    assert set(rom.flash[:0x1000]) == {0xFF}
    assert "Hash of data verified" in "".join(said)


def test_a_flash_that_takes_something_else_is_told(firmware):
    with FakeRom(corrupt=True) as rom, pytest.raises(UserError, match=r"\(MD5 of file .*\): flash it again"):
        write.write(firmware, ESP32, rom.url, erase=False, baud=115_200, echo=lambda text: None, more=NO_STUB)


def test_another_chip_is_refused_by_esptool_and_nothing_is_written(tmp_path):
    file = tmp_path / "ESP32_GENERIC_S2-20260101-v1.28.0.bin"
    file.write_bytes(esp_firmware("ESP32_GENERIC_S2"))
    spec = boards.load("ESP32_GENERIC_S2")
    with FakeRom() as rom, pytest.raises(UserError, match="the board is a different one, see `umail boards`"):
        write.write(file, spec, rom.url, erase=False, baud=115_200, echo=lambda text: None, more=NO_STUB)
    assert set(rom.flash) == {0xFF}


def test_no_board_at_the_port_is_told_with_what_to_do(firmware):
    with pytest.raises(UserError, match="is the port right, and free"):
        write.write(firmware, ESP32, "socket://127.0.0.1:9", erase=False, baud=9600, echo=lambda text: None)


def test_a_uf2_goes_to_the_boot_drive_of_its_own_chip_only(tmp_path):
    file = tmp_path / "RPI_PICO_W-20260101-v1.28.0.uf2"
    file.write_bytes(uf2())
    drive = tmp_path / "drive"
    drive.mkdir()
    assert boot_drive.find_drive([drive]) is None
    with pytest.raises(UserError, match="is not the boot drive"):
        boot_drive.copy(file, PICO, drive)
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n")
    with pytest.raises(UserError, match="belongs to RP2350, not RPI_PICO_W"):
        boot_drive.copy(file, PICO, drive)
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n")
    assert boot_drive.find_drive([tmp_path / "none", drive]) == drive
    boot_drive.copy(file, PICO, drive)
    assert (drive / file.name).read_bytes() == file.read_bytes()


def test_the_boot_drive_of_an_rp2350_takes_its_own_files(tmp_path):
    file = tmp_path / "RPI_PICO2_W-20260824-v1.29.0.uf2"
    file.write_bytes(uf2_rp2350())
    (tmp_path / "INFO_UF2.TXT").write_text("UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n")
    (tmp_path / "drive").mkdir()
    (tmp_path / "INFO_UF2.TXT").rename(tmp_path / "drive" / "INFO_UF2.TXT")
    boot_drive.copy(file, PICO2, tmp_path / "drive")
    assert (tmp_path / "drive" / file.name).read_bytes() == file.read_bytes()
    with pytest.raises(UserError, match="belongs to RP2350, not RPI_PICO_W"):
        boot_drive.copy(file, PICO, tmp_path / "drive")


@pytest.mark.parametrize(
    ("name", "board"),
    [
        ("M5STACK_ATOM-20260824-v1.29.0.bin", "ESP32_GENERIC"),
        ("ESP32_GENERIC-OTA-20260824-v1.29.0.bin", "OLIMEX_ESP32_POE"),
        ("ESP32_GENERIC-20260824-v1.29.0.bin", "ESP32_GENERIC-OTA"),
        ("ESP32_GENERIC-20260901-unstable-v1.30.0-preview.12.gabcdef.bin", "M5STACK_ATOM"),
    ],
)
def test_a_file_named_for_another_board_with_the_same_chip_is_refused(tmp_path, name, board):
    file = tmp_path / name
    file.write_bytes(esp_firmware())
    with pytest.raises(UserError, match=f"is for {name.partition('-')[0]} by its name, not for {board}: give --board"):
        write.check_file(file, boards.load(board))
    file.rename(tmp_path / "mine.bin")
    write.check_file(tmp_path / "mine.bin", boards.load(board))


@pytest.mark.parametrize("name", [name for name in boards.names() if name != "virtual"])
def test_each_boards_file_has_the_name_that_micropython_gives_it(tmp_path, name):
    spec = boards.load(name)
    assert spec.firmware == name
    kind = "uf2" if spec.flash_method == "uf2" else "bin"
    file = tmp_path / f"{name}-20260824-v1.29.0.{kind}"
    file.write_bytes(esp_firmware(name) if kind == "bin" else uf2_rp2350() if spec.chip == "rp2350" else uf2())
    write.check_file(file, spec)
    assert write.version_in(file.name) == "1.29.0"


def test_where_a_chip_is_flashed_and_how_its_images_name_it_are_esptools_own_words():
    for spec in map(boards.load, boards.names()):
        if spec.flash_method == "esptool":
            chip = CHIP_DEFS[spec.chip]
            assert (spec.flash_offset, esp_image_check.chip(esp_firmware(spec.name))) == (
                chip.BOOTLOADER_FLASH_OFFSET,
                spec.chip,
            )
            assert esp_firmware(spec.name)[12] == chip.IMAGE_CHIP_ID


def test_the_version_is_read_from_the_name():
    assert write.version_in("ESP32_GENERIC-20260101-v1.28.0.bin") == "1.28.0"
    assert write.version_in("ESP32_GENERIC-SPIRAM-20240105-v1.22.1.bin") == "1.22.1"
    assert write.version_in("mine.bin") == ""


def test_the_board_itself_is_asked_what_it_runs(tmp_path, micropython):
    with VirtualBoard(tmp_path, board="ESP32_GENERIC") as board:
        text = confirm.confirm(board.port, ESP32, "")
        assert "ESP32 runs MicroPython 1." in text
        with pytest.raises(UserError, match=r"still runs MicroPython 1\.\d+\.\d+, the file holds 1\.0\.0"):
            confirm.confirm(board.port, ESP32, "1.0.0")
        with pytest.raises(UserError, match="which is not ESP32_GENERIC_C3"):
            confirm.confirm(board.port, boards.load("ESP32_GENERIC_C3"), "")


def test_boards_are_listed_and_probed_as_json(tmp_path, micropython, monkeypatch):
    with VirtualBoard(tmp_path) as board:
        gone = ports.Port(str(tmp_path / "gone"), "303a:1001", "", "USB JTAG", ("ESP32_GENERIC_C3",))
        here = ports.Port(board.port, "10c4:ea60", "0001", "CP2102", ("ESP32_GENERIC",))
        monkeypatch.setattr(ports, "found", lambda: [gone, here])
        rows = json.loads(CliRunner().invoke(app, ["boards", "--json"]).stdout)
        assert [row["device"] for row in rows] == [gone.device, here.device]
        rows = json.loads(CliRunner().invoke(app, ["boards", "--json", "--probe"]).stdout)
    assert "can't be opened" in rows[0]["error"]
    assert rows[1]["board"] == "virtual"
    assert rows[1]["id"] == "240ac4c0ffee"
    assert rows[1]["alertnode"] == ""


def test_no_board_is_a_sentence_and_the_known_ones_are_listed(monkeypatch):
    monkeypatch.setattr(ports, "found", list)
    assert "no board is connected: plug one in" in CliRunner().invoke(app, ["boards"]).stdout
    assert CliRunner().invoke(app, ["boards", "--json"]).stdout == "[]\n"
    assert "RPI_PICO_W  Raspberry Pi Pico W" in CliRunner().invoke(app, ["boards", "--known"]).stdout
