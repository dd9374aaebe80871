"""No module of the host tools or of tools/ imports itself, by whatever way; an import inside a function counts too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# The device's side of the virtual board runs on MicroPython, with its own folder as the path of modules.
DEVICE = ROOT / "host_tools" / "umail_host" / "virtual_board" / "device"


def modules(top: Path, folder: Path) -> dict[str, Path]:
    """Find the modules below ``folder``, by their names as seen from ``top``."""
    files = [file for file in folder.rglob("*.py") if top == DEVICE or DEVICE not in file.parents]
    return {".".join(file.relative_to(top).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree but for what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield child
            yield from running(child)


def imported(source: str, known: dict[str, Path]) -> set[str]:
    """Return the modules, of those known, that a source imports when it is loaded or while it runs."""
    found = set()
    for node in running(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found & known.keys()


def cycle(known: dict[str, Path]) -> list[str]:
    """Return the modules of one cycle; nothing if there is none."""
    graph = {name: imported(file.read_text(encoding="utf-8"), known) - {name} for name, file in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


@pytest.mark.parametrize(
    ("top", "folder"), [("host_tools", "umail_host"), (".", "tools"), (str(DEVICE.relative_to(ROOT)), ".")]
)
def test_no_module_imports_itself_by_whatever_way(top: str, folder: str) -> None:
    known = modules(ROOT / top, ROOT / top / folder)
    assert len(known) > 5
    assert cycle(known) == []


def test_an_import_inside_a_function_closes_a_cycle_and_one_for_a_type_checker_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f():\n    from b import g\n", encoding="utf-8")
    for source, found in (
        ("from a import f\n", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import f\n", False),
    ):
        (tmp_path / "b.py").write_text(source, encoding="utf-8")
        assert bool(cycle(modules(tmp_path, tmp_path))) is found
