"""No module of the product imports itself by a detour, and none reaches across to a room it must not know.

A module that is loaded by ``load_transient("…")`` or ``__import__`` of a name counts as imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Each package, and the folder that holds it.
PACKAGES = {"umail": ROOT / "lib", "alertnode": ROOT / "firmware", "umail_host": ROOT / "host_tools"}
# What must not import what: prefixes of module names. A command imports no other command.
APART = [
    ("umail.smtp", "umail.net"),
    ("umail.net", "umail.smtp"),
    ("umail_host.commands", "umail_host.commands"),
    *[(f"umail_host.{room}", "umail_host.commands") for room in ("device", "deploy", "flash", "doctor", "provision")],
]


def modules(package: str) -> dict[str, Path]:
    """The modules of a package by name; the package's own, whose public names load all others, is left out."""
    home = PACKAGES[package]
    found = {}
    for path in sorted((home / package).rglob("*.py")):
        parts = path.relative_to(home).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    del found[package]
    return found


def imported(name: str, path: Path) -> Iterator[str]:
    """The names that a module imports at its top or inside a function, those loaded for a moment as well.

    What is imported for a type checker alone is not: it never runs.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for block in [node for node in ast.walk(tree) if isinstance(node, ast.If)]:
        if isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
            block.body = []
    for node in ast.walk(tree):
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


def graph(package: str) -> dict[str, set[str]]:
    """Which modules of a package each of them imports."""
    known = modules(package)
    return {
        name: {other for other in imported(name, path) if other in known and other != name}
        for name, path in known.items()
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    try:
        list(TopologicalSorter(graph(package)).static_order())
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(("room", "other"), APART)
def test_rooms_that_know_nothing_of_each_other(room: str, other: str) -> None:
    found = graph(room.partition(".")[0])
    wrong = [
        f"{name} imports {one}"
        for name, all_of_it in found.items()
        for one in all_of_it
        if f"{name}.".startswith(f"{room}.") and f"{one}.".startswith(f"{other}.")
    ]
    assert not wrong


def test_every_module_that_is_loaded_for_a_moment_exists() -> None:
    known = modules("umail")
    for name, path in known.items():
        loads = [
            one for one in imported(name, path) if one.startswith("umail.") and "load_transient" in path.read_text()
        ]
        for one in loads:
            parent = one.rpartition(".")[0]
            assert one in known or parent in known or parent == "umail", f"{name} loads {one}"
