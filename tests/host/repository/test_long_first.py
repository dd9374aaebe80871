"""Long tests begin first on each of pytest-xdist's workers, and no test is lost or run twice."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdist.scheduler import WorkStealingScheduling

from long_first import dealt


class Worker:
    """As much of a worker as the scheduler needs: it keeps what it is given."""

    shutting_down = False

    def __init__(self) -> None:
        self.given: list[int] = []
        self.gateway = SimpleNamespace(id="gw")

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def send_steal(self, indices: list[int]) -> None:
        pass

    def shutdown(self) -> None:
        self.shutting_down = True


def shares(config: pytest.Config, tests: list[str], workers: int) -> list[list[str]]:
    """What each worker gets at first from pytest-xdist's own scheduler."""
    scheduler = WorkStealingScheduling(config)
    scheduler.numnodes = workers
    nodes = [Worker() for _ in range(workers)]
    for node in nodes:
        scheduler.add_node(node)  # type: ignore[arg-type]
        scheduler.add_node_collection(node, tests)  # type: ignore[arg-type]
    scheduler.schedule()
    return [[tests[index] for index in node.given] for node in nodes]


def test_each_worker_begins_with_its_share_of_the_long_ones(pytestconfig: pytest.Config, monkeypatch) -> None:
    monkeypatch.setattr("xdist.scheduler.worksteal.parse_tx_spec_config", lambda config: [])
    tests = [f"long {number}" if number in (3, 50, 51, 97, 98) else f"{number}" for number in range(100)]
    order = dealt(tests, 3, lambda test: test.startswith("long"))
    first, second, third = shares(pytestconfig, order, 3)
    assert (first[:3], second[:3], third[:2]) == (
        ["long 3", "long 97", "0"],
        ["long 50", "long 98", "32"],
        ["long 51", "65"],
    )
    assert first + second + third == order


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 8))
def test_no_test_is_lost_or_comes_twice_and_neighbours_stay_neighbours(long: list[bool], workers: int) -> None:
    tests = list(enumerate(long))
    order = dealt(tests, workers, lambda test: test[1])
    assert sorted(order) == tests
    assert [test for test in order if not test[1]] == [test for test in tests if not test[1]]
