"""Fixtures for tests of the host tools."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import installed
from made_once import made_once
from umail_host import cli
from umail_host.device.board import Board
from umail_host.virtual_board import VirtualBoard


@pytest.fixture(scope="session")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    """The flash of a board that holds library and firmware, and no configuration; to be copied."""
    return made_once(tmp_path_factory, "flash", installed)


@pytest.fixture
def board(virtual: VirtualBoard) -> Iterator[Board]:
    """The board that the module's fixture ``virtual`` started, at its raw prompt."""
    with Board(virtual.port) as board:
        board.enter()
        yield board


@pytest.fixture
def umail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command `umail` in this process: one of its own takes half a second to load."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["umail", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, ended.value.code, shown.out, shown.err)  # type: ignore[arg-type]

    return run
