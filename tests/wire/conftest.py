"""Fixtures for tests over real sockets and TLS: the library in a process of its own, on each interpreter."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trustme import KeyType
from wire_device import PASSWORD, ROOT, USER, Device

from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.tls import Authority

# Of a small board, in words of 64 bits.
HEAP = "heapsize=160k"


@pytest.fixture(params=["micropython", "micropython-aio", "cpython", "cpython-aio"])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    """The library on MicroPython, compiled and within the heap of a small board, and on CPython; with either driver."""
    trust = tmp_path / "trust.der"
    name, _, driver = request.param.partition("-")
    if name == "cpython":
        return Device([sys.executable], ROOT / "lib", trust, driver)
    interpreter = request.getfixturevalue("micropython")
    return Device([interpreter, "-X", HEAP], request.getfixturevalue("compiled"), trust, driver)


@pytest.fixture(scope="session")
def authority() -> Authority:
    """RSA, as most mail servers have it: a handshake costs MicroPython a third of what it does with ECDSA."""
    return Authority(["localhost", "127.0.0.1"], KeyType.RSA)


@pytest.fixture
def serve(request: pytest.FixtureRequest, authority: Authority) -> Callable[..., FakeServer]:
    """Starts fake servers that end with the test: ``serve(profile, **switches)``."""

    def start(profile: str = "m365-submission", **switches: Any) -> FakeServer:
        switches.setdefault("mailboxes", {USER: PASSWORD})
        if "hostnames" not in switches:
            switches.setdefault("authority", authority)
        server = FakeServer(profile, **switches)
        server.start()
        request.addfinalizer(server.stop)
        return server

    return start
