"""The library in one process that stays, on either interpreter and with either driver, and sends to one real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from real_servers import RealServer
from wire_device import ROOT

PROGRAM = Path(__file__).with_name("talking_program.py")
LASTING = Path(__file__).with_name("lasting_login.py")
WIRE = ROOT / "tests" / "wire"
RECIPIENT = "ops@example.org"


class TalkingDevice:
    """Sends to ``server`` what it is told, job by job, in one process that ends with ``with``.

    Args:
        command: the interpreter.
        library: the folder with the library for it.
        trust: where to put the server's root.
        driver: "" or "aio".
    """

    def __init__(self, command: list[str], library: Path, trust: Path, driver: str, server: RealServer) -> None:
        trust.write_bytes(server.ca_der)
        self.command, self.trust, self.driver, self.server = command, trust, driver, server
        self.env = {**os.environ, "MICROPYPATH": os.pathsep.join([str(library), ".frozen"]), "PYTHONPATH": str(library)}

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [*self.command, str(PROGRAM), str(WIRE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.env,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def send(self, *messages: dict[str, Any], port: int = 0, **job: Any) -> list[dict[str, Any]]:
        """What became of each message; what is not given is a short mail by STARTTLS with the server's password.

        Args:
            messages: the arguments of ``umail.Message`` that differ.
            port: of the server's.
            job: see device_program.py; in ``route`` the arguments of ``umail.Route`` that differ.
        """
        user, password = self.server.login
        route = {"host": self.server.hostname, "port": port or self.server.port, "username": user}
        route["trust"] = str(self.trust)
        if "access_token" not in job.get("route", {}):
            route["password"] = password
        route.update(job.pop("route", {}))
        whole = {"sender": user, "to": RECIPIENT, "subject": "s", "text": "t"}
        sent = {"route": route, "messages": [{**whole, **one} for one in messages], "driver": self.driver, **job}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(sent, ensure_ascii=False) + "\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.startswith("RESULT"):
                results: list[dict[str, Any]] = json.loads(line[6:])
                return results
            said.append(line)
        raise AssertionError("the program ended:\n" + "".join(said))

    def waits(self, folder: Path, hours: int, heal: Callable[[], object], password: str = "") -> list[list[list[Any]]]:
        """What an outbox in ``folder`` reports of a mail in ``hours``, and then, once ``heal`` was called.

        Args:
            password: the wrong one that it has until then; "": the server's.
        """
        user, right = self.server.login
        route = {"host": self.server.hostname, "port": self.server.port, "username": user, "trust": str(self.trust)}
        route["password"] = password or right
        job = {"path": str(folder), "route": route, "to": RECIPIENT, "hours": hours}
        pipe = subprocess.PIPE
        with subprocess.Popen([*self.command, str(LASTING)], stdin=pipe, stdout=pipe, text=True, env=self.env) as done:
            assert done.stdin is not None
            assert done.stdout is not None
            told = []
            for line in (json.dumps(job, ensure_ascii=False), right):
                done.stdin.write(line + "\n")
                done.stdin.flush()
                told.append(json.loads(done.stdout.readline().partition("TOLD")[2] or "null"))
                heal()
        return told
