"""Fixtures for tests of the host tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import installed
from made_once import made_once
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
