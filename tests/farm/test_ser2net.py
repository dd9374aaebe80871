"""Boards on serial ports of an exporter's host: labgrid starts a real ser2net, and a test goes through it.

umockdev stands in for the USB device; the bytes behind its port are those of a virtual board.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.test_farm import labgrid_tools, start_coordinator, wait_for_resources
from umail_host.device.board import Board
from umail_host.hil import farm
from umail_host.virtual_board import VirtualBoard

pytest_plugins = ["pytester"]
UMAIL = str(Path(sys.executable).with_name("umail"))
SER2NET = shutil.which("ser2net") or "/usr/sbin/ser2net"
DEVICE = r"\/dev\/ttyACM0"  # as a pattern of bash
# An ESP32-S3's USB-Serial/JTAG, as `umockdev-record` shows one.
USB = """\
P: /devices/pci0000:00/0000:00:14.0/usb1/1-1
N: bus/usb/001/002
E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
E: ID_SERIAL_SHORT=7CDFA1
A: busnum=1\\n
A: devnum=2\\n
A: idVendor=303a\\n
A: idProduct=1001\\n
A: serial=7CDFA1\\n
A: product=USB JTAG/serial debug unit\\n
A: bNumInterfaces= 3\\n

P: /devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0
E: DEVTYPE=usb_interface
E: SUBSYSTEM=usb
A: bInterfaceNumber=00\\n

P: /devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/tty/ttyACM0
N: ttyACM0
E: DEVNAME=/dev/ttyACM0
E: SUBSYSTEM=tty
E: ID_SERIAL_SHORT=7CDFA1
L: device=../../../1-1:1.0
"""
TEST = """
import os

def test_it(board):
    assert board.eval("6 * 7") == 42
    data = os.urandom(5000)
    board.put("/data", data)
    assert board.get("/data") == data
    board.exec("left = 1")
    board.reset(hard=True)
    assert board.eval("'left' in globals(), __import__('machine').reset_cause()") == (False, 2)
"""


class Exporter:
    """labgrid's exporter and coordinator, the board behind them, and the name of its place."""

    def __init__(self, folder: Path, usb: bool) -> None:
        self.folder, self.usb = folder, usb
        self.place = "board-7CDFA1" if usb else "desk"

    def plugged_in(self, *command: str) -> list[str]:
        """The command where a USB device is plugged in, if the board is one."""
        if not self.usb:
            return list(command)
        description = self.folder / "usb.umockdev"
        description.write_text(USB)
        # The device that umockdev shows is not a terminal: ser2net gets the board's instead.
        wrapper = self.folder / "ser2net"
        wrapper.write_text(f'#!/bin/bash\nunset LD_PRELOAD\nexec {SER2NET} "${{@//{DEVICE}/{self.port}}}"\n')
        wrapper.chmod(0o755)
        path = f"PATH={self.folder}:{os.environ['PATH']}"
        return ["umockdev-run", "-d", str(description), "--", "env", path, *command]

    def start(self, stack: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        tools = labgrid_tools()
        self.board = stack.enter_context(VirtualBoard(self.folder / "flash"))
        self.port = os.path.realpath(self.board.port)
        coordinator = start_coordinator(stack, tools, self.folder, monkeypatch)
        asked = self.plugged_in(UMAIL, "farm", "exporter", *([] if self.usb else ["--serial", f"desk={self.port}"]))
        configuration = self.folder / "exporter.yaml"
        configuration.write_text(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
        log = stack.enter_context((self.folder / "exporter.log").open("wb"))
        words = ["-c", f"127.0.0.1:{coordinator}", "-n", "rack", "--hostname", "127.0.0.1", str(configuration)]
        command = self.plugged_in(str(tools / "labgrid-exporter"), *words)
        exporter = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        stack.callback(exporter.wait, 20)
        stack.callback(exporter.terminate)
        wait_for_resources(str(tools / "labgrid-client"), [self.place])
        farm.apply(farm.places(configuration.read_text(), "rack"))


@pytest.fixture(params=["plain", "usb"])
def exporter(
    request: pytest.FixtureRequest, tmp_path: Path, micropython: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Exporter]:
    """What `umail farm exporter` writes, shared."""
    if not Path(SER2NET).exists() or not shutil.which("umockdev-run"):
        pytest.skip("no ser2net or umockdev here: apt install ser2net umockdev")
    with contextlib.ExitStack() as stack:
        made = Exporter(tmp_path, request.param == "usb")
        made.start(stack, monkeypatch)
        yield made


@pytest.mark.timeout(180)
def test_a_test_runs_through_labgrid_and_ser2net(exporter: Exporter, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:hypothesispytest\n")
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess("-v", "--board", f"labgrid:{exporter.place}", timeout=150)
    result.assert_outcomes(passed=1)
    # The place is given back, and ser2net has let the port go.
    with Board(exporter.board.port) as board:
        board.enter()
        assert board.eval("1 + 1") == 2
