"""No module of the product imports itself by a detour, and none reaches across to a room it must not know.

An import inside a function counts, and so does a module that is loaded by ``load_transient("…")``; what is imported
for a type checker alone never runs, and does not.
"""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEVICE = "host_tools/umail_host/virtual_board/device"
# Each package, and the folder that holds it. The device's side of the virtual board has a path of modules of its own.
PACKAGES = {"umail": "lib", "alertnode": "firmware", "umail_host": "host_tools", "tools": ".", "": DEVICE}
# What must not import what: prefixes of module names. A command is imported by the command line alone.
APART = [
    ("umail.smtp", "umail.net"),
    ("umail.net", "umail.smtp"),
    ("umail_host", "umail_host.commands"),
]


def modules(package: str) -> dict[str, Path]:
    """The modules of a package by name; the library's own, whose public names load all others, is left out."""
    home = ROOT / PACKAGES[package]
    found = {}
    for path in sorted((home / package).rglob("*.py")):
        parts = path.relative_to(home).with_suffix("").parts
        if package and (ROOT / DEVICE) in path.parents:
            continue
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found.pop("umail", None)
    return found


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree but for what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield child
            yield from running(child)


def imported(name: str, path: Path) -> Iterator[str]:
    """The names that a module imports at its top or inside a function, those loaded for a moment as well."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load_transient":
            for word in ast.walk(node):
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield f"umail.{word.value}"


@functools.cache
def graph(package: str) -> dict[str, set[str]]:
    """Which modules of a package each of them imports."""
    known = modules(package)
    return {
        name: {other for other in imported(name, path) if other in known and other != name}
        for name, path in known.items()
    }


def cycle(imports: dict[str, set[str]]) -> str:
    """The modules of one cycle, "" if there is none."""
    try:
        list(TopologicalSorter(imports).static_order())
    except CycleError as error:
        return " imports ".join(reversed(error.args[1]))
    return ""


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    assert len(graph(package)) > 5
    assert not cycle(graph(package))


def test_safe_mode_and_the_last_words_load_though_the_log_or_the_app_does_not() -> None:
    # An update may have brought one that raises as it is loaded.
    program = "import sys; sys.modules.update({'alertnode.log': None, 'alertnode.app': None}); from alertnode import "
    env = os.environ | {"PYTHONPATH": f"{ROOT / 'lib'}:{ROOT / 'firmware'}"}
    for name in ("start", "last_words", "safe_mode", "trial"):
        subprocess.run([sys.executable, "-c", program + name], check=True, env=env, timeout=60)


@pytest.mark.parametrize(("room", "other"), APART)
def test_rooms_that_know_nothing_of_each_other(room: str, other: str) -> None:
    wrong = [
        f"{name} imports {one}"
        for name, all_of_it in graph(room.partition(".")[0]).items()
        for one in all_of_it
        if f"{name}.".startswith(f"{room}.") and one.startswith(f"{other}.") and name != "umail_host.cli"
    ]
    assert not wrong


def test_every_module_that_is_loaded_for_a_moment_exists() -> None:
    known = modules("umail")
    for name, path in known.items():
        if "load_transient" in path.read_text(encoding="utf-8"):
            for one in (one for one in imported(name, path) if one.startswith("umail.")):
                parent = one.rpartition(".")[0]
                assert one in known or parent in known or parent == "umail", f"{name} loads {one}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from a import f\n", True),
        ("def g():\n    import a\n", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import f\n", False),
    ],
)
def test_what_counts_as_an_import(tmp_path: Path, source: str, found: bool) -> None:
    files = {"a": "def f():\n    from b import g\n", "b": source}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    assert (
        bool(cycle({name: {*imported(name, tmp_path / f"{name}.py")} & {*files} - {name} for name in files})) is found
    )
