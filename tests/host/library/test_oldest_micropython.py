"""What a board runs uses nothing that the oldest MicroPython it promises (1.22) lacks, and newer ones would hide."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def calls() -> Iterator[tuple[str, Any]]:
    """Yield each call of a method in what runs on a board, and where it is."""
    scripts = (ROOT / "host_tools").rglob("*on_board.py")
    for path in (*(ROOT / "lib" / "umail").rglob("*.py"), *(ROOT / "firmware").rglob("*.py"), *scripts):
        if path.name.endswith("_cpython.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_a_prefix_or_suffix_is_not_a_tuple() -> None:
    # startswith and endswith take a tuple from MicroPython 1.25 on.
    found = []
    for where, node in calls():
        # An attribute is one of several endings; a name is one that was just taken out.
        several = len(node.args) != 1 or isinstance(node.args[0], ast.Tuple | ast.Attribute)
        if node.func.attr in ("startswith", "endswith") and several:
            found.append(where)
    assert not found


def test_a_number_becomes_bytes_only_if_it_cannot_be_negative_or_too_large() -> None:
    # int.to_bytes raises on what does not fit from 1.24 on, and takes no negative number in 1.29; before, it cuts off.
    sized = [(where, node) for where, node in calls() if node.func.attr == "to_bytes"]
    assert len(sized) > 1
    for where, node in sized:
        number = node.func.value
        masked = isinstance(number, ast.BinOp) and isinstance(number.op, ast.BitAnd)
        # In a comprehension, by its condition.
        assert masked or isinstance(number, ast.Name), where
        assert len(node.args) > 1, f"{where}: the length has no default before 1.24"
