"""Collects files `board_test_*.py`, whose functions run on the board, each reported by itself.

Such a file may import what the board has; umail is put there if it imports that. An assertion shows the values that it
compares. A function's parameters are fixtures of this computer, whose values must be
literals (numbers, texts, bytes, lists, dicts); ``needs = ("wifi",)`` at the top stands for the marker, and connects.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umail_host import terminal
from umail_host.device.board import ExecError
from umail_host.errors import UserError

__tracebackhide__ = True  # a failed test shows the board's traceback
# What assertions become on the board. A comparison comes with both sides, anything else with its value alone.
_CHECK = """\
def __check(text, message, good, *values):
    if not good(*values):
        text += "".join(["\\n  %r" % (value,) for value in values])
        raise AssertionError("%s\\n%s" % (message(), text) if message else text)
"""
# To a REPL, sys.exit() is not a failure, whatever its status.
_RUN = """\
try:
    %s
except SystemExit as ended:
    raise AssertionError("the test ended by sys.exit(%%s)" %% ended)
"""


class OnBoard(Exception):
    """A test failed on the board; the text is its traceback there."""


class BoardFile(pytest.Module):
    """One file of tests that run on a board."""

    def _getobj(self) -> types.ModuleType:
        source = self.path.read_text(encoding="utf-8")
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise self.CollectError(f"{self.path.name}, line {error.lineno}: {error.msg}") from None
        module = types.ModuleType(self.path.stem)
        module.__file__ = str(self.path)
        needs: tuple[str, ...] = ()
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "needs":
                needs = ast.literal_eval(node.value)
        if any("umail" in _imported(node) for node in ast.walk(tree)):
            needs = (*needs, "umail")
        source = _with_values(source, tree)
        vars(module)["pytestmark"] = [pytest.mark.hil, pytest.mark.needs(*needs)]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                names = [argument.arg for argument in node.args.args]
                step = _step(self.path, source, node, names, "wifi" in needs)
                setattr(module, node.name, step)
        return module


def _step(
    path: Path, source: str, node: ast.FunctionDef | ast.AsyncFunctionDef, names: list[str], joined: bool
) -> Callable[..., None]:
    """Return the function that pytest calls in place of the one on the board."""

    def step(board: Any, **values: Any) -> None:
        if joined:
            values.pop("wifi").join()
        for name in names:
            if not _literal(values[name]):
                raise UserError(f"{path.name}: the fixture {name} is not a literal: the board can't have it")
        code = f"{node.name}({', '.join(repr(values[name]) for name in names)})"
        if isinstance(node, ast.AsyncFunctionDef):
            code = f"__import__('asyncio').run({code})"
        try:
            board.exec(_CHECK)
            board.exec(source, timeout=30)
            board.exec(_RUN % code, timeout=60)
        except ExecError as error:
            raise OnBoard(_told(error.traceback, path.name)) from None

    parameters = ["board", *(["wifi"] if joined else []), *names]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    # What inspect.signature() looks at first, and so pytest.
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in dict.fromkeys(parameters)])
    vars(step)["__signature__"] = signature
    step.__name__ = step.__qualname__ = node.name
    step.__doc__ = ast.get_docstring(node)
    return step


def _imported(node: ast.AST) -> set[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return {name.partition(".")[0] for name in names}


def _with_values(source: str, tree: ast.Module) -> str:
    """Return the source with each assertion as a call that shows its values; lines keep their numbers."""
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    octets = source.encode()
    for node in sorted((n for n in ast.walk(tree) if isinstance(n, ast.Assert)), key=lambda n: -n.lineno):
        test, sides = node.test, [node.test]
        good = "lambda a: a"
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            sides = [test.left, test.comparators[0]]
            good = f"lambda a, b: {ast.unparse(ast.Compare(ast.Name('a'), test.ops, [ast.Name('b')]))}"
        message = f"lambda: {ast.unparse(node.msg)}" if node.msg else "None"
        values = ", ".join(f"({ast.unparse(side)})" for side in sides)
        call = f"__check({'assert ' + ast.unparse(test)!r}, {message}, {good}, {values})"
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        octets = octets[:begin] + call.encode() + b"\n" * (node.end_lineno - node.lineno) + octets[end:]
    return octets.decode()


def _literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def _told(traceback: str, name: str) -> str:
    """Return the board's traceback with the file's name in it."""
    shown = terminal.lines(traceback.strip().replace("\r", ""))
    return "on the board:\n" + shown.replace('File "<stdin>"', f'File "{name}"')
