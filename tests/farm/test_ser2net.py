"""A board on a plain serial port of an exporter's host: labgrid starts a real ser2net, a test goes through it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.test_farm import labgrid_tools, start_coordinator, wait_for_resources
from umail_host import farm
from umail_host.board import Board
from umail_host.virtual_board import VirtualBoard

pytest_plugins = ["pytester"]
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


@pytest.fixture
def exported(tmp_path: Path, micropython: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualBoard]:
    """The place ``desk``: a virtual board's pseudo-terminal, which an exporter shares by what `umail farm` writes."""
    if not any(map(shutil.which, ("ser2net", "/usr/sbin/ser2net"))):
        pytest.skip("no ser2net: apt install ser2net")
    with contextlib.ExitStack() as stack:
        tools = labgrid_tools()
        board = stack.enter_context(VirtualBoard(tmp_path / "flash"))
        port = start_coordinator(stack, tools, tmp_path, monkeypatch)
        configuration = tmp_path / "exporter.yaml"
        configuration.write_text(farm.exporter([farm.of_path(f"desk={os.path.realpath(board.port)}")]))
        log = stack.enter_context((tmp_path / "exporter.log").open("wb"))
        command = [str(tools / "labgrid-exporter"), "-c", f"127.0.0.1:{port}", "-n", "rack", "--hostname", "127.0.0.1"]
        exporter = subprocess.Popen([*command, str(configuration)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        stack.callback(exporter.wait, 20)
        stack.callback(exporter.terminate)
        wait_for_resources(str(tools / "labgrid-client"), ["desk"])
        farm.apply(farm.places(configuration.read_text(), "rack"))
        yield board


@pytest.mark.timeout(180)
def test_a_test_runs_through_labgrid_and_ser2net(exported: VirtualBoard, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess("-v", "--board", "labgrid:desk", timeout=150)
    result.assert_outcomes(passed=1)
    # The place is given back, and ser2net has let the port go.
    with Board(exported.port) as board:
        board.enter()
        assert board.eval("1 + 1") == 2
