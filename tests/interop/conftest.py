"""Fixtures for tests against real servers: each, started once for a module, and the library on each interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_servers import SERVERS, Missing, RealServer
from wire_device import ROOT, Device, compile_library


def running(name: str, folder: Path) -> Iterator[RealServer]:
    """The server of that name; skips, saying how to get it, where it is not here."""
    server = SERVERS[name](folder)
    try:
        with server:
            yield server
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module", params=list(SERVERS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """Each real server."""
    yield from running(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as a board has it: compiled."""
    return compile_library(tmp_path_factory.mktemp("mpy"))


@pytest.fixture(params=["micropython", "micropython-aio", "cpython", "cpython-aio"])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    """The library on MicroPython, compiled and within the heap of a small board, and on CPython; with either driver."""
    trust = tmp_path / "trust.der"
    name, _, driver = request.param.partition("-")
    if name == "cpython":
        return Device([sys.executable], ROOT / "lib", trust, driver)
    interpreter = request.getfixturevalue("micropython")
    return Device([interpreter, "-X", "heapsize=160k"], request.getfixturevalue("compiled"), trust, driver)
