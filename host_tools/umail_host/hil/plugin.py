"""The pytest plugin `umail`: tests on real and virtual boards (docs/hil.md).

Entry points only: options.py declares what can be asked for, pool.py lends boards to tests, on_board.py collects tests
that run on a board, artefacts.py keeps what they left. A fault of the rig is reported as such, never as a failed test;
the test runs again on another board if there is one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from umail_host.errors import UserError
from umail_host.hil import locks, options
from umail_host.hil.faults import RigFault

if TYPE_CHECKING:
    from umail_host.hil import network
    from umail_host.hil.dut import Dut
    from umail_host.hil.pool import Pool

# What boards need is loaded for the first of them: pytest loads this for every run.

RIG_FAULT_STATUS = 10  # exit status if nothing but the rig failed
_ON_BOARD = "board_test_*.py"
_ATTEMPTS = 3
_TAIL = 40  # lines of the serial log that a failure shows
_BOARDS: pytest.StashKey[list[Dut]] = pytest.StashKey()
_RIG = pytest.StashKey["Rig"]()


class Rig:
    """What the plugin knows of this run.

    Attributes:
        settings: the options.
        pool: the boards; made for the first test that wants one.
        failed, faults: reports of failures, and those of them that were the rig's.
    """

    def __init__(self, config: pytest.Config, run: Path) -> None:
        self.settings: options.Settings = options.settings(config, run)
        self._pool: Pool | None = None
        self._commit: str | None = None
        self.root = config.rootpath
        folder = config.getoption("--artefacts")
        self.artefacts: Path | None = folder and self.root / folder
        self.failed, self.faults = 0, 0

    @property
    def pool(self) -> Pool:
        """The boards."""
        if self._pool is None:
            from umail_host.hil.pool import Pool

            self._pool = Pool(self.settings)
        return self._pool

    def close(self) -> None:
        """Give the boards back."""
        if self._pool is not None:
            self._pool.close()

    @property
    def commit(self) -> str:
        """What is tested, as git names it; empty outside a repository."""
        if self._commit is None:
            command = ["git", "-C", str(self.root), "describe", "--always", "--dirty"]
            with contextlib.suppress(OSError):
                self._commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        return self._commit or ""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers; the first process of a run makes the folder that all share."""
    for marker in options.MARKERS:
        config.addinivalue_line("markers", marker)
    worker = getattr(config, "workerinput", {})
    run = Path(worker.get("umail_run") or locks.folder() / f"run-{uuid.uuid4().hex}")
    rig = config.stash[_RIG] = Rig(config, run)
    if not rig.settings.places[0].virtual and config.getoption("--smtp-host", None) == "127.0.0.1":
        from umail_host.hil import network

        config.option.smtp_host = network.address(virtual=False)  # where a real board reaches smtp_server


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where that folder is."""
    node.workerinput["umail_run"] = str(node.config.stash[_RIG].settings.run)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the boards back."""
    rig = config.stash.get(_RIG, None)
    if rig is not None:
        rig.close()
        if not hasattr(config, "workerinput"):
            shutil.rmtree(rig.settings.run, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Collect the files whose tests run on a board; pytest's own way takes one that is named in the command, too."""
    found = yield
    if not file_path.match(_ON_BOARD):
        return found
    from umail_host.hil import on_board

    return [on_board.BoardFile.from_parent(parent, path=file_path)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses a board; skip, and say why, what this rig cannot do."""
    rig = config.stash[_RIG].settings
    for item in items:
        if uses_board(item):
            item.add_marker("hil")
            if reason := options.why_not(item, rig):
                item.add_marker(pytest.mark.skip(reason=reason))


def uses_board(item: pytest.Item) -> bool:
    """Tell whether the test asks for this plugin's boards, not for a fixture of its own of that name."""
    info = getattr(item, "_fixtureinfo", None)
    found: list[Any] = list(info.name2fixturedefs.get("boards", ())) if info is not None else []
    return bool(found) and found[-1].func.__module__ == __name__


# Running.


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test on a board again, on another board, if the rig was at fault."""
    if not uses_board(item):
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    pool = item.config.stash[_RIG].pool
    for attempt in range(_ATTEMPTS):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        left = pool.virtual or len(pool.usable()) >= options.wanted(item)
        if attempt == _ATTEMPTS - 1 or not left or not any(is_fault(report) for report in reports):
            break
        item.user_properties.clear()
        getattr(item, "_initrequest")()  # noqa: B009  # pytest has no public way to run a test twice
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell faults of the rig from failures, and show what the board said last."""
    report = yield
    if call.excinfo is None or report.outcome != "failed":
        return report
    from umail_host.device.board import BoardError, ExecError
    from umail_host.hil import on_board

    boards = item.stash.get(_BOARDS, [])
    error = call.excinfo.value
    if isinstance(error, RigFault) or (
        isinstance(error, BoardError) and not isinstance(error, ExecError) and _lost(item, boards)
    ):
        vars(report)["rig_fault"] = str(error)
        report.longrepr = f"a fault of the rig, not of the test: {error}"
        report.when = "setup" if report.when == "call" else report.when  # an error in JUnit's file, no failure
    elif isinstance(error, on_board.OnBoard) or (isinstance(error, UserError) and call.when == "setup"):
        report.longrepr = str(error)
    folder = _folder(item)
    for board in boards:
        tail = "".join(board.log.text().splitlines(keepends=True)[-_TAIL:])
        whole = f"the whole log in {folder}" if folder else "its last lines; --artefacts FOLDER keeps all"
        report.sections.append((f"{board.place.spec}, {whole}", tail))
    return report


def _lost(item: pytest.Item, boards: list[Dut]) -> bool:
    """Tell whether one of the boards does not answer to anything any more."""
    from umail_host.hil import recovery

    for board in boards:
        if not board.lost and not recovery.answers(board):
            try:
                recovery.recover(board)
            except RigFault as fault:
                item.config.stash[_RIG].pool.lose(board, str(fault))
    return any(board.lost for board in boards)


def is_fault(report: pytest.TestReport) -> bool:
    """Tell whether a report is of a fault of the rig."""
    return bool(getattr(report, "rig_fault", ""))


# Reporting.


def pytest_report_header(config: pytest.Config) -> str:
    """Name the boards."""
    settings = config.stash[_RIG].settings
    return f"boards: {', '.join(place.spec for place in settings.places)} (deploy {settings.deploy or 'on request'})"


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """Give a fault of the rig a name of its own."""
    return ("rig faults", "R", ("RIG FAULT", {"red": True})) if is_fault(report) else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count, in the process that decides on the exit status."""
    if report.failed and _counting is not None:
        _counting.failed += 1
        _counting.faults += is_fault(report)


_counting: Rig | None = None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Count from now on."""
    global _counting
    _counting = session.config.stash[_RIG]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give a run in which nothing but the rig failed an exit status of its own."""
    rig = session.config.stash[_RIG]
    if exitstatus == pytest.ExitCode.TESTS_FAILED and rig.faults and rig.faults == rig.failed:
        session.exitstatus = RIG_FAULT_STATUS


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List quarantined boards and faults of the rig."""
    rig = config.stash[_RIG]
    lost = rig.pool.quarantined() if rig.settings.run.is_dir() else {}
    faults = terminalreporter.stats.get("rig faults", [])
    if lost or faults:
        terminalreporter.section("the rig")
        for name, why in lost.items():
            terminalreporter.line(f"quarantined {name}: {why}")
        for report in faults:
            terminalreporter.line(f"RIG FAULT {report.nodeid}: {report.rig_fault}")


# Fixtures.


@pytest.fixture
def boards(request: pytest.FixtureRequest) -> Iterator[list[Dut]]:
    """As many boards as the marker ``boards(n)`` says, one without it; in their raw REPL, heap clean, umail on them if
    the marker ``needs("umail")`` or ``--deploy`` asks for it.
    """
    from umail_host.virtual_board.interpreter import find_micropython

    item = request.node
    rig = request.config.stash[_RIG]
    if rig.pool.virtual:
        try:
            find_micropython()
        except UserError as error:
            pytest.skip(str(error))
    taken = rig.pool.take(options.wanted(item), "umail" in options.needed(item))
    item.stash[_BOARDS] = taken
    before = [dict(board.facts) for board in taken]
    yield taken
    fault = None
    try:
        rig.pool.after(taken)
    except RigFault as error:
        fault = error
    _keep(item, rig, taken, before)
    rig.pool.offer()
    if fault is not None:
        raise fault


@pytest.fixture
def board(boards: list[Dut]) -> Dut:
    """The board: exec, eval, call, put, get, mount, reset, begin, wait_for; see `umail_host.hil.dut.Dut`."""
    return boards[0]


@pytest.fixture
def wifi(board: Dut, request: pytest.FixtureRequest) -> Iterator[network.Wifi]:
    """The board's network: join, leave, online, drop, restore."""
    from umail_host.hil import network

    get = request.config.getoption
    password = os.environ.get("UMAIL_WIFI_PASSWORD", "")
    found = network.Wifi(board, get("--wifi-ssid"), password, get("--access-point"))
    yield found
    if found.dropped:
        found.restore()


class Supply:
    """The board's supply: the fixture `power`."""

    def __init__(self, board: Dut) -> None:
        self.off, self.on, self.cycle = board.cut_power, board.give_power, board.cycle_power


@pytest.fixture
def power(board: Dut) -> Supply:
    """The board's supply: off, on, cycle; skips if --power names none."""
    if board.power is None:
        pytest.skip("cuts the supply: give --power")
    return Supply(board)


@pytest.fixture
def board_reaches(boards: list[Dut]) -> str:
    """Address on which a server must listen so that the boards reach it."""
    from umail_host.hil import network

    return network.address(boards[0].virtual is not None)


def _folder(item: pytest.Item) -> Path | None:
    from umail_host.hil import artefacts

    top = item.config.stash[_RIG].artefacts
    return top and artefacts.folder_of(top, item.nodeid)


def _keep(item: pytest.Item, rig: Rig, boards: list[Dut], before: list[dict[str, Any]]) -> None:
    """Write artefacts and properties of a test that has ended."""
    from umail_host.fake_smtp import FakeServer
    from umail_host.hil import artefacts

    servers = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, FakeServer)]
    for server in servers:
        for secret in server.policy.secrets():
            rig.pool.masker.learn(secret.encode())
    rows = []
    for board, then in zip(boards, before, strict=True):
        now: dict[str, Any] = {}
        if not board.lost:
            with contextlib.suppress(UserError):
                now = board.ask()
        rows.append(
            {**_identity(board, then), "heap_before": then.get("allocated"), "heap_after": now.get("allocated")}
        )
        rows[-1] |= {"heap_free": now.get("free"), "reset_cause": now.get("reset_cause", "lost")}
    for number, row in enumerate(rows):
        prefix = f"board{number + 1}." if len(rows) > 1 else "board."
        item.user_properties += [(prefix + key, value) for key, value in row.items() if value not in (None, "")]
    item.user_properties.append(("commit", rig.commit))
    if folder := _folder(item):
        artefacts.begin(folder)
        artefacts.write(folder, boards, servers, {"test": item.nodeid, "commit": rig.commit, "boards": rows})


def _identity(board: Dut, facts: dict[str, Any]) -> dict[str, Any]:
    port = {"place": board.place.spec}
    return port | {key: facts.get(key, "") for key in ("id", "mac", "firmware", "machine")}
