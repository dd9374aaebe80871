"""`esp32.Partition` of the virtual board: slots, writes as flash takes them, the boot loader's choice and rollback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from umail_host.device.board import Board, ExecError
from umail_host.virtual_board import VirtualBoard, slots

OTA = "ESP32_GENERIC-OTA"
# What runs, what starts next, and the other one, on the board.
NOW = "from esp32 import Partition\nrun = Partition(Partition.RUNNING)\nother = run.get_next_update()\n"


@pytest.fixture
def virtual(tmp_path: Path, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path / "flash", OTA) as made:
        yield made


def on(virtual: VirtualBoard, code: str) -> str:
    """Run ``code`` on the board after NOW; return what it prints."""
    with Board(virtual.port) as board:
        board.enter()
        return str(board.exec(NOW + code)).strip()


def write(virtual: VirtualBoard, octets: bytes) -> None:
    """Write an image into the slot that does not run, as a program on the board does."""
    with Board(virtual.port) as board:
        board.enter()
        board.put("/image", octets)
        board.exec(
            NOW + "number = 0\nwith open('/image', 'rb') as file:\n  while True:\n    data = file.read(4096)\n"
            "    if not data: break\n    other.writeblocks(number, data + b'\\xff' * (4096 - len(data)))\n"
            "    number += 1\n"
        )


def running(virtual: VirtualBoard) -> str:
    return on(virtual, "import sys\nprint(run.info()[4], *sys.implementation.version[:3])")


def test_the_partitions_are_those_of_the_layout(virtual: VirtualBoard) -> None:
    told = on(
        virtual, "print(run.info(), other.info())\nprint(run.ioctl(4, 0), run.ioctl(5, 0), Partition(0).info()[4])"
    )
    assert told.splitlines() == [
        "(0, 16, 65536, 1572864, 'ota_0', False) (0, 17, 1638400, 1572864, 'ota_1', False)",
        "384 4096 ota_0",
    ]
    assert on(virtual, "print([p.info()[4] for p in Partition.find()], Partition.find(label='none'))") == (
        "['ota_0', 'ota_1'] []"
    )


def test_a_write_erases_unless_it_has_an_offset_and_none_goes_beyond_the_end(virtual: VirtualBoard) -> None:
    assert on(
        virtual,
        "b = bytearray(4)\nother.writeblocks(3, b'\\x0f' * 4096)\nother.writeblocks(3, b'\\xf1\\xf1', 1)\n"
        "other.readblocks(3, b)\nprint(b)\nother.ioctl(6, 3)\nother.readblocks(3, b)\nprint(b)",
    ).splitlines() == ["bytearray(b'\\x0f\\x01\\x01\\x0f')", "bytearray(b'\\xff\\xff\\xff\\xff')"]
    for wrong in ("other.writeblocks(384, bytes(4096))", "other.writeblocks(0, bytes(100))"):
        with pytest.raises(ExecError, match="OSError"):
            on(virtual, wrong)


def test_what_is_not_marked_valid_is_taken_back_at_the_next_start(virtual: VirtualBoard) -> None:
    write(virtual, slots.image((1, 99, 0)))
    was = running(virtual)
    on(virtual, "other.set_boot()\nassert Partition(0).info()[4] == 'ota_1'")
    virtual.hard_reset()
    assert running(virtual) == "ota_1 1 99 0"
    virtual.hard_reset()
    assert running(virtual) == was
    on(virtual, "other.set_boot()")
    virtual.hard_reset()
    on(virtual, "Partition.mark_app_valid_cancel_rollback()")
    virtual.hard_reset()
    virtual.hard_reset()
    assert running(virtual) == "ota_1 1 99 0"


def test_what_panics_before_python_starts_is_taken_back_at_once(virtual: VirtualBoard) -> None:
    write(virtual, slots.image((1, 99, 0), panics=True))
    was = running(virtual)
    on(virtual, "other.set_boot()")
    virtual.hard_reset()
    assert running(virtual) == was
    assert "Guru Meditation" in virtual.console.text


def test_an_image_that_is_damaged_is_not_made_the_one_that_starts(virtual: VirtualBoard) -> None:
    octets = bytearray(slots.image((1, 99, 0)))
    octets[5000] ^= 1
    write(virtual, bytes(octets))
    with pytest.raises(ExecError, match="ESP_ERR_OTA_VALIDATE_FAILED"):
        on(virtual, "other.set_boot()")


def test_deep_sleep_wakes_in_the_same_program_though_it_is_not_marked(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash", OTA, sleep_speed=1000) as virtual:
        write(virtual, slots.image((1, 99, 0)))
        on(virtual, "other.set_boot()")
        virtual.hard_reset()
        with Board(virtual.port) as board:
            board.enter()
            board.put(
                "/main.py",
                b"import machine\nif machine.reset_cause() != 4:\n  machine.deepsleep(1000)\nprint('woke')\n",
            )
        virtual.hard_reset()
        on(virtual, "other.set_boot()")
        virtual.hard_reset()
        virtual.wait_for("woke")
        assert running(virtual) == "ota_1 1 99 0"


def test_a_board_with_one_partition_says_so(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash", "ESP32_GENERIC") as virtual, Board(virtual.port) as board:
        board.enter()
        found = board.exec("from esp32 import Partition\nprint(Partition(Partition.RUNNING).info()[4])").strip()
        assert found == "factory"
        for asked, number in (
            ("Partition(1).get_next_update()", 2),
            ("Partition.mark_app_valid_cancel_rollback()", -261),
        ):
            text = f"try:\n  {asked}\nexcept OSError as e:\n  print(e.args[0])"
            assert board.exec(text).strip() == str(number)
