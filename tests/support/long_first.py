"""Lets the longest tests begin first on pytest-xdist's workers, so that nobody waits for one of them in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Test = TypeVar("Test")


def dealt(tests: Sequence[Test], workers: int, is_long: Callable[[Test], bool]) -> list[Test]:
    """Return ``tests`` so that each worker's share, which is cut from the list in one piece, begins with long ones.

    All others keep their order, and with it the fixtures that neighbours share.
    """
    long = [test for test in tests if is_long(test)]
    others = [test for test in tests if not is_long(test)]
    order: list[Test] = []
    for worker in range(workers):
        # As `--dist worksteal` cuts: the rest evenly among the workers that are left.
        share = (len(tests) - len(order)) // (workers - worker)
        first = long[worker::workers][:share]
        order += first + others[: share - len(first)]
        del others[: share - len(first)]
    # (Of few tests, all may be long.)
    return order + [test for test in long if test not in order] + others
