"""Every fault of the fake server, by every kind of route, with either driver, on MicroPython: see fault_table.py."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from fault_bench import Bench
from fault_table import ROWS, SECURITIES, Row
from make_faults_page import PAGE, page
from wire_device import ROOT

from umail_host.fake_smtp.faults import plan, registry
from umail_host.fake_smtp.server.tls import Authority

# Half of it is what a 32-bit board would need.
HEAP = "heapsize=192k"
# CPython shares the core, not the sockets: a row for each place where these could differ.
ON_CPYTHON = (
    *(
        "connect-refused",
        "connect-close",
        "connect-silent",
        "reply-endless-line",
        "reset-at=content",
        "starttls-injected",
    ),
    *("handshake-stall", "handshake-reset", "handshake-garbage", "certificate-expired", "certificate-wrong-name"),
    *("certificate-unknown-root", "certificate-missing-intermediate", "tls-1.1", "body-close=20000", "content-lost"),
    *("body-stop-reading=2000", "idle-close"),
)


@pytest.fixture(scope="module")
def micropython_bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Bench]:
    """Eight boards: MicroPython within a small heap, the library compiled."""
    interpreter, library = request.getfixturevalue("micropython"), request.getfixturevalue("compiled")
    bench = Bench([interpreter, "-X", HEAP], library, tmp_path_factory.mktemp("faults"), SECURITIES, authority)
    yield bench
    bench.stop()


@pytest.fixture(scope="module")
def cpython_bench(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Bench]:
    """The library on CPython."""
    bench = Bench([sys.executable], ROOT / "lib", tmp_path_factory.mktemp("faults"), SECURITIES, authority)
    yield bench
    bench.stop()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_fault_ends_as_the_table_says_and_the_next_mail_goes(micropython_bench: Bench, row: Row) -> None:
    assert not micropython_bench.run(row)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name.split(" ")[0] in ON_CPYTHON], ids=lambda row: row.name)
def test_a_fault_ends_on_cpython_as_on_micropython(cpython_bench: Bench, row: Row) -> None:
    assert not cpython_bench.run(row)


def test_no_fault_is_left_out() -> None:
    tried = {planned.fault.name for row in ROWS for planned in plan.parse(row.plan).faults}
    assert registry.FAULTS.keys() - tried == set()


def test_no_row_is_there_twice() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)


def test_the_page_shows_the_table_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/wire/make_faults_page.py"
