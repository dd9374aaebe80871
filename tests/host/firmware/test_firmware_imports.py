"""The alert node's modules form no cycle of imports, those inside functions counted."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from umail_host.paths import firmware


def imports(folder: Path) -> dict[str, set[str]]:
    """The modules of ``folder`` that each module of it imports, anywhere in its code."""
    names = {
        ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in folder.rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        found[name] = {module for module in wanted if module in names} - {name}
    return found


def test_no_import_cycle() -> None:
    graph = imports(firmware() / "alertnode")
    assert graph["alertnode.assemble"] > {"alertnode.sensors.trace", "alertnode.sensors.wired"}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a cycle of imports: {' -> '.join(error.args[1])}")
