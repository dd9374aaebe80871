"""Looks for planted secrets in all that a test run prints, runs and leaves behind; the run fails where one is found.

A plugin of pytest, registered by conftest.py. While a test runs, it looks at what commands print and how they are
called, at consoles and transcripts; at the end, once, at what every test reported and at every file that is left in the
folders of the tests. ``MEANT`` names the only files in which a secret may stand.
"""

from __future__ import annotations

import fnmatch
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import planted
from umail_host.fake_oauth import service
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.record import timeline
from umail_host.virtual_board import VirtualBoard

# Pattern of the path → why a secret may stand there.
MEANT = {
    "*/nvs.json": "the secret store of a virtual board",
    "*/test_a_pico*/flash.img": "the secret store of a Pico, which has no NVS",
    "*/test_each_board*/flash.img": "the same",
    "*/flash/secrets.json": "the secret store of a board of tests/bench, which has no NVS",
    "*/store.json": "where a program of a test keeps its refresh token",
    "*/key.der": "the key of a board's certificate, as a test gives it to a route",
}
_USUAL = service.TokenService().client_secret
_STARTS_A_PROGRAM = frozenset(("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"))


class Leak(AssertionError):
    """A planted secret where none may be."""


def check(what: str, octets: bytes | str) -> None:
    """Raise Leak if a planted secret stands in ``octets``."""
    # Otherwise pytest shows what this was called with.
    __tracebackhide__ = True
    if place := planted.found(octets):
        raise Leak(f"a secret stands in {what}: …{place}…")


class Watch:
    """The plugin.

    Args:
        folders: what is searched at the end, beside the tests' own folders.
    """

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.leaks: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Temporary files, of programs too, go where they are looked for in the end."""
        folder = _base(session) / "system"
        folder.mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What a test printed or reported."""
        for name, text in [("what it says", report.longreprtext), *report.sections]:
            if place := planted.found(text):
                self.leaks.append(f"{report.nodeid}, {name}: …{place}…")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What all tests left: every file."""
        for folder in (_base(session), *self.folders):
            self.leaks += left_in(folder)
        if self.leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where."""
        if self.leaks:
            terminalreporter.section("secrets that leaked", sep="=", red=True)
            # What a test printed stands in the reports of its call and of its teardown.
            for leak in dict.fromkeys(self.leaks):
                terminalreporter.line(leak)


def _base(session: pytest.Session) -> Path:
    # The public way to it is a fixture.
    base: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return base


def left_in(folder: Path) -> Iterator[str]:
    """The files below ``folder`` in which a secret stands that is not meant to be there."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or any(fnmatch.fnmatch(str(path), known) for known in MEANT):
            continue
        name = str(path.relative_to(folder))
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue  # a program that still ends has tidied up
        if place := planted.found(content) or planted.found(name):
            yield f"{name}: …{place}…"


class _Marked:
    """Stands in for the module ``secrets`` where the fake OAuth service makes its tokens."""

    choice, token_hex = staticmethod(secrets.choice), staticmethod(secrets.token_hex)

    @staticmethod
    def token_urlsafe(size: int) -> str:
        return planted.MARK + secrets.token_urlsafe(size)


def watch_processes() -> None:
    """From now on, whatever this process starts, prints as a command, serves and shows as a board is looked through."""
    sys.addaudithook(_program_starts)
    service.secrets = _Marked  # type: ignore[attr-defined]
    _after(service.TokenService, "__init__", _plant)
    _after(subprocess.Popen, "communicate", lambda process, output: _printed(process.args, output))
    _after(CliRunner, "invoke", lambda _, result: check("what the command printed", result.output + _told(result)))
    _before(FakeServer, "stop", _served)
    _before(VirtualBoard, "__exit__", lambda board: check("the board's console", bytes(board.console)))


def _program_starts(event: str, arguments: tuple[Any, ...]) -> None:
    # Any user of the machine can read the arguments of a process.
    if event in _STARTS_A_PROGRAM:
        check("the arguments of a program", repr(arguments[:2]))


def _plant(made: service.TokenService, _: None) -> None:
    if made.client_secret == _USUAL:
        made.client_secret = planted.CLIENT_SECRET


def _printed(arguments: Any, output: tuple[Any, Any]) -> None:
    for text in output:
        check(f"what {arguments} printed", text or b"")


def _told(result: Any) -> str:
    return f"{result.exception!r}{result.exception}"


def _served(server: FakeServer) -> None:
    check("the server's timeline", timeline.text(server))
    check("the server's timeline in JSON", timeline.as_json(server))


def _after(kind: type, name: str, look: Callable[[Any, Any], None]) -> None:
    original = getattr(kind, name)

    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        result = original(self, *arguments, **named)
        look(self, result)
        return result

    setattr(kind, name, watched)


def _before(kind: type, name: str, look: Callable[[Any], None]) -> None:
    original = getattr(kind, name)

    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            look(self)
        finally:
            original(self, *arguments, **named)

    setattr(kind, name, watched)
