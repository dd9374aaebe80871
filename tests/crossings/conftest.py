"""Fixtures of `make crossings`: servers and readers that CI does without, and the table at the end."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import catchers
import pytest
import relays
from real_servers import Missing, RealServer
from talking_device import TalkingDevice

SERVERS: dict[str, type[RealServer]] = {
    one.name: one
    for one in (
        relays.Stunnel,
        relays.Haproxy,
        relays.Proxsmtp,
        relays.Opensmtpd,
        relays.Courier,
        catchers.Postscreen,
        catchers.Chasquid,
        catchers.GoSmtp,
        catchers.Maildev,
        catchers.SmtpTester,
        catchers.MailDevel,
        catchers.Maildump,
        catchers.SmtpSink,
        catchers.Slimta,
    )
}


class Row(NamedTuple):
    """A line of the table."""

    name: str
    version: str
    ran: str
    result: str


ROWS: list[Row] = []
# What stays out, and why.
NOT_RUN = {
    "rspamd": "judges by DNS and its own network services, which tests here do not ask",
    "Outlook, Thunderbird, Evolution, Apple Mail": "need a screen, an account or another system",
    "Exchange Online, Gmail": "need an account; the fake server has their dialogues as they publish them",
}


@pytest.fixture(scope="session")
def running() -> Iterator[contextlib.ExitStack]:
    """What was started for a test and serves later ones, too."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(params=list(SERVERS))
def server(
    request: pytest.FixtureRequest, started: Callable[[str], RealServer], row: Callable[[str, str, str], None]
) -> Iterator[RealServer]:
    """Each server; what is told of it as ``request.node.told`` comes into the table."""
    try:
        found = started(request.param)
    except Missing as missing:
        row(request.param, "", f"skipped: {missing}")
        pytest.skip(str(missing))
    request.node.told = ""
    yield found
    good = not getattr(request.node, "failed", True)
    row(found.name, found.version, request.node.told if good else "FAILED: see above")


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """Writes a line of the table: name, version, result."""
    what = request.node.originalname.removeprefix("test_").replace("_", " ")
    return lambda name, version, result: ROWS.append(Row(name, version, what, result))


@pytest.fixture(scope="session")
def started(running: contextlib.ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RealServer]:
    """Gives the server of that name, started when first asked for."""

    @functools.cache
    def start(name: str) -> RealServer:
        return running.enter_context(SERVERS[name](tmp_path_factory.mktemp("server")))

    return start


@pytest.fixture(scope="session")
def devices(
    micropython: str, compiled: object, running: contextlib.ExitStack, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[RealServer], TalkingDevice]:
    """Gives the library on MicroPython, in a process for each server."""

    @functools.cache
    def start(server: RealServer) -> TalkingDevice:
        trust = tmp_path_factory.mktemp("trust") / "root.der"
        command = [micropython, "-X", "heapsize=256k"]
        return running.enter_context(TalkingDevice(command, compiled, trust, "", server))  # type: ignore[arg-type]

    return start


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell the fixtures whether the test failed."""
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    rows = [Row("server or reader", "version", "what ran", "result"), *ROWS]
    rows += [Row(name, "", "–", f"skipped: {why}") for name, why in NOT_RUN.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    terminalreporter.section("crossings")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        terminalreporter.write_line("  ".join([*cells, row.result]))
