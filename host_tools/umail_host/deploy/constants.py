"""Puts what a board knows beforehand into a module: its private numbers, and that the interpreter is MicroPython.

On a board each name of a module costs an entry in the module's table and one in MicroPython's table of names; a number
in the code costs neither (MicroPython's ``const`` does the same, which CPython lacks). A private name, such as
``_PAUSE = 5 * 60``, is known to its module only: nobody misses it. ``sys.implementation.name == "micropython"`` is
``True`` there, and the compiler leaves out what is for CPython.
"""

from __future__ import annotations

import ast
import operator
import re

from umail_host import trees

_PRIVATE = re.compile(r"_[A-Z][A-Z0-9_]*")
_INTERPRETER = "sys.implementation.name"
_ANY = re.compile(rb"^_[A-Z][A-Z0-9_]* *=|" + re.escape(_INTERPRETER.encode()), re.MULTILINE)
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
}


def folded(source: bytes) -> bytes:
    """Return the source of a module, line by line, with what is known beforehand in its place.

    What Python cannot read comes back as it is: the compiler says what is wrong with it.
    """
    if not _ANY.search(source):
        return source
    try:
        tree = trees.parse(source)
    except SyntaxError:
        return source
    numbers = _numbers(tree)
    edits: list[tuple[ast.stmt | ast.expr, bytes]] = [
        (node, b"") for node in tree.body if isinstance(node, ast.Assign) and _name(node) in numbers
    ]
    inside = {id(found) for node, _ in edits for found in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in numbers and id(node) not in inside:
            edits.append((node, b"(%d)" % numbers[node.id] if numbers[node.id] < 0 else b"%d" % numbers[node.id]))
        elif isinstance(node, ast.Compare) and ast.unparse(node.left) == _INTERPRETER and len(node.ops) == 1:
            same = ast.unparse(node.comparators[0]) == "'micropython'"
            edits.append((node, b"%r" % (same == isinstance(node.ops[0], ast.Eq))))
    lines = source.splitlines(keepends=True)
    for node, text in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
        # An assignment may have several lines; an empty line stands for each.
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        tail = lines[last][node.end_col_offset :]
        lines[first] = lines[first][: node.col_offset] + text + (tail if first == last else b"\n")
        lines[first + 1 : last + 1] = [b"\n"] * (last - first - 1) + ([tail] if last > first else [])
    return b"".join(lines)


def _numbers(tree: ast.Module) -> dict[str, int]:
    """Return the private names that stand for one whole number throughout the module."""
    stores, shared = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                stores.append(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            shared.update(node.names)
        elif isinstance(node, ast.arg):
            shared.add(node.arg)
    found: dict[str, int] = {}
    for statement in tree.body:
        name = _name(statement)
        if _PRIVATE.fullmatch(name) and stores.count(name) == 1 and name not in shared:
            value = _value(statement.value, found) if isinstance(statement, ast.Assign) else None
            if value is not None:
                found[name] = value
    return found


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def _value(node: ast.expr, known: dict[str, int]) -> int | None:
    """Return the whole number that ``node`` is, None if it is something else."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, known)
        return None if value is None else -value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, known), _value(node.right, known)
        if left is not None and right is not None:
            return int(_OPERATORS[type(node.op)](left, right))
    return None
