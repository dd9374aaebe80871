"""Collects files `board_test_*.py`, whose functions run on the board, each reported by itself.

Such a file may import what the board has. A function's parameters are fixtures of this computer, whose values must be
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

from umail_host.device.board import ExecError
from umail_host.errors import UserError

PATTERN = "board_test_*.py"


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
        needs = ()
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "needs":
                needs = ast.literal_eval(node.value)
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
            board.exec(source, timeout=30)
            board.exec(code, timeout=60)
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


def _literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def _told(traceback: str, name: str) -> str:
    """Return the board's traceback with the file's name in it."""
    return "on the board:\n" + traceback.strip().replace("\r", "").replace('File "<stdin>"', f'File "{name}"')
