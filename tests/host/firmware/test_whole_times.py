"""Times are whole numbers from end to end: a board's float has 24 bits, and would be a minute wrong for a date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from umail_host.paths import firmware, library

# What a name that holds a time is called, in whole or in part.
TIME = re.compile(
    r"^(now|until|since|due|at|begin|end|left|wait|age|pause|seconds?|milliseconds|uptime|unix\w*|moment|ticks|passed"
    r"|interval|timeout|deadline|budget|slept|beat|date|kept|late|step|first|last|window|period)$"
)
# Measured values and what is drawn by chance are not times.
OTHERS = {"measure", "_raw", "humidity", "temperature"}
# A number of the configuration becomes a whole one at once.
WHOLE = {"round", "int"}
# What only CPython loads has double floats.
FILES = [
    path for path in sorted([*firmware().rglob("*.py"), *library().rglob("*.py")]) if not path.stem.endswith("_cpython")
]


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id.lstrip("_").lower()
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_").lower()
    if isinstance(node, ast.Call):
        return name_of(node.func)
    return ""


def about_time(node: ast.AST) -> bool:
    """A time, but not one that is drawn by chance."""
    names = [name_of(part) for part in ast.walk(node) if isinstance(part, ast.expr)]
    return any(TIME.match(name) for name in names) and "random" not in names


def floats(tree: ast.AST) -> Iterator[ast.AST]:
    """Arithmetic on a time that yields a float; ``round`` and ``int`` may make a product with a constant whole."""
    whole: set[ast.AST] = set()
    others: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in WHOLE:
            whole |= set(ast.walk(node))
        if isinstance(node, ast.FunctionDef) and node.name in OTHERS:
            others |= set(ast.walk(node))
    for node in ast.walk(tree):
        if node in others or not isinstance(node, (ast.BinOp, ast.AugAssign, ast.Compare)) or not about_time(node):
            continue
        # Made whole afterwards, a quotient has lost the digits already: ``//`` loses none.
        divides = isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div)
        constant = any(isinstance(part, ast.Constant) and isinstance(part.value, float) for part in ast.walk(node))
        if divides or (constant and node not in whole):
            yield node


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("x = now - since / 2", 1),
        ("end = uptime() + 0.1", 1),
        ("self._until += 1.5", 1),
        ("late > 1.5 * step", 1),
        ("return self._milliseconds / 1000", 1),
        ("x = round(timeout * 1000.0)", 0),
        ("x = int((now - since) / 2)", 1),
        ("x = round(uptime() / 1000)", 1),
        ("x = int(self.random() * seconds / 10)", 0),
        ("x = (now - since) // 2", 0),
        ("x = value / 3.5", 0),
    ],
)
def test_the_check_finds_float_arithmetic_on_times(code: str, count: int) -> None:
    tree = ast.parse(code if "return" not in code else f"def f(self):\n {code}")
    assert bool(list(floats(tree))) is bool(count)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_float_arithmetic_on_times(path: Path) -> None:
    found = [f"line {node.lineno}: {ast.unparse(node)}" for node in floats(ast.parse(path.read_text()))]
    assert found == []
