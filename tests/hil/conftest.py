"""What the tests on boards share: a fake Microsoft 365 that the board reaches, and a note of figures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hil_node import PASSWORD, TOKEN, USER, Online
from umail_host.fake_smtp import FakeServer
from umail_host.hil.dut import Dut
from umail_host.hil.network import Wifi


@pytest.fixture
def serve(board_reaches: str) -> Iterator[Callable[..., FakeServer]]:
    """Starts fake servers that the board reaches: ``serve(profile, **switches)``."""
    started: list[FakeServer] = []

    def start(profile: str = "m365-submission", **switches: Any) -> FakeServer:
        server = FakeServer(profile, host=board_reaches, mailboxes={USER: PASSWORD}, tokens={TOKEN: USER}, **switches)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(serve: Callable[..., FakeServer]) -> FakeServer:
    """Exchange Online's submission."""
    return serve()


@pytest.fixture
def node(board: Dut, wifi: Wifi, server: FakeServer, board_reaches: str) -> Online:
    """The board, online, beside ``server``."""
    board.mask(PASSWORD)
    wifi.join()
    return Online(board, server, board_reaches)


@pytest.fixture
def figure(board: Dut, request: pytest.FixtureRequest) -> Callable[[str, float, str], None]:
    """Notes a figure of this board for docs/hil-results.md: ``figure(name, value, unit)``."""
    facts = board.facts

    def note(name: str, value: float, unit: str) -> None:
        request.node.user_properties.append((name, f"{value} {unit}"))
        if folder := os.environ.get("UMAIL_HIL_FIGURES"):
            row = {"name": name, "value": value, "unit": unit, "machine": facts["machine"]}
            row |= {"firmware": facts["firmware"], "id": facts["id"], "place": board.place.kind}
            Path(folder).mkdir(parents=True, exist_ok=True)
            with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")

    return note
