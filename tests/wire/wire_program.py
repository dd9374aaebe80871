"""The library in a process that lasts, on either interpreter and with either driver."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from wire_device import PROGRAM


class Program:
    """The library in a process that lasts, with one driver: ``ask`` has one job after the other done.

    Args:
        command: runs the interpreter; ``library``: the folder above ``umail``; ``driver``: "aio", or "" for blocking.

    Attributes:
        output: what it printed beside the result of the last job.
    """

    def __init__(self, command: list[str], library: Path, driver: str = "") -> None:
        self.driver = driver
        self.output = ""
        path = os.pathsep.join([str(library), str(PROGRAM.parent), ".frozen"])
        self._process = subprocess.Popen(
            [*command, str(PROGRAM.with_name("fault_program.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "MICROPYPATH": path, "PYTHONPATH": str(library)},
        )

    def ask(self, **job: Any) -> dict[str, Any]:
        """Have one job done; see fault_program.py."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"driver": self.driver, **job}) + "\n")
        self._process.stdin.flush()
        self.output = ""
        for line in self._process.stdout:
            if line.startswith("RESULT"):
                result: dict[str, Any] = json.loads(line[6:])
                return result
            self.output += line
        raise AssertionError(f"the program ended:\n{self.output}")

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)
