"""What tests of the virtual board share: boards started by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from umail_host.device.board import Board
from umail_host.virtual_board import VirtualBoard

Start = Callable[..., tuple[VirtualBoard, Board]]


@pytest.fixture
def start(tmp_path: Path, micropython: str) -> Iterator[Start]:
    with ExitStack() as stack:

        def run(name: str, **settings: object) -> tuple[VirtualBoard, Board]:
            virtual = stack.enter_context(VirtualBoard(tmp_path / name, name, **settings))  # type: ignore[arg-type]
            board = stack.enter_context(Board(virtual.port))
            board.enter()
            board.exec("import machine, network, time")
            return virtual, board

        yield run
