"""Power, resets, watchdog, sleep and flash of the virtual board: what survives what, as on an ESP32."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.virtual_board import VirtualBoard

CAUSES = "PWRON_RESET HARD_RESET WDT_RESET DEEPSLEEP_RESET SOFT_RESET"
# Tells the reset's name at every boot.
TELL_CAUSE = f"""
import machine
print('cause', [n for n in {CAUSES.split()!r} if getattr(machine, n) == machine.reset_cause()][0])
"""


@pytest.fixture
def virtual(tmp_path: Path, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path / "flash", sleep_speed=100) as virtual:
        virtual.wait_for(">>> ")
        yield virtual


def install(board: Board, main: str, boot: str = "") -> None:
    board.put("/boot.py", boot.encode())
    board.put("/main.py", main.encode())


def restart(virtual: VirtualBoard) -> str:
    """What a board prints from the press of its reset button to the prompt."""
    virtual.console.skip()
    virtual.hard_reset()
    return virtual.wait_for(">>> ")


def test_boot_py_then_main_py_then_the_repl_with_their_names(virtual: VirtualBoard, board: Board) -> None:
    install(board, "print('main', a, __name__)\nb = 2", "print('boot')\na = 1")
    assert "boot\r\nmain 1 __main__\r\nMicroPython " in restart(virtual)
    board.enter()
    assert board.eval("a, b") == (1, 2)


def test_a_soft_reset_from_the_raw_repl_skips_main_py_and_a_friendly_one_runs_it(
    virtual: VirtualBoard, board: Board
) -> None:
    install(board, "print('main runs')", "print('boot runs')")
    board.soft_reset()
    assert board.eval("1") == 1
    assert "boot runs" in virtual.console.text
    assert "main runs" not in virtual.console.text
    board.start()
    virtual.wait_for("main runs")


def test_an_exception_in_main_py_prints_its_traceback_and_leaves_the_repl(virtual: VirtualBoard, board: Board) -> None:
    install(board, "def f():\n    1/0\nf()\n")
    printed = restart(virtual)
    assert (
        'Traceback (most recent call last):\r\n  File "main.py", line 3, in <module>\r\n'
        '  File "main.py", line 2, in f\r\nZeroDivisionError: divide by zero\r\nMicroPython '
    ) in printed
    board.enter()
    assert board.eval("callable(f)") is True


def test_an_exception_in_boot_py_keeps_main_py_from_running(virtual: VirtualBoard, board: Board) -> None:
    install(board, "print('main runs')", "import no_such_module")
    printed = restart(virtual)
    assert "ImportError: no module named 'no_such_module'" in printed
    assert "main runs" not in printed


def test_ctrl_c_ends_main_py_and_leaves_the_repl(virtual: VirtualBoard, board: Board) -> None:
    install(board, "print('main runs')\nwhile True: pass")
    board.start()
    virtual.wait_for("main runs")
    board.enter()
    assert board.eval("1 + 1") == 2
    assert "KeyboardInterrupt: \r\n" in virtual.console.text


def test_sys_exit_in_main_py_is_a_soft_reset(virtual: VirtualBoard, board: Board) -> None:
    install(
        board, TELL_CAUSE + "import os\nif not 'x' in os.listdir():\n    open('x','w').close()\n    raise SystemExit"
    )
    assert "cause PWRON_RESET\r\nMPY: soft reboot\r\ncause SOFT_RESET" in restart(virtual)


def test_each_reset_tells_its_cause(virtual: VirtualBoard, board: Board) -> None:
    install(board, TELL_CAUSE)
    virtual.hard_reset()
    virtual.wait_for("cause PWRON_RESET")
    board.enter()
    board.hard_reset()
    virtual.wait_for("cause HARD_RESET")
    board.enter()
    board.start()
    virtual.wait_for("cause SOFT_RESET")
    board.enter()
    with pytest.raises(UserError):
        board.exec("import machine\nmachine.deepsleep(10)", timeout=1)
    virtual.wait_for("cause DEEPSLEEP_RESET")


def test_the_watchdog_bites_a_busy_program_and_spares_one_that_feeds(virtual: VirtualBoard, board: Board) -> None:
    install(
        board,
        TELL_CAUSE + "import time\nif machine.reset_cause() != machine.WDT_RESET:\n"
        " w = machine.WDT(timeout=1000)\n"
        " for i in range(6):\n  time.sleep_ms(250)\n  w.feed()\n"
        " print('fed')\n while True: pass",
    )
    virtual.hard_reset()
    virtual.wait_for("fed")
    begin = time.monotonic()
    assert "Task watchdog got triggered" in virtual.wait_for("cause WDT_RESET", 10)
    assert 0.5 < time.monotonic() - begin < 2


def test_the_watchdog_outlives_ctrl_c_and_a_soft_reset(virtual: VirtualBoard, board: Board) -> None:
    install(board, TELL_CAUSE)
    board.exec("import machine\nmachine.WDT(timeout=1500)")
    board.soft_reset()
    virtual.wait_for("cause WDT_RESET", 5)
    # The reset has disarmed it.
    virtual.wait_for(">>> ")
    time.sleep(2)
    assert "cause WDT_RESET" not in virtual.console.text.split("cause WDT_RESET", 1)[1]


def test_deep_sleep_is_silent_and_keeps_clock_and_rtc_memory(virtual: VirtualBoard, board: Board) -> None:
    board.exec(
        "import machine\nr = machine.RTC()\nr.datetime((2026, 7, 1, 0, 12, 0, 0, 0))\nr.memory(b'kept \\0\\xff')"
    )
    before = virtual.clock.now()
    printed = len(bytes(virtual.console))
    with pytest.raises(UserError):
        board.exec("machine.deepsleep(60_000)", timeout=0.3)
    assert bytes(virtual.console)[printed:].count(b"\n") == 0
    virtual.wait_for("DEEPSLEEP_RESET")
    board.enter()
    assert board.exec("import machine; print(machine.RTC().memory())") == "b'kept \\x00\\xff'\n"
    assert 60 <= virtual.clock.now() - before < 65
    assert board.exec("import time; print(time.gmtime()[:5])") == "(2026, 7, 1, 12, 1)\n"


def test_losing_power_takes_clock_and_rtc_memory_but_not_the_files(virtual: VirtualBoard, board: Board) -> None:
    board.exec("import machine\nmachine.RTC().datetime((2026, 7, 1, 0, 12, 0, 0, 0))\nmachine.RTC().memory(b'gone')")
    board.put("/kept", b"kept")
    virtual.power_off()
    assert not virtual.powered
    virtual.power_on()
    board.enter()
    assert (
        board.exec("import machine, time; print(machine.RTC().memory(), time.gmtime()[:4])") == "b'' (2000, 1, 1, 0)\n"
    )
    assert board.get("/kept") == b"kept"


def test_a_board_without_power_is_silent_and_its_port_stays(virtual: VirtualBoard, board: Board) -> None:
    virtual.power_off()
    with pytest.raises(UserError, match="no MicroPython answered"):
        board.enter(timeout=1)
    virtual.power_on()
    board.enter()
    assert board.eval("1") == 1


def test_what_is_typed_at_a_board_without_power_is_lost(virtual: VirtualBoard) -> None:
    virtual.power_off()
    port = os.open(virtual.port, os.O_RDWR | os.O_NOCTTY)
    try:
        time.sleep(0.1)
        os.write(port, b"print('ghost')\r")
        time.sleep(0.1)
        virtual.power_on()
        virtual.wait_for(">>> ")
        os.write(port, b"print(5)\r")
        assert "ghost" not in virtual.wait_for("5\r\n>>> ")
    finally:
        os.close(port)


def test_what_is_printed_while_nobody_listens_is_not_sent_later(virtual: VirtualBoard, board: Board) -> None:
    board.put("/main.py", b"for i in range(3000): print('line', i)\nprint('all', 'said')\n")
    board.close()
    time.sleep(0.1)
    assert "all said" in restart(virtual)
    port = os.open(virtual.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        time.sleep(0.1)
        with pytest.raises(BlockingIOError):
            os.read(port, 1)
    finally:
        os.close(port)


def test_the_flash_can_be_mounted_after_a_power_cut_at_any_write(virtual: VirtualBoard, board: Board) -> None:
    board.put("/log", b"old")
    code = "for i in range(30):\n with open('/new','w') as f: f.write('x'*300)\n import os; os.rename('/new','/log')"
    for cut in (1, 2, 3, 5, 8, 13, 21):
        virtual.cut_power_at_write(cut)
        with pytest.raises(UserError):
            board.exec(code, timeout=1)
        for _ in range(500):
            if not virtual.powered:
                break
            time.sleep(0.01)
        assert not virtual.powered
        virtual.power_on()
        board.enter()
        assert board.get("/log") in (b"old", b"x" * 300), f"cut at write {cut}"
    board.exec(code)
    assert board.get("/log") == b"x" * 300


def test_the_files_are_there_for_the_next_virtual_board_of_that_folder(tmp_path: Path, micropython: str) -> None:
    for expected in ([], ["mine"]):
        with VirtualBoard(tmp_path / "flash") as virtual, Board(virtual.port) as board:
            board.enter()
            assert board.listdir() == ["boot.py", *expected]
            board.put("/mine", b"1")


def test_a_corrupt_flash_is_told_and_not_formatted(tmp_path: Path, micropython: str) -> None:
    flash = tmp_path / "flash"
    flash.mkdir()
    (flash / "flash.img").write_bytes(b"\x5a" * 65536)
    with VirtualBoard(flash, flash_size=65536) as virtual:
        virtual.wait_for("The filesystem appears to be corrupted")
    assert (flash / "flash.img").read_bytes() == b"\x5a" * 65536


def test_the_heap_is_what_was_asked_for(tmp_path: Path, micropython: str) -> None:
    for heap in (64 * 1024, 256 * 1024):
        with VirtualBoard(tmp_path / "flash", heap=heap) as virtual, Board(virtual.port) as board:
            board.enter()
            free = board.eval("(__import__('gc').collect(), __import__('gc').mem_free())[1]")
            assert 0.9 * heap < free < 1.1 * heap


def test_a_board_that_eats_all_memory_gets_a_memory_error_and_lives(board: Board) -> None:
    with pytest.raises(UserError, match="MemoryError"):
        board.exec("x = []\nwhile True: x.append(bytearray(10000))")
    assert board.eval("1") == 1


def test_no_process_is_left_behind(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash") as virtual, Board(virtual.port) as board:
        board.enter()
        board.put("/main.py", b"print('main runs')\nwhile True: pass")
        board.start()
        virtual.wait_for("main runs")
        pid = virtual._chip._interpreter._process.pid  # type: ignore[union-attr]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not Path(virtual.port).is_symlink()


def test_esptool_flashes_through_the_loader_that_machine_bootloader_enters(
    tmp_path: Path, virtual: VirtualBoard, board: Board
) -> None:
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(b"\xe9\x01\x02\x20" + bytes(range(256)) * 40)
    with pytest.raises(UserError):
        board.exec("import machine\nmachine.bootloader()", timeout=1)
    board.close()
    virtual.wait_for("waiting for download")
    options = ["--chip", "esp32", "--port", virtual.port, "--before", "no-reset", "--after", "no-reset", "--no-stub"]
    keep = ["--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"]
    command = [sys.executable, "-m", "esptool", *options, "write-flash", *keep, "0x1000", str(firmware)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Hash of data verified" in done.stdout, done.stdout + done.stderr
    assert "24:0a:c4:c0:ff:ee" in done.stdout
    assert virtual.rom.flash[0x1000:].startswith(firmware.read_bytes())
    virtual.hard_reset()
    virtual.wait_for(">>> ")


def test_a_pico_counts_from_1970_starts_in_2021_and_has_no_nvs(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash", board="RPI_PICO_W") as virtual, Board(virtual.port) as board:
        board.enter()
        board.exec("import machine, network, sys, time")
        assert board.eval("sys.platform, time.gmtime(0)[0], time.gmtime()[:4]") == ("rp2", 1970, (2021, 1, 1, 0))
        assert board.eval("machine.RTC().datetime()[:5], hasattr(machine.RTC, 'memory')") == ((2021, 1, 1, 4, 0), False)
        board.exec("machine.RTC().datetime((2026, 7, 1, 0, 12, 0, 0, 0))")
        assert board.eval("time.time() // 60 * 60") == 1_782_907_200
        assert board.eval("network.WLAN().status(), network.STAT_GOT_IP") == (0, 3)
        for code, error in (("import esp32", "no module named"), ("machine.WDT(timeout=9000)", "timeout exceeds 8388")):
            with pytest.raises(UserError, match=error):
                board.exec(code)
        board.hard_reset()
        virtual.wait_for("MicroPython ")
        board.enter()
        assert board.eval("__import__('machine').reset_cause()") == 3
