"""Runs a test file on CPython as a board reckons: floats of 24 bits after each operation, ticks that wrap at 2**30.

The program runs as it is, except that each operation and each call that yields a float yields the nearest that a
board's single float can hold. The ticks begin just before they wrap.
"""

from __future__ import annotations

import ast
import functools
import importlib.abc
import importlib.machinery
import json
import struct
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = (ROOT / "lib" / "umail", ROOT / "firmware" / "alertnode", ROOT / "tests" / "support")
PERIOD = 1 << 30
# Milliseconds until the ticks wrap, when the program begins.
BEFORE = 50


class Float(float):
    """A single float, which prints as few digits as tell it from others."""

    def __repr__(self) -> str:
        return f"{float(self):.7g}"

    __str__ = __repr__


def single(value: Any) -> Any:
    """Return ``value``, a float as a single float."""
    if type(value) is not float:
        return value
    try:
        return Float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return Float("inf" if value > 0 else "-inf")


class Single(ast.NodeTransformer):
    """Wraps what may yield a float into ``single``."""

    def _wrapped(self, node: ast.expr) -> ast.expr:
        call = ast.Call(func=ast.Name(id="__single__", ctx=ast.Load()), args=[node], keywords=[])
        return ast.copy_location(call, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return self._wrapped(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        return self._wrapped(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._wrapped(node) if isinstance(node.value, float) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        # First as it is, since a list or a bytearray changes in place.
        self.generic_visit(node)
        target = ast.unparse(node.target)
        return [node, *ast.parse(f"{target} = __single__({target})").body]


@functools.cache
def compiled(path: Path) -> Any:
    """Return the code of the file. Kept, since a transient module is loaded thousands of times."""
    tree = Single().visit(ast.parse(path.read_text(encoding="utf-8")))
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module of ours so that its floats are single."""

    def get_code(self, fullname: str) -> Any:
        return compiled(Path(self.path))

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__single__"] = single
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds our modules."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec and spec.origin and any(Path(spec.origin).is_relative_to(folder) for folder in OURS):
            spec.loader = Loader(fullname, spec.origin)
        return spec


def short_ticks() -> None:
    """Let the library's ticks wrap as a board's do."""
    from umail.net import sockets_cpython
    from umail.net import transport as sockets

    begin = time.monotonic_ns() // 1000000

    def ticks() -> int:
        return (time.monotonic_ns() // 1000000 - begin - BEFORE) % PERIOD

    def left(until: int, now: int) -> int:
        return (until - now + PERIOD // 2) % PERIOD - PERIOD // 2

    def after(now: int, delta: int) -> int:
        if not -PERIOD // 2 < delta < PERIOD // 2:
            raise OverflowError("ticks interval overflow")
        return (now + delta) % PERIOD

    for module in (sockets_cpython, sockets):
        for function in (ticks, left, after):
            if not hasattr(module, function.__name__):
                raise AttributeError(function.__name__)
            setattr(module, function.__name__, function)


def main(path: Path) -> None:
    """Run each ``test_*`` function of the file, and print one JSON line for it."""
    sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "firmware"), str(ROOT / "tests" / "support"), str(ROOT / "tests")]
    sys.meta_path.insert(0, Finder())
    short_ticks()
    scope: dict[str, Any] = {"__name__": "unit", "__single__": single, "__file__": str(path)}
    exec(compiled(path), scope)
    for name in sorted(scope):
        if name.startswith("test_") and callable(scope[name]):
            error = ""
            try:
                scope[name]()
            except BaseException:
                error = traceback.format_exc()
            print(json.dumps({"test": name, "error": error}, separators=(",", ":")))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
