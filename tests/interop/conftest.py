"""Fixtures for tests against real servers: each, started once, and the library on each interpreter."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator

import pytest
from real_servers import FURTHER, SERVERS, Missing, RealServer
from talking_device import TalkingDevice
from wire_device import ROOT


@pytest.fixture(scope="session")
def running() -> Iterator[contextlib.ExitStack]:
    """What was started for a test and serves later ones, too."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def servers(running: contextlib.ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RealServer]:
    """Gives the server of that name, started when first asked for; skips, saying how to get it, if it is missing."""

    @functools.cache
    def start(name: str) -> RealServer:
        return running.enter_context({**SERVERS, **FURTHER}[name](tmp_path_factory.mktemp(name)))

    def give(name: str) -> RealServer:
        try:
            return start(name)
        except Missing as missing:
            pytest.skip(str(missing))

    return give


@pytest.fixture(params=list(SERVERS))
def server(request: pytest.FixtureRequest, servers: Callable[[str], RealServer]) -> RealServer:
    """Each real server."""
    return servers(request.param)


@pytest.fixture(scope="session")
def devices(
    request: pytest.FixtureRequest, running: contextlib.ExitStack, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, RealServer], TalkingDevice]:
    """Gives the library on that interpreter and with that driver, in a process for each server."""

    @functools.cache
    def start(kind: str, server: RealServer) -> TalkingDevice:
        trust = tmp_path_factory.mktemp("trust") / "root.der"
        name, _, driver = kind.partition("-")
        command, library = [sys.executable], ROOT / "lib"
        if name == "micropython":
            command = [request.getfixturevalue("micropython"), "-X", "heapsize=256k"]
            library = request.getfixturevalue("compiled")
        return running.enter_context(TalkingDevice(command, library, trust, driver, server))

    return start


@pytest.fixture(params=["micropython", "micropython-aio", "cpython", "cpython-aio"])
def device(
    request: pytest.FixtureRequest, server: RealServer, devices: Callable[[str, RealServer], TalkingDevice]
) -> TalkingDevice:
    """The library on MicroPython, compiled and within 256 kB, and on CPython; with either driver."""
    return devices(request.param, server)
