"""What a board runs uses nothing that the oldest MicroPython it promises (1.22) lacks, and newer ones would hide."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_a_prefix_or_suffix_is_no_tuple() -> None:
    # startswith and endswith take a tuple from MicroPython 1.26 on.
    found = []
    for folder in (ROOT / "lib" / "umail", ROOT / "firmware"):
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                # An attribute is one of several endings; a name is one that was just taken out.
                several = len(node.args) != 1 or isinstance(node.args[0], ast.Tuple | ast.Attribute)
                if node.func.attr in ("startswith", "endswith") and several:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found
