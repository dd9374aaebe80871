"""Shrinks a list of events to a short one that still fails (delta debugging: Zeller and Hildebrandt, 2002). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


def shrink(items: Sequence[_Item], fails: Callable[[list[_Item]], bool], most: int = 60) -> list[_Item]:
    """Return some of ``items`` that still fail, none of which could be left out.

    Args:
        items: fail together.
        fails: tells whether some of them, in their order, fail as well.
        most: so often it is asked; what is left then may not be the shortest.
    """
    kept = list(items)
    parts = 2
    asked = 0
    while kept and asked < most:
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            # Without this part.
            rest = kept[:start] + kept[start + size :]
            asked += 1
            if fails(rest):
                kept = rest
                parts = max(parts - 1, 2)
                break
            if asked >= most:
                break
        else:
            if size == 1:
                break
            parts = min(2 * parts, len(kept))
    return kept
