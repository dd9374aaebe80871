"""Which of the library's lines an entry reaches, and the few of many that reach anything new."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fuzz import one
from fuzz.world import World

LIBRARY = Path(__file__).resolve().parent.parent.parent / "lib" / "umail"
Step = tuple[str, int, int]


def steps(world: World, target: str, entry: bytes) -> set[Step]:
    """Each step from a line of the library to the next that running ``entry`` takes: (module, line, line)."""
    found: set[Step] = set()
    last: dict[int, int] = {}

    def inside(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        if event == "line":
            code = frame.f_code
            found.add((code.co_filename, last.get(id(code), 0), frame.f_lineno))
            last[id(code)] = frame.f_lineno
        return inside

    def enter(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        return inside if f"{LIBRARY.name}/" in frame.f_code.co_filename else None

    sys.settrace(enter)
    try:
        one.run(world, target, entry)
    finally:
        sys.settrace(None)
    return {(_dotted(name), before, line) for name, before, line in found}


def _dotted(path: str) -> str:
    """A module's name below ``umail``, as ``entries.MODULES`` spells it."""
    return path.rpartition(f"{LIBRARY.name}/")[2].removesuffix(".py").replace("/", ".")


def fewest(world: World, target: str, saved: list[bytes], found: Iterable[bytes]) -> tuple[list[bytes], set[Step]]:
    """Those of ``found``, the shortest first, that take a step which nothing before them takes; and all the steps."""
    kept = []
    reached = set().union(*[steps(world, target, entry) for entry in saved])
    for entry in sorted(found, key=len):
        new = steps(world, target, entry) - reached
        if new:
            kept.append(entry)
            reached |= new
    return kept, reached


def lines(module: str) -> set[int]:
    """The lines of a module's functions that hold code."""
    path = LIBRARY / f"{module.replace('.', '/')}.py"
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    found: set[int] = set()

    def collect(inner: CodeType) -> None:
        if inner.co_flags & 2:
            # (Not the line of its ``def``.)
            found.update(line for _, _, line in inner.co_lines() if line and line != inner.co_firstlineno)
        for constant in inner.co_consts:
            if isinstance(constant, CodeType):
                collect(constant)

    collect(code)
    return found
