"""The commands hold options and printing: what two of them need lies below, and none imports another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from umail_host import cli

FOLDER = Path(cli.__file__).with_name("commands")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_no_command_imports_another_one_nor_is_imported_from_below(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
            assert not [name for name in names if name.startswith("umail_host.commands")]
    above = (FOLDER, FOLDER.with_name("cli.py"))
    users = [
        other
        for other in FOLDER.parent.rglob("*.py")
        if f"commands.{file.stem}" in (text := other.read_text(encoding="utf-8"))
        or f"umail_host.commands import {file.stem}" in text
    ]
    assert not [other for other in users if other not in above and FOLDER not in other.parents]
